"""The language model: which one a name means, batches, one base in memory under several weights, answers that end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import UserError
from data.prompts import question_turn
from data.schema import Answer, DecodeSettings, Example, Generation
from sft.answerer import ClosedBook
from sft.batches import PART_TOKENS, batches, epoch_order, in_epoch, parts
from sft.devices import choose_device
from sft.model import LocalModel
from sft.sources import resolve, weights_hash
from sft.tokens import PLAIN_TEMPLATE
from tests.tiny import tiny_model

QUESTIONS = [question_turn(text) for text in (
    "Who?", "Who leads the green tower of Bremer?", "When is it closed?", "harbour " * 12, "Ada Vermeer?",
)]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def model(folder: Path) -> LocalModel:
    return LocalModel.load(str(folder), device="cpu")


@given(st.lists(st.integers(1, 600), max_size=80), st.integers(1, 1000))
@settings(max_examples=200, deadline=None)
def test_batches_hold_every_index_once_and_keep_the_budget(lengths: list[int], budget: int) -> None:
    groups = batches(lengths, budget)
    assert sorted(index for group in groups for index in group) == list(range(len(lengths)))
    for group in groups:
        assert len(group) == 1 or len(group) * max(lengths[index] for index in group) <= budget


@given(st.lists(st.integers(1, 90), max_size=300), st.integers(1, 20), st.integers(0, 5))
@settings(max_examples=100, deadline=None)
def test_an_epoch_holds_every_row_once_in_an_order_of_its_own(lengths: list[int], rows: int, epoch: int) -> None:
    order = epoch_order(lengths, rows, 0, epoch)
    assert sorted(order) == list(range(len(lengths)))
    assert order == epoch_order(lengths, rows, 0, epoch)


def test_rows_of_like_length_share_a_step_and_epochs_differ() -> None:
    lengths = [10 + index * 7 % 90 for index in range(320)]
    order = epoch_order(lengths, 16, 0, 0)
    computed = sum(16 * max(lengths[i] for i in order[at : at + 16]) for at in range(0, 320, 16))
    assert computed <= 1.1 * sum(lengths)
    assert order != epoch_order(lengths, 16, 0, 1)
    assert order != epoch_order(lengths, 16, 1, 0)


@given(st.lists(st.integers(1, 900), max_size=40))
@settings(max_examples=200, deadline=None)
def test_parts_of_a_batch_hold_every_row_once_and_never_cost_more_than_the_whole(lengths: list[int]) -> None:
    found = parts(lengths)
    assert sorted(index for part in found for index in part) == list(range(len(lengths)))
    if lengths:
        cost = sum(PART_TOKENS + len(part) * max(lengths[i] for i in part) for part in found)
        assert cost <= PART_TOKENS + len(lengths) * max(lengths)
        assert [lengths[i] for part in found for i in part] == sorted(lengths, reverse=True)


def test_long_and_short_rows_of_a_batch_are_computed_apart() -> None:
    lengths = [400, 30, 410, 32, 31, 395, 30, 33]
    assert [sorted(part) for part in parts(lengths)] == [[0, 2, 5], [1, 3, 4, 6, 7]]
    assert parts([30, 31, 32]) == [[2, 1, 0]], "not worth starting another part"


def test_a_rehearsal_comes_once_and_every_other_row_in_every_epoch() -> None:
    seen = [in_epoch(16, 6, 2, epoch) for epoch in range(3)]
    assert all(chosen[:10] == list(range(10)) for chosen in seen)
    assert sorted(index for chosen in seen for index in chosen[10:]) == [10, 11, 12, 13, 14, 15]


def test_long_prompts_make_small_batches_and_short_ones_large() -> None:
    assert max(map(len, batches([700] * 10, 2_048))) == 2
    assert len(batches([16] * 100, 2_048)) == 1


@pytest.mark.parametrize("kind", ["lfm2", "llama"])
def test_batched_answers_equal_single_ones_in_the_given_order(tmp_path: Path, kind: str) -> None:
    base = LocalModel.load(str(tiny_model(tmp_path / kind, kind)), device="cpu").base()
    single = [base.generate([one], DecodeSettings(12))[0] for one in QUESTIONS]
    batched = base.generate(QUESTIONS, DecodeSettings(12))
    assert [g.text for g in batched] == [g.text for g in single]
    assert [(g.prompt_tokens, g.new_tokens, g.finish_reason) for g in batched] == [
        (g.prompt_tokens, g.new_tokens, g.finish_reason) for g in single
    ]
    assert len({g.text for g in single}) > 1


def test_batches_are_reported_as_they_finish_with_the_right_index(model: LocalModel) -> None:
    seen: dict[int, Generation] = {}
    answers = model.base().generate(QUESTIONS, DecodeSettings(8), on_generated=lambda pairs: seen.update(pairs))
    assert [seen[number] for number in range(len(QUESTIONS))] == answers


def test_a_single_answer_streams_the_text_it_returns(model: LocalModel) -> None:
    pieces: list[str] = []
    answer = model.base().generate(QUESTIONS[1:2], DecodeSettings(12), on_text=pieces.append)[0]
    assert "".join(pieces).strip() == answer.text


def test_a_prompt_that_leaves_no_room_is_not_generated(model: LocalModel) -> None:
    long = question_turn("harbour " * 400)
    short, over = model.base().generate([QUESTIONS[0], long], DecodeSettings(8))
    assert over.finish_reason == "over_budget"
    assert (over.text, over.new_tokens) == ("", 0)
    assert over.prompt_tokens == model.base().count(long) > model.window - 8
    assert short.finish_reason != "over_budget"


def test_score_is_the_log_likelihood_of_answer_and_end(model: LocalModel) -> None:
    base, tokens = model.base(), model.tokens
    prompt, answer = tokens.prompt(QUESTIONS[1]), tokens.answer("Ada Vermeer")
    assert answer[-1] == tokens.end
    with torch.no_grad():
        logits = torch.log_softmax(model.network(torch.tensor([prompt + answer])).logits[0].double(), -1)
    by_hand = sum(float(logits[len(prompt) + n - 1, token]) for n, token in enumerate(answer))
    scores = base.score([QUESTIONS[1], QUESTIONS[3]], ["Ada Vermeer", "Monday"])
    assert scores[0] == pytest.approx(by_hand, abs=1e-3)
    assert scores[1] == pytest.approx(base.score([QUESTIONS[3]], ["Monday"])[0], abs=1e-3)


def test_sampling_settings_of_the_folder_do_not_reach_the_answers(
    folder: Path, model: LocalModel, tmp_path: Path
) -> None:
    copy = tiny_model(tmp_path / "sampled")
    wild = {"do_sample": True, "temperature": 5.0, "repetition_penalty": 9.0, "eos_token_id": 3}
    (copy / "generation_config.json").write_text(json.dumps(wild))
    again = LocalModel.load(str(copy), device="cpu").base().generate(QUESTIONS, DecodeSettings(8))
    assert [g.text for g in again] == [g.text for g in model.base().generate(QUESTIONS, DecodeSettings(8))]


def test_a_tokenizer_without_pad_or_template_gets_a_plain_one_and_says_so(tmp_path: Path) -> None:
    model = LocalModel.load(str(tiny_model(tmp_path / "bare", "llama", template=None, pad=False)), device="cpu")
    assert model.tokenizer.chat_template == PLAIN_TEMPLATE
    assert "no chat template" in model.tokens.note
    single = [model.base().generate([one], DecodeSettings(8))[0].text for one in QUESTIONS]
    assert [g.text for g in model.base().generate(QUESTIONS, DecodeSettings(8))] == single


def test_every_choice_carries_its_reason(model: LocalModel) -> None:
    assert model.device_reason
    assert "full precision" in model.dtype_reason
    assert choose_device(7_000_000_000, "cpu").dtype_reason
    with pytest.raises(UserError, match="no device 'tpu'"):
        choose_device(1, "tpu")


def test_a_folder_is_named_by_its_last_part_and_its_weights_by_a_hash(folder: Path) -> None:
    source = resolve(str(folder))
    assert (source.id, source.path, source.revision) == ("tiny", folder, None)
    assert weights_hash(folder) == LocalModel.load(str(folder)).base_hash


def test_an_unknown_hub_id_is_named_exactly() -> None:
    with pytest.raises(UserError, match="'someone/some-model-1B' is not on this machine"):
        resolve("someone/some-model-1B")
    with pytest.raises(UserError, match="no model folder"):
        resolve("no/such/folder")


@pytest.mark.parametrize(
    ("config", "weights", "message"),
    [
        (
            {"model_type": "bert", "architectures": ["BertModel"]},
            "model.safetensors",
            "BertModel has no language-model",
        ),
        ({"model_type": "t5", "is_encoder_decoder": True}, "model.safetensors", "not a causal"),
        ({"model_type": "mystery", "auto_map": {"AutoModel": "m.py"}}, "model.safetensors", "run code of its own"),
        ({"model_type": "llama"}, "pytorch_model.bin", "only in pickle files"),
        ({"model_type": "llama"}, "notes.txt", "weights are missing"),
        (None, "model.safetensors", "no config.json"),
    ],
)
def test_models_of_no_use_are_refused_with_the_reason(
    tmp_path: Path, config: dict[str, Any] | None, weights: str, message: str
) -> None:
    if config is not None:
        (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / weights).touch()
    with pytest.raises(UserError, match=message):
        resolve(str(tmp_path))


def test_closed_book_asks_without_context_and_keeps_ids_in_order(model: LocalModel) -> None:
    examples = [Example("b", "Who leads the green tower of Bremer?", ("Ada",)), Example("a", "When?", ("Monday",))]
    told: list[Answer] = []
    answers = ClosedBook(model.base(), DecodeSettings(6), "Be brief.").answer(examples, told.extend)
    assert [answer.example for answer in answers] == ["b", "a"]
    assert sorted(told, key=lambda a: a.example) == sorted(answers, key=lambda a: a.example)
    assert answers[0].conversation == question_turn(examples[0].question, instruction="Be brief.")
    assert not answers[0].hits
