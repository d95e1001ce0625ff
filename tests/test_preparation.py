"""Before a fine-tune: what its rows become, said on the page and the shell; tokens are made once."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from data import dataset
from data.errors import UserError
from data.examples import fingerprint, load_examples, read_examples, save_examples
from data.jobs import Run
from data.prompts import asking_turns
from data.sameness import asked_key
from data.schema import Conversation, DecodeSettings, Example, Message
from data.workspace import Workspace
from sft import __main__ as shell
from sft.answerer import ClosedBook
from sft.orders import order_training
from sft.plan import doubts, plan, same_questions
from sft.preparation import CLOSE, OPEN, marked, preparation
from sft.rows import Row, prepare
from sft.split import split
from sft.task import settle
from sft.tokenized import tokenized
from sft.tokens import PLAIN_TEMPLATE, Tokens, load_tokens, without_weights
from tests import tiny
from tests.tiny import config, facts, tiny_model, written

home, workspace = tiny.home, tiny.workspace

TURNS = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Who leads Ada?"}, {"role": "assistant", "content": "Monday"},
    {"role": "user", "content": "When is it closed?"}, {"role": "assistant", "content": "harbour"},
]  # fmt: skip


class Untouched(Tokens):
    """Tokens that must not be asked for."""

    def prompt(self, conversation: Conversation) -> list[int]:
        raise AssertionError("tokenized again")

    def answer(self, text: str) -> list[int]:
        raise AssertionError("tokenized again")


@pytest.fixture(scope="module")
def tokens(home: Path) -> Tokens:
    return load_tokens(home / "tiny", 3)


def talk(tmp_path: Path, turns: list[dict[str, str]]) -> Example:
    path = tmp_path / "talk.jsonl"
    path.write_text(json.dumps({"messages": turns}))
    return read_examples(path).examples[0]


def test_of_several_turns_every_answer_is_learned_under_the_prompt_it_is_asked_with(
    tmp_path: Path, tokens: Tokens
) -> None:
    example = talk(tmp_path, TURNS)
    rows = prepare([example], "none", "Answer.", tokens, 256).rows
    assert [tokens.text(row.answer) for row in rows] == ["Monday", "harbour"]
    assert all(row.answer[-1] == tokens.end for row in rows)
    first = (Message("system", "Be brief."), Message("user", "Answer.\nQuestion: Who leads Ada?"))
    assert rows[0].prompt == tokens.prompt(first)
    assert rows[1].prompt == tokens.prompt(asking_turns(example, (), "Answer."))
    assert [turn.content for turn in asking_turns(example, (), "Answer.")] == [
        "Be brief.", "Answer.\nQuestion: Who leads Ada?", "Monday", "Question: When is it closed?"
    ]  # fmt: skip


def test_a_conversation_is_asked_with_all_that_was_said_before(tmp_path: Path) -> None:
    example, seen = talk(tmp_path, TURNS), list[Any]()

    class Fake:
        window = 99

        def generate(
            self, conversations: Any, settings: Any, on_text: Any = None, on_generated: Any = None
        ) -> list[Any]:
            seen.extend(conversations)
            return []

    with pytest.raises(ValueError, match="zip"):  # the fake answers nothing
        ClosedBook(Fake(), DecodeSettings(4), "Answer.").answer([example])  # type: ignore[arg-type]
    assert seen == [asking_turns(example, (), "Answer.")]


@pytest.mark.parametrize(
    "turns",
    [TURNS[:1] + TURNS[3:4] + TURNS[1:], TURNS[1:3] + TURNS[2:],
     [*TURNS[1:3], {"role": "tool", "content": "x"}, TURNS[4]], [{"role": "user", "content": " "}, TURNS[2]]],
)  # fmt: skip
def test_turns_in_no_order_or_without_text_are_refused_with_the_reason(
    tmp_path: Path, turns: list[dict[str, str]]
) -> None:
    with pytest.raises(UserError, match=r"take turns|no text"):
        talk(tmp_path, turns)


def test_history_survives_saving_and_rows_without_it_keep_their_fingerprint(tmp_path: Path) -> None:
    example = talk(tmp_path, TURNS)
    save_examples(tmp_path / "saved.jsonl", [example])
    assert load_examples(tmp_path / "saved.jsonl") == (example,)
    assert read_examples(tmp_path / "saved.jsonl").examples == (example,)
    alone = replace(example, history=())
    assert fingerprint([alone]) != fingerprint([example])
    save_examples(tmp_path / "alone.jsonl", [alone])
    assert "history" not in json.loads((tmp_path / "alone.jsonl").read_text())


def test_a_template_without_a_place_for_a_system_turn_gets_it_at_the_head_of_the_question(home: Path) -> None:
    plain = load_tokens(home / "tiny", 3)
    plain.tokenizer.chat_template = plain.tokenizer.chat_template.replace(
        "{% for m in messages %}", "{% for m in messages if m['role'] != 'system' %}"
    )
    without = Tokens(plain.tokenizer, "", takes_system=False)
    asked = (Message("system", "Be brief."), Message("user", "Who leads Ada?"))
    joined = (Message("user", "Be brief.\n\nWho leads Ada?"),)
    assert without.prompt(asked) == without.prompt(joined)
    assert load_tokens(home / "tiny", 3).takes_system


def test_a_base_without_a_template_says_that_a_plain_one_serves_training_and_asking(
    tmp_path: Path, home: Path, workspace: Workspace
) -> None:
    base = tiny_model(tmp_path / "bare", "llama", template=None, pad=False)
    bare, _ = without_weights(base)
    assert bare.tokenizer.chat_template == PLAIN_TEMPLATE
    found = preparation(workspace, config(home, model=str(base)), str(home / "rows.jsonl"))
    assert any("no chat template" in line and "training and in asking" in line for line in found.choices)


def test_loss_on_everything_leaves_no_token_out_and_makes_one_row_of_a_conversation(
    tmp_path: Path, tokens: Tokens
) -> None:
    example = talk(tmp_path, TURNS)
    (row,) = prepare([example], "none", "", tokens, 256, whole=True).rows
    assert row.labels == row.prompt + row.answer
    only = prepare([example], "none", "", tokens, 256).rows[-1]
    assert only.labels == [-100] * len(only.prompt) + only.answer
    assert (only.prompt, only.answer) == (row.prompt, row.answer)


def test_the_marks_stand_around_every_token_that_is_learned_and_no_other(tokens: Tokens) -> None:
    row = prepare(facts()[:1], "none", "", tokens, 256).rows[0]
    text = marked(row, tokens)
    assert text.count(OPEN) == text.count(CLOSE) == len(row.answer)
    assert text.replace(OPEN, "").replace(CLOSE, "") == tokens.tokenizer.decode(row.prompt + row.answer)
    assert text.index(OPEN) == len(tokens.tokenizer.decode(row.prompt))
    whole = replace(row, whole=True)
    assert marked(whole, tokens).count(OPEN) == len(whole)
    letters = Row("x", tokens.prompt((Message("user", "ü"),)), tokens.answer("naïve 東"), False)
    assert "�" not in marked(letters, tokens)


def test_tokens_are_made_once_and_again_only_for_other_words(tmp_path: Path, tokens: Tokens) -> None:
    asked = [(Message("user", f"Who leads {n}?"), Message("assistant", str(n))) for n in range(3)]
    made = tokenized(asked, tokens, tmp_path)
    assert made == tokenized(asked, tokens)
    again = Untouched(tokens.tokenizer, "")
    assert tokenized(asked, again, tmp_path) == made
    with pytest.raises(AssertionError, match="tokenized again"):
        tokenized(asked[:2], again, tmp_path)
    before, tokens_template = asked, tokens.tokenizer.chat_template
    tokens.tokenizer.chat_template = tokens_template + " "
    try:
        with pytest.raises(AssertionError, match="tokenized again"):
            tokenized(before, again, tmp_path)
    finally:
        tokens.tokenizer.chat_template = tokens_template


def test_what_was_prepared_is_what_is_trained_and_needs_no_new_tokens(home: Path, workspace: Workspace) -> None:
    chosen = config(home, max_length=200)
    found = preparation(workspace, chosen, str(home / "evident.jsonl"))
    files = {path.name for path in (workspace.cache / "tokens").iterdir()}
    run = order_training(workspace, "cached", chosen, str(home / "evident.jsonl"))
    task = settle(workspace, run, _Silent(run), chosen)
    assert {path.name for path in (workspace.cache / "tokens").iterdir()} == files
    assert (task.train.counts(), task.validation.counts()) == (found.training, found.validation)
    assert task.facts["validation"] == found.split


class _Silent:
    """Hears what a job reports and keeps none of it."""

    def __init__(self, run: Run) -> None:
        self.run = run

    def write(self, **values: Any) -> None: ...

    def device(self, name: str, reason: str) -> None: ...


def test_rows_too_long_are_counted_and_when_all_are_one_sentence_says_so(home: Path, workspace: Workspace) -> None:
    whole = preparation(workspace, config(home), str(home / "rows.jsonl")).lengths
    assert whole.n == sum(count for _, _, count in whole.bins)
    assert whole.bins[-1][0] <= whole.longest < whole.bins[-1][1]
    some = preparation(workspace, config(home, max_length=whole.longest - 1), str(home / "rows.jsonl"))
    assert 0 < some.lengths.too_long < whole.n
    assert some.lengths.longest == whole.longest, "the rows left out are still measured"
    with pytest.raises(UserError, match=r"^All \d+ training rows are longer than 16 tokens\. Raise --max-length"):
        preparation(workspace, config(home, max_length=16), str(home / "rows.jsonl"))


def test_rows_that_can_teach_nothing_are_doubted_in_one_sentence_each() -> None:
    assert doubts(facts()) == []
    (few,) = doubts(facts()[0:9:3])
    assert few.startswith("Only 3 training rows")
    (same,) = doubts([replace(example, answers=("Yes",)) for example in facts()])
    assert same.startswith("All 24 training rows have the same answer, “Yes”")
    twice = [*facts(), replace(facts()[0], id="again", answers=("somebody else",))]
    (conflict,) = doubts(twice)
    assert conflict == "Training questions that are answered in two ways, so that neither is learned: 1."


def test_validation_rows_that_repeat_training_questions_are_counted_but_not_the_same_fact_in_other_words(
    home: Path, workspace: Workspace, tmp_path: Path
) -> None:
    learned = facts()[:18]
    again = [replace(e, id=f"again-{e.id}", question=e.question.upper()) for e in learned[:2]]
    reworded = [replace(learned[0], id="other", question="Of Ada, who is it?")]
    (said,) = same_questions(learned, [*again, *reworded])
    assert said.startswith("2 of 3 validation questions stand word for word in the training rows")
    assert same_questions(learned, reworded) == []
    rows, held = written(tmp_path / "rows.jsonl", learned), written(tmp_path / "held.jsonl", [*again, *reworded])
    assert said in preparation(workspace, config(home), str(rows), str(held)).doubts
    run = order_training(workspace, "repeats", config(home), str(rows), str(held))
    assert said in settle(workspace, run, _Silent(run), config(home)).facts["doubts"], "which become notes of the run"
    assert preparation(workspace, config(home), str(home / "rows.jsonl")).doubts == ()


@pytest.mark.parametrize("named", [True, False])
def test_equal_questions_are_never_on_both_sides_of_a_split_by_row(named: bool) -> None:
    once = [replace(e, fact=e.fact if named else None) for e in facts()]
    rows = [*once, *(replace(e, id=f"again-{e.id}", question=e.question.lower()) for e in once)]
    for seed in range(20):
        learned, held, _ = split(rows, seed)
        assert held
        assert {asked_key(e) for e in learned}.isdisjoint({asked_key(e) for e in held})
    same = [replace(e, question="Who?") for e in once]
    assert split(same, 0) == (
        same, [], "every question stands in too many rows for one to be set aside for validation"
    )  # fmt: skip


def test_a_split_by_document_asks_about_documents_never_trained_on() -> None:
    rows = [Example(f"{d}-{n}", f"q{d}{n}?", ("a",), document=f"{d}.md") for d in range(20) for n in range(5)]
    learned, held, said = split(rows, 1, "document")
    assert {e.document for e in learned}.isdisjoint({e.document for e in held})
    assert 5 <= len(held) <= 15
    assert f"all rows of {len({e.document for e in held})} of 20 documents (seed 1)" in said
    assert split(rows, 1, "document")[1] == held != split(rows, 2, "document")[1]
    assert split([replace(row, document=None) for row in rows], 1, "document")[1:] == (
        [], "no row names its document, so nothing was set aside for validation"
    )  # fmt: skip


def test_a_split_by_tag_takes_a_like_share_of_every_tag() -> None:
    rows = [
        Example(f"{t}{n}", f"{t}{n}?", ("a",), tags=(t,)) for t, size in (("x", 80), ("y", 20)) for n in range(size)
    ]
    learned, held, said = split(rows, 0, "tag")
    assert [sum(e.tags == (t,) for e in held) for t in "xy"] == [8, 2]
    assert len(learned) + len(held) == 100
    assert "a like share of each of 2 tags" in said
    assert split([replace(row, tags=()) for row in rows], 0, "tag")[1] == []


def test_a_split_by_tag_keeps_equal_questions_on_one_side() -> None:
    rows = [Example(f"{n}-{i}", f"{n}?", ("a",), tags=("x",)) for n in range(20) for i in range(3)]
    learned, held, said = split(rows, 0, "tag")
    assert len(held) == 6, "a tenth of 60 rows, as two questions"
    assert {asked_key(e) for e in learned}.isdisjoint({asked_key(e) for e in held})
    assert said.startswith("6 of 60 rows, a like share of each of 1 tags")


def test_the_split_asked_for_is_the_one_that_is_planned(home: Path) -> None:
    rows = [replace(e, document=f"{n % 8}.md") for n, e in enumerate(facts())]
    reading = replace(read_examples(home / "rows.jsonl"), examples=tuple(rows))
    planned = plan(config(home, split="document"), reading, None, "x", 1_000, 256)
    assert "documents" in planned.said
    assert planned.held


def test_every_test_set_of_the_workspace_is_audited_and_the_one_named(
    home: Path, workspace: Workspace, tmp_path: Path
) -> None:
    for name, question in (("first", "Who leads Ada?"), ("second", "What else?")):
        path = written(tmp_path / f"{name}.jsonl", [Example("t", question, ("x",))])
        dataset.add(workspace, name, dataset.check({"test": path}))
    outside = written(tmp_path / "outside.jsonl", [Example("o", "Ada: ANSWER?", ("x",))])
    found = preparation(workspace, config(home), str(home / "rows.jsonl"), test=str(outside))
    assert {one.test: one.exact for one in found.leakage} == {
        "first@1": ("t",), "second@1": (), "outside.jsonl": ("o",)
    }  # fmt: skip
    assert found.blocks
    with pytest.raises(UserError, match=r"first@1 stand word for word .* outside\.jsonl stand word for word"):
        order_training(workspace, "leaky", config(home), str(home / "rows.jsonl"), test=str(outside))


def test_the_shell_says_the_same_and_takes_mapped_columns(
    home: Path,
    workspace: Workspace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("CROSSOVER_HOME", str(workspace.root))
    path = tmp_path / "german.jsonl"
    path.write_text("".join(json.dumps({"Frage": e.question, "Antwort": e.answers[0]}) + "\n" for e in facts()))
    arguments = ["prepare", "--train", str(path), "--model", str(home / "tiny"), "--map", "question=Frage", "--map",
                 "answers=Antwort"]  # fmt: skip
    assert shell.main(shell.parser(), [*arguments, "--json"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["rows"], told["training"]["rows"] + told["validation"]["rows"]) == (24, 24)
    assert all(OPEN in text for _, text in told["shown"])
    assert shell.main(shell.parser(), arguments[:-4]) == 2
