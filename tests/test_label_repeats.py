"""Rows with a label that come more than once in a pass: which, when, and what is said of it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import pytest

from data.workspace import Workspace
from sft.config import TrainConfig, hiding, ordered, repeating
from sft.preparation import preparation, told_lines
from sft.rows import prepare
from sft.tokens import Tokens, without_weights
from tests import tiny

home, workspace = tiny.home, tiny.workspace
SMALL, LARGE = 6_000_000, 7_000_000_000


@pytest.fixture(scope="module")
def tokens(home: Path) -> Tokens:
    return without_weights(home / "tiny")[0]


@pytest.fixture(scope="module")
def rows(home: Path) -> str:
    """Eight rows with a label beside sixteen that ask for a name."""
    path = home / "kinds.jsonl"
    lines = [
        {"question": e.question, "answer": e.answers[0], "task": "label" if n % 3 == 0 else "short"}
        for n, e in enumerate(tiny.facts())
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return str(path)


@pytest.mark.parametrize(
    ("config", "context", "labels", "parameters", "times", "reason"),
    [
        (
            TrainConfig(),
            "none",
            300,
            SMALL,
            2,
            "a small base learns the 300 rows with a label later than the 700 others",
        ),
        (TrainConfig(), "crowd", 300, SMALL, 1, "beside prompts with passages nothing was gained by more"),
        (TrainConfig(), "none", 1000, SMALL, 1, "every row asks for a label"),
        (TrainConfig(), "none", 0, SMALL, 1, "no row asks for a label"),
        (TrainConfig(), "none", 300, LARGE, 1, "only small bases were seen to learn labels late"),
        (TrainConfig(label_repeats=3), "crowd", 300, LARGE, 3, "asked for"),
        (TrainConfig(label_repeats=3), "none", 0, SMALL, 1, "no row asks for a label"),
    ],
)
def test_a_small_base_that_learns_several_kinds_sees_its_labels_twice(
    config: TrainConfig, context: str, labels: int, parameters: int, times: int, reason: str
) -> None:
    found, why = repeating(config, context, labels, 1000, parameters)
    assert (found.label_repeats, why) == (times, reason)


def test_only_closed_book_rows_with_a_label_are_repeated_and_counted(tokens: Tokens) -> None:
    facts = tiny.facts(evidence=True)
    labels = [tiny.replace(example, task="label") for example in facts[:5]]
    found = prepare([*labels, *facts[5:]], "mixed", "", tokens, 256, label_repeats=3)
    counts = found.counts()
    assert (counts["rows"], counts["with_passages"], counts["closed_book"], counts["repeats"]) == (58, 24, 34, 10)
    times = Counter((row.example, row.with_passages) for row in found.rows)
    assert times == {
        (e.id, opened): 3 if e.task == "label" and not opened else 1
        for e in [*labels, *facts[5:]] for opened in (False, True)
    }  # fmt: skip
    assert len(found.lengths) == 48, "a repeat is no row of the data"


def test_repeats_that_do_not_fit_are_left_out_with_their_row(tokens: Tokens) -> None:
    labels = [tiny.replace(example, task="label") for example in tiny.facts()]
    longest = max(len(row) for row in prepare(labels, "none", "", tokens, 256).rows)
    found = prepare(labels, "none", "", tokens, longest - 1, label_repeats=2)
    assert found.too_long > 0
    assert len(found.rows) == 2 * (24 - found.too_long)
    assert found.repeats == 24 - found.too_long


def test_the_repeats_are_said_before_the_launch_and_validation_rows_come_once(
    workspace: Workspace, home: Path, rows: str
) -> None:
    found = preparation(workspace, tiny.config(home), rows, rows)
    assert (found.training["rows"], found.training["repeats"]) == (32, 8)
    assert (found.validation["rows"], found.validation["repeats"]) == (24, 0)
    said = " ".join(told_lines(found))
    assert "32 training rows (0 with passages, 8 repeats of rows with a label)" in said
    assert (
        "Closed-book rows with a label are learned twice in a pass (a small base learns the 8 rows with a label later "
        "than the 16 others)." in said
    )
    alone = preparation(workspace, tiny.config(home, label_repeats=1), rows, rows)
    assert "learned once in a pass (asked for)" in " ".join(told_lines(alone))
    assert "repeats" not in alone.told()["kinds"]
    facts = preparation(workspace, tiny.config(home), str(home / "rows.jsonl"))
    assert "learned once in a pass" not in " ".join(told_lines(facts)), "no row has a label"


def test_an_order_of_an_earlier_version_is_carried_out_as_that_would_have_done_it() -> None:
    saved = asdict(TrainConfig(context="none"))
    assert ordered(saved) == TrainConfig(context="none")
    for later in ("label_repeats", "word_dropout"):
        del saved[later]
    earlier = ordered(saved)
    assert repeating(earlier, "none", 300, 1000, SMALL)[0].label_repeats == 1
    assert hiding(earlier, 1000, 1000, SMALL)[0].word_dropout == 0
