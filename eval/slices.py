"""The same scores on parts of the questions: by task, tag, document, format, length, rank of the gold passage."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from data.schema import Example
from eval.resampling import FEWER
from eval.retrieval import Outcome
from eval.statistics import estimates, group_of, saved

MOST = 40  # values of a column, the largest first; the rest is counted
LENGTHS = ((1, "1 word"), (3, "2 to 3 words"), (10, "4 to 10 words"), (30, "11 to 30 words"))
RANK = "rank of the gold passage"
Cells = dict[str, dict[str, Any]]
"""{system: {measure: estimate as JSON}}"""


def _length(example: Example) -> str:
    words = len(example.answers[0].split())
    return next((said for most, said in LENGTHS if words <= most), "over 30 words")


def _one(value: str | None) -> tuple[str, ...]:
    return (value,) if value else ()


COLUMNS: dict[str, Callable[[Example], tuple[str, ...]]] = {
    "task": lambda e: (e.task,), "tag": lambda e: e.tags, "document": lambda e: _one(e.document),
    "format": lambda e: _one((e.format or "").split(":")[0]),
    "answerable": lambda e: ("yes" if e.answerable else "no",),
    "length of the reference": lambda e: (_length(e),) if e.answerable else (),
}  # fmt: skip


def slices(
    examples: Sequence[Example], scores: Mapping[str, Mapping[str, np.ndarray]],
    more: Mapping[str, Mapping[str, str]],
) -> dict[str, dict[str, Any]]:  # fmt: skip
    """{column: {"values": {value: cells}, "left_out": how many values beyond the 40 largest}}.

    ``scores``: {measure: {system: one value per question, NaN: none}}. ``more``: further columns as {column: {example
    id: value}}. A column with a single value says nothing, and is left out (but for tags, which
    a person has given).
    """
    columns = {name: _members(examples, value) for name, value in COLUMNS.items()}
    for name, values in more.items():
        columns[name] = _members(examples, lambda e, values=values: _one(values.get(e.id)))  # type: ignore[misc]
    return {
        name: {"values": {value: _cells(examples, scores, rows) for value, rows in _largest(parts)},
               "left_out": max(0, len(parts) - MOST)}
        for name, parts in columns.items() if len(parts) > (name != "tag")
    }  # fmt: skip


def by_rank(
    examples: Sequence[Example], scores: Mapping[str, Mapping[str, np.ndarray]],
    outcomes: Mapping[str, Sequence[Outcome | None]],
) -> dict[str, Any] | None:  # fmt: skip
    """Scores by where each system's own search had put the gold passage; None without a searching system."""
    values: dict[str, Cells] = {}
    for system, own in outcomes.items():
        for name in RANKS:
            rows = [n for n, one in enumerate(own) if one is not None and _rank(one) == name]
            mine = {measure: {system: columns[system]} for measure, columns in scores.items()}
            if rows:
                values.setdefault(name, {}).update(_cells(examples, mine, rows))
    return {"values": {name: values[name] for name in RANKS if name in values}, "left_out": 0} if values else None


RANKS = ("1", "2 to 4", "5 or lower", "not found")


def _rank(found: Outcome) -> str:
    first = found.ranks[0] if found.ranks else 0
    return RANKS[3] if not first else RANKS[0] if first == 1 else RANKS[1] if first <= 4 else RANKS[2]


def _members(examples: Sequence[Example], values: Callable[[Example], tuple[str, ...]]) -> dict[str, list[int]]:
    parts: dict[str, list[int]] = {}
    for number, example in enumerate(examples):
        for value in values(example):
            parts.setdefault(value, []).append(number)
    return parts


def _largest(parts: dict[str, list[int]]) -> list[tuple[str, list[int]]]:
    return sorted(parts.items(), key=lambda part: (-len(part[1]), part[0]))[:MOST]


def _cells(examples: Sequence[Example], scores: Mapping[str, Mapping[str, np.ndarray]], rows: Sequence[int]) -> Cells:
    names = [(measure, system) for measure, columns in scores.items() for system in columns]
    table = np.column_stack([scores[measure][system][rows] for measure, system in names])
    found: Cells = {}
    groups = [group_of(examples[n]) for n in rows]
    for (measure, system), one in zip(names, estimates(table, groups, resamples=FEWER), strict=True):
        if one:
            found.setdefault(system, {})[measure] = saved(one)
    return found
