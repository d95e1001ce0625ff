"""The usual claims, tested on answers whose outcome can be told by eye."""

from __future__ import annotations

import pytest

from data.schema import Answer, Example
from eval.claims import FAILS, HOLDS, OPEN, judged
from eval.systems import places

LABELS = [
    Example(f"l{n}", f"Which queue, {n}?", ("parts",), task="label", format="label:parts|repair") for n in range(30)
]
CHANGED = [Example(f"c{n}", f"How long, {n}?", ("2 days",), tags=("changed",)) for n in range(30)]
SQUARE = {"rag": "reads", "sft": "tuned"}


def answers(right: int, examples: list[Example], text: str) -> dict[str, Answer]:
    return {e.id: Answer(e.id, text if n < right else "something else", 0.1) for n, e in enumerate(examples)}


@pytest.mark.parametrize(
    ("tuned", "reads", "expected"), [(30, 0, HOLDS), (0, 30, FAILS), (15, 15, OPEN), (16, 15, OPEN), (25, 5, HOLDS)]
)
def test_a_claim_holds_fails_or_is_open_as_the_interval_says(tuned: int, reads: int, expected: str) -> None:
    given = {"tuned": answers(tuned, LABELS, "parts"), "reads": answers(reads, LABELS, "parts")}
    (row,) = judged(LABELS, given, SQUARE)
    assert row["claim"] == "Fine-tuning beats retrieval on labels"
    assert (row["verdict"], row["n"]) == (expected, 30)
    assert len(row["sentences"]) == 1


def test_only_the_questions_a_claim_speaks_of_count() -> None:
    examples = LABELS + CHANGED
    given = {
        "tuned": answers(30, LABELS, "parts") | answers(0, CHANGED, "2 days"),
        "reads": answers(0, LABELS, "parts") | answers(30, CHANGED, "2 days"),
    }
    found = {row["claim"]: row["verdict"] for row in judged(examples, given, SQUARE)}
    assert found == {
        "Fine-tuning beats retrieval on labels": HOLDS,
        "Retrieval beats fine-tuning where knowledge changed": HOLDS,
    }


def test_combining_must_beat_both_to_be_best() -> None:
    given = {
        "tuned": answers(30, LABELS, "parts"), "reads": answers(0, LABELS, "parts"),
        "both": answers(15, LABELS, "parts"),
    }  # fmt: skip
    row = judged(LABELS, given, {**SQUARE, "sft+rag": "both"})[-1]
    assert (row["claim"], row["verdict"]) == ("Combining both is best", FAILS)
    assert len(row["sentences"]) == 2


def test_few_questions_leave_a_claim_open_and_missing_corners_leave_it_out() -> None:
    few = LABELS[:10]
    given = {"tuned": answers(10, few, "parts"), "reads": answers(0, few, "parts")}
    assert judged(few, given, SQUARE)[0]["verdict"] == OPEN
    assert judged(few, given, {"sft": "tuned"}) == []


def test_corners_are_told_from_what_a_system_is_not_from_its_name() -> None:
    rows = [
        {"name": "a", "tuned": None, "context": "retrieved", "floor": False},
        {"name": "b", "tuned": "t@1", "context": "none", "floor": False},
        {"name": "c", "tuned": None, "context": "retrieved", "floor": True},
    ]
    assert places(rows) == {"rag": "a", "sft": "b", "floor": "c"}
