"""What one mean over all questions hides: kinds of questions on which another system leads, right answers that are only
refusals, and how a reader does where the right passage is known. Pure.

``marks`` are {system: {example id: right, or None where the system cannot answer}}.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from data.schema import Example
from eval.statistics import FEW_GROUPS, Estimate, estimate, group_of, paired

Marks = Mapping[str, Mapping[str, bool | None]]


def clearly_ahead(
    examples: Sequence[Example], marks: Marks, leader: str, others: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """{system: kinds of questions on which it is right more often than ``leader``}, by tag.

    Only where the 95 % interval of the paired difference lies above 0, from at least 20 independent groups; where
    several lead, the one with the largest difference is named.
    """
    found: dict[str, list[str]] = {}
    for tag in dict.fromkeys(tag for example in examples for tag in example.tags):
        asked = [example for example in examples if tag in example.tags]
        leads = {other: lead for other in others if (lead := _lead(asked, marks, other, leader)) > 0}
        if leads:
            found.setdefault(max(leads, key=lambda other: leads[other]), []).append(tag)
    return {system: tuple(tags) for system, tags in found.items()}


def _lead(asked: Sequence[Example], marks: Marks, first: str, second: str) -> float:
    """Mean paired difference first - second, where its interval lies above 0; else 0."""
    both = _answered(asked, marks, (first, second))
    own, rival = ([float(bool(marks[name][one.id])) for one in both] for name in (first, second))
    difference = paired(own, rival, [group_of(one) for one in both])
    sure = difference is not None and difference.low > 0 and difference.groups >= FEW_GROUPS
    return difference.mean if difference and sure else 0.0


def only_refusals(examples: Sequence[Example], marks: Marks) -> dict[str, int]:
    """{system: how many answers it got right}, for systems whose every right answer refuses a question without one.

    A question that is not answerable has one right answer, which is to say so.
    """
    answerable = {example.id: example.answerable for example in examples}
    found = {}
    for system, given in marks.items():
        right = [name for name, mark in given.items() if mark and name in answerable]
        if right and not any(answerable[name] for name in right):
            found[system] = len(right)
    return found


def where_known(examples: Sequence[Example], marks: Marks, gold: str, others: Sequence[str]) -> dict[str, Estimate]:
    """Share of right answers of ``gold`` and of ``others`` on the very questions that ``gold`` answers."""
    names = [name for name in (gold, *others) if name in marks]
    both = _answered(examples, marks, names)
    groups = [group_of(one) for one in both]
    means = {name: estimate([float(bool(marks[name][one.id])) for one in both], groups) for name in names}
    return {name: mean for name, mean in means.items() if mean}


def _answered(examples: Sequence[Example], marks: Marks, names: Sequence[str]) -> list[Example]:
    """The questions that all of these systems have an answer to."""
    return [one for one in examples if all(marks.get(name, {}).get(one.id) is not None for name in names)]
