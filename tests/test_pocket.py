"""The bundled model: loads with plain transformers, reads passages, stops, and pads without changing its answers."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoModelForCausalLM, AutoTokenizer

from data.prompts import ABSTAIN, question_turn
from sft.pocket import PATH, exam

TOKENIZER = AutoTokenizer.from_pretrained(PATH)
ODD = ["Zoë's café: 3,50 €", "  two  spaces\n\nand\ttab", "日本語 👩‍🚀", "no special <tags> |> here", "ﬁ Ａ ½ İ"]


@pytest.fixture(scope="module")
def model():
    return AutoModelForCausalLM.from_pretrained(PATH, dtype="float32").eval()


def chat(item: exam.Item) -> list[dict[str, str]]:
    return [{"role": m.role, "content": m.content} for m in question_turn(item.question, item.passages)]


def test_weights_are_small_and_stock(model):
    assert model.config.model_type == "lfm2"
    assert model.config.max_position_embeddings >= 2048
    assert (PATH / "model.safetensors").stat().st_size < 15e6
    assert not [*PATH.glob("*.py"), *PATH.glob("*.bin")]


def test_end_and_pad_are_tokens_of_their_own(model):
    assert TOKENIZER.eos_token_id != TOKENIZER.pad_token_id
    assert model.generation_config.eos_token_id == TOKENIZER.eos_token_id
    assert model.generation_config.pad_token_id == TOKENIZER.pad_token_id
    assert len(TOKENIZER) <= model.get_input_embeddings().num_embeddings


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200).filter(lambda text: "<|" not in text))
def test_tokenizer_loses_nothing(text):
    assert TOKENIZER.decode(TOKENIZER(text)["input_ids"]) == text


@pytest.mark.parametrize("text", ODD)
def test_tokenizer_loses_nothing_of_odd_text(text):
    assert TOKENIZER.decode(TOKENIZER(text)["input_ids"]) == text


def test_every_digit_is_a_token():
    pieces = [TOKENIZER.decode([n]) for n in TOKENIZER("in 1984 for 27,350.06 euros")["input_ids"]]
    assert "".join(p for p in pieces if p.strip().isdigit()) == "19842735006"
    assert all(len(p) == 1 for p in pieces if any(c.isdigit() for c in p))


def test_prompt_text_and_tokens_are_the_same_prompt():
    item = exam.invented(7, 1)[0]
    text = TOKENIZER.apply_chat_template(chat(item), tokenize=False, add_generation_prompt=True)
    ids = TOKENIZER.apply_chat_template(chat(item), add_generation_prompt=True, return_dict=True)["input_ids"]
    assert TOKENIZER(text)["input_ids"] == list(ids)
    assert TOKENIZER.decode(ids) == text == f"<|user|>{chat(item)[0]['content']}<|assistant|>"


def test_an_answer_in_a_conversation_is_closed_by_the_end_token():
    turns = [{"role": "user", "content": "Question: who?"}, {"role": "assistant", "content": "Ana"}]
    ids = TOKENIZER.apply_chat_template(turns, return_dict=True)["input_ids"]
    assert ids[-1] == TOKENIZER.eos_token_id


def test_reads_invented_facts_and_stops(model):
    items = exam.invented(2001, 60)
    given_answers = exam.answers(model, TOKENIZER, items)
    assert sum(exam.exact(g, i.answers) for g, i in zip(given_answers, items, strict=True)) / len(items) >= 0.5
    batch = TOKENIZER(exam.prompt(TOKENIZER, items[0]), return_tensors="pt", return_token_type_ids=False)
    assert model.generate(**batch, max_new_tokens=48, do_sample=False)[0, -1] == TOKENIZER.eos_token_id


def test_abstains_closed_book_about_invented_things(model):
    given_answers = exam.answers(model, TOKENIZER, exam.closed_book(2002, 20))
    assert sum(answer == ABSTAIN for answer in given_answers) >= 15


def test_a_fresh_start_removes_only_its_own_files(tmp_path):
    from sft.pocket.checkpoint import forget

    (tmp_path / "checkpoint").mkdir()
    (tmp_path / "checkpoint" / "progress.json").write_text("{}")
    (tmp_path / "letter.txt").write_text("mine")
    forget(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_left_padding_changes_no_answer(model):
    items = exam.invented(2003, 4) + exam.invented(2004, 4, long=True)
    alone = [exam.answers(model, TOKENIZER, [item])[0] for item in items]
    batch = TOKENIZER(
        [exam.prompt(TOKENIZER, i) for i in items], return_tensors="pt", padding=True, return_token_type_ids=False
    )
    out = model.generate(**batch, max_new_tokens=exam.NEW_TOKENS, do_sample=False)
    together = TOKENIZER.batch_decode(out[:, batch["input_ids"].shape[1] :], skip_special_tokens=True)
    assert [text.strip() for text in together] == alone
