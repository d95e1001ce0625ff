"""Scores of few, odd and missing answers: never an error, never an interval that leaves out its own mean."""

from __future__ import annotations

import json
import warnings
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from data.prompts import ABSTAIN
from data.schema import TASKS, Answer, Example, Hit, Passage
from eval import told, told_beside
from eval.scoring import summarise

TEXTS = st.sampled_from(["", "a", "b", "a b c d e f", "12", "-3.5 or 4", ABSTAIN, "天气很好", "{}", "."])
HITS = tuple(Hit(n + 1, 0.5, Passage(f"p{n}", "d", text, 0, 9)) for n, text in enumerate(("a b c", "12 x")))


@st.composite
def examples(draw: Any) -> list[Example]:
    count = draw(st.integers(1, 7))
    return [
        Example(
            str(n), "q", tuple(draw(st.lists(TEXTS.filter(bool), min_size=1, max_size=2))),
            task=draw(st.sampled_from(TASKS)), document=draw(st.sampled_from([None, "d", "e"])),
            evidence=draw(st.sampled_from([None, "a b", "c"])),
            answerable=draw(st.booleans()), tags=draw(st.sampled_from([(), ("t",), ("t", "u")])),
            format=draw(st.sampled_from([None, "label:a|b", "number", "json", "words<=2", "regex:a.*"])),
        )
        for n in range(count)
    ]  # fmt: skip


@st.composite
def answer(draw: Any, name: str) -> Answer:
    return Answer(
        name, draw(TEXTS), 0.1, draw(st.sampled_from([0, 9])), 3,
        draw(st.sampled_from(["stop", "length", "over_budget"])), draw(st.sampled_from([(), HITS])),
        dropped=0, available=draw(st.booleans()),
    )  # fmt: skip


def estimates(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        own = [value] if {"mean", "low", "high", "n"} <= value.keys() else []
        return own + [one for part in value.values() for one in estimates(part)]
    return [one for part in value for one in estimates(part)] if isinstance(value, list) else []


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_whatever_is_answered_can_be_scored_told_and_kept(data: Any) -> None:
    asked = data.draw(examples())
    answers = {name: {e.id: data.draw(answer(e.id)) for e in asked if data.draw(st.booleans())} for name in ("x", "y")}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scores = summarise(asked, answers, leaked=["0"])
    for one in estimates(scores):
        assert one["n"] >= one["groups"] >= 1
        if one["low"] is not None and one["high"] is not None:
            assert one["low"] - 1e-5 <= one["mean"] <= one["high"] + 1e-5
    assert json.loads(json.dumps(scores, allow_nan=False)) == scores
    for task in told.tasks(scores):
        told.task_rows(scores, task)
        told.task_note(scores, task)
    told.pair_rows(scores["pairs"] + scores["task_pairs"])
    told_beside.beside_rows(scores, told_beside.HONESTY + told_beside.COST)
    told_beside.found_rows(scores)
    for column in scores["slices"]:
        told.slice_rows(scores, column, "exact_match")
