"""The leakage audit: what blocks, what warns, what only informs; leaks planted by rules are found."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data import jobs, store
from data.disk import file_hash, write_json
from data.examples import save_examples
from data.leakage import LeakageFound, audit, refuse_unless_allowed, restored
from data.leakage import test_file_among as file_among
from data.nearness import near_duplicates
from data.runs import GRAM, SHARED_FORM, words
from data.sameness import question_key, repeated
from data.schema import Example, Message
from data.workspace import open_workspace
from eval.leaks import audited
from eval.systems import System
from tests.bench.leaks import large
from tests.bench.planted import planted


def ask(id_: str, question: str, answer: str = "x", **more: object) -> Example:
    return Example(id_, question, (answer,), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5])
def test_every_exact_leak_is_found_and_nearly_every_reworded_one_by_words_alone(share: float) -> None:
    one = planted(share, 1)
    found = audit(one.test, one.train)
    assert set(found.exact) >= one.exact
    assert one.exact
    near = set(found.near) | set(found.exact)
    assert len(one.near & near) >= 0.7 * len(one.near)
    assert len(near - one.near - one.exact) <= 0.05 * len(one.test)


@pytest.mark.parametrize(
    "hidden", ["\u200b", "\u202e", "\u2066", "\u00ad", "\ufeff", "\x00", "\u200d", "\ufe0f", "\u034f", "\U000e0041"]
)
def test_nothing_unseen_hides_a_leak(hidden: str) -> None:
    question = "How long is the warranty of the Tolvi 3 lamp?"
    spiked = question.replace("warr", f"wa{hidden}rr") + hidden
    found = audit([ask("t", spiked)], [ask("a", question)])
    assert (found.exact, found.same) == (("t",), (spiked,))
    assert audit([ask("t", question)], [ask("a", spiked)]).exact == ("t",)
    assert question_key(spiked) == question_key(question)
    polite = f"Hello, please tell me: how long is the wa{hidden}rranty of the Tolvi 3 lamp?"
    assert audit([ask("t", polite)], [ask("a", question)]).near == ("t",)
    document = f"Questions.\n{spiked}\nWho founded the wo{hidden}rkshop?\nWhen was it?\n"
    asked = [ask("a", question), ask("b", "Who founded the workshop?"), ask("c", "When was it?")]
    assert file_among(None, asked, [("faq.md", "0", document)]) == ("faq.md",)


@pytest.mark.parametrize("break_", ["\x0b", "\x0c", "\x1c", "\x85"])
def test_a_break_of_page_or_line_stays_between_two_words(break_: str) -> None:
    question = "How long is the warranty of the Tolvi 3 lamp?"
    broken = question.replace("the warranty", f"the{break_}warranty")
    assert audit([ask("t", broken)], [ask("a", question)]).exact == ("t",)
    assert words(broken) == words(question)


def test_a_large_audit_finds_every_polite_copy_and_nothing_else() -> None:
    test, train = large(1_500)
    found = audit(test, train)
    assert found.exact == ()
    assert set(found.near) == {row.id for number, row in enumerate(test) if number % 2 == 0}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("How much is the Tolvi 3 lamp?", "How much is the Tolvi 5 lamp?"),
        ("Which worn parts are refunded by the workshop?", "Which worn parts are not refunded by the workshop?"),
        ("When was the Harrowmoss workshop founded?", "Where was the Harrowmoss workshop founded?"),
    ],
)  # fmt: skip
def test_questions_that_look_alike_and_ask_something_else_are_no_leak(one: str, other: str) -> None:
    always = lambda texts: np.ones((len(texts), 1))  # noqa: E731 - an embedder that finds everything alike
    assert near_duplicates([ask("a", one)], [ask("b", other)], always) == []


def test_the_embedder_settles_only_what_words_leave_open() -> None:
    train = [ask("t", "At what time does the Norrick workshop open on Mondays?")]
    test = [ask("1", "At what hour does the Norrick workshop open on Mondays?"), ask("2", "Who is Piet?"),
            ask("3", "Please: at what time does the Norrick workshop open on Mondays?")]  # fmt: skip
    seen: list[str] = []

    def embed(texts: Sequence[str]) -> np.ndarray:
        seen.extend(texts)
        return np.ones((len(texts), 1))

    assert [one.test for one in near_duplicates(test, train)] == ["3"]
    assert [one.test for one in near_duplicates(test, train, embed)] == ["1", "3"]
    assert {test[0].question, train[0].question} <= set(seen)
    assert not any("Piet" in text or "lease" in text for text in seen)


def test_thirteen_words_in_a_row_are_a_sign_unless_many_rows_share_them() -> None:
    copied = " ".join(f"word{chr(97 + n)}" for n in range(GRAM))
    one = [ask("a", f"{copied} and then something of its own entirely different from it: blue sky, green sea")]
    other = [ask("b", f"Quite another beginning, of stones, rivers, clouds, engines, wheels and bread. {copied}")]
    assert "in a row" in near_duplicates(one, other)[0].sign
    short = [ask("c", other[0].question.rpartition(" ")[0])]
    assert near_duplicates(one, short) == []
    form = [ask(f"f{n}", f"{other[0].question} {chr(97 + n) * 5}") for n in range(SHARED_FORM + 1)]
    assert near_duplicates(one, form) == []


def test_a_form_that_many_rows_share_makes_no_two_of_them_alike() -> None:
    form = "Which queue does this ticket belong to?"
    told = ["My kettle leaks on the table.", "The parcel never came.", "I cannot log in.", "Please send the invoice."]
    train = [ask(f"t{n}", f"{form} {told[n % 4]} {chr(97 + n) * 4}") for n in range(SHARED_FORM + 4)]
    test = [ask("1", f"{form} My kettle leaks on the big new table.")]
    whole: list[str] = []

    def embed(texts: Sequence[str]) -> np.ndarray:  # all that begins with the form is near, all else far apart
        whole.extend(text for text in texts if text.startswith(form))
        return np.array([np.eye(99)[0 if text in whole else 1 + place] for place, text in enumerate(texts)])

    assert near_duplicates(test, train, embed) == []
    assert len(whole) == 2, "an embedder was asked, and found the whole questions alike"


def test_rows_of_one_fact_are_taught_reworded_and_no_leak() -> None:
    train = [ask("t", "How long is the warranty of the kettle?", fact="kettle.warranty")]
    same = [ask("1", "The warranty of the kettle: how long is it?", fact="kettle.warranty")]
    found = audit(same, train)
    assert (found.near, found.same_fact, found.warns) == ((), 1, False)
    assert "not a leak" in found.informing()[0]
    unknown = [ask("1", same[0].question)]
    assert audit(unknown, train).near == ("1",)


def test_two_answers_to_one_question_conflict_unless_one_row_accepts_both() -> None:
    rows = [ask("1", "Who runs it?", "Ada"), ask("2", "who  runs it?", "Bo"), ask("3", "Where?", "here"),
            Example("4", "Where?", ("There", "HERE")), ask("5", "Once?")]  # fmt: skip
    first, second = repeated(rows)
    assert (first.rows, first.answers, first.conflicting) == (("1", "2"), ("Ada", "Bo"), True)
    assert (second.rows, second.conflicting) == (("3", "4"), False)
    found = audit([ask("t", "WHO RUNS IT?", "Cy"), ask("u", "Where?", "here")], rows)
    assert (found.conflicts, found.otherwise) == (1, 1)
    assert any("another answer" in sentence for sentence in found.warning())


def test_the_same_question_after_another_conversation_is_another_question() -> None:
    before = (Message("user", "Tell me of the kettle."), Message("assistant", "It is red."))
    train = [ask("t", "How much is it?", history=before)]
    assert audit([ask("1", "How much is it?")], train).exact == ()
    assert audit([ask("1", "how much  IS it?", history=before)], train).exact == ("1",)


def test_shared_answers_are_a_share_of_the_answerable_rows() -> None:
    train = [ask("t", "a b?", "Ｔwelve"), Example("n", "z?", ("I don't know.",), answerable=False)]
    test = [ask("1", "c d?", "twelve"), ask("2", "e f?", "no"), Example("3", "g?", ("?",), answerable=False)]
    found = audit(test, train)
    assert (found.shared_answers, found.answerable) == (1, 2)
    assert any(sentence.startswith("1 of 2 test answers") for sentence in found.informing())


def test_an_audit_survives_saving_and_one_saved_by_an_earlier_version_is_read() -> None:
    found = audit(planted(0.2, 0).test, planted(0.2, 0).train, name="demo@1")
    assert found.pairs
    assert restored(json.loads(json.dumps(found.saved()))) == found
    earlier = {"test_rows": 9, "exact": ["q0"], "test_file_in": [], "same_fact": 1, "shared_answers": 2}
    assert restored(earlier).blocking() == ["1 of 9 test questions stand word for word in the training data."]


def test_one_leaking_test_set_among_several_blocks_and_is_named() -> None:
    train = [ask("t", "Where is the key?")]
    audits = [
        audit([ask("1", "Who?")], train, name="quiet@1"),
        audit([ask("1", "where is the KEY?")], train, name="a@2"),
    ]
    with pytest.raises(
        LeakageFound, match=r"^1 of 1 test questions of a@2 stand word for word in the training data\. "
    ):
        refuse_unless_allowed(audits, allowed=False)
    refuse_unless_allowed(audits, allowed=True)
    assert question_key("ﬁne?") == question_key("FINE?")


def test_a_comparison_looks_through_the_rows_its_tuned_model_was_made_of(tmp_path: Path) -> None:
    home = open_workspace(tmp_path / "workspace")
    files = {"train": tmp_path / "train.jsonl", "test": tmp_path / "test.jsonl"}
    train = [ask("t", "How long is the warranty of the Tolvi 3 lamp?"), ask("u", "Who runs the Norrick mill?")]
    test = [ask("1", "Please tell me: how long is the warranty of the Tolvi 3 lamp?"), ask("2", "What is the weather?")]
    save_examples(files["train"], train)
    save_examples(files["test"], test)
    run = jobs.order(
        home, "train", "tuned", {}, {"train": {"ref": str(files["train"]), "sha256": file_hash(files["train"])}}
    )
    with store.staging(home, "adapters") as folder:
        write_json(folder / "questions.json", {"keys": [question_key(row.question) for row in train]})
        manifest = {"run": run.id, "method": "lora", "base": {"id": "pocket", "hash": "w"},
                    "created": "2026-11-24T00:00:00+00:00", "summary": {"ended": "complete"}}  # fmt: skip
        store.publish(home, "adapters", "tuned", folder, manifest)
    systems = [System("sft", "pocket", "tuned@1")]
    found = audited(home, files["test"], test, systems)
    assert (found.exact, found.near, found.unknown) == ((), ("1",), ())
    save_examples(files["train"], train[1:])
    changed = audited(home, files["test"], [*test, replace(train[0], id="3")], systems)
    assert (changed.exact, changed.near) == (("3",), ()), "exact ones are known from the tuned model alone"
    assert "tuned@1 are not here any more" in changed.warning()[0]
