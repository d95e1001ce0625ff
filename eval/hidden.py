"""What one mean over all questions hides: kinds of questions on which another system leads, right answers that are only
refusals, and how a reader does where the right passage is known. Pure.

``marks`` are {system: {example id: right, or None where the system cannot answer}}.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from data.prompts import ABSTAIN
from data.schema import Answer, Example
from eval.figures import cell
from eval.headline import TITLES, ranked
from eval.metrics import score
from eval.statistics import FEW_GROUPS, Estimate, estimate, group_of, paired, saved

Marks = Mapping[str, Mapping[str, bool | None]]
CLEARLY = "Clearly ahead: the 95 % interval of the difference lies above 0, from at least 20 independent groups."


def summary(
    examples: Sequence[Example], answers: Mapping[str, Mapping[str, Answer]], scores: dict[str, Any],
    places: Mapping[str, str],
) -> dict[str, Any]:  # fmt: skip
    """What scores.json keeps of all this: {"ahead": {system: kinds}, "refusals": {system: right answers},
    "known": {corner: estimate}}."""
    marks = {
        name: {e.id: bool(score(e, given[e.id]).exact_match) if given[e.id].available else None
               for e in examples if e.id in given}
        for name, given in answers.items()
    }  # fmt: skip
    first, *others = [places[corner] for corner in ranked(scores, dict(places))] or [""]
    readers = {corner: places[corner] for corner in ("rag", "sft+rag") if corner in places}
    known = where_known(examples, marks, places["gold"], list(readers.values())) if "gold" in places else {}
    return {
        "ahead": {name: list(tags) for name, tags in clearly_ahead(examples, marks, first, others).items()},
        "refusals": only_refusals(examples, marks),
        "known": {corner: saved(known[name]) for corner, name in {"gold": places.get("gold", ""), **readers}.items()
                  if name in known},
    }  # fmt: skip


def refusals(scores: Mapping[str, Any]) -> dict[str, str]:
    """{system: what its score is made of}, where every right answer only refuses."""
    found = scores.get("hidden", {}).get("refusals", {})
    told = {
        name: f"its {n} right answers all say" if n > 1 else "its one right answer says" for name, n in found.items()
    }
    return {name: f"{said} “{ABSTAIN}”, where no answer exists" for name, said in told.items()}


def reader(scores: Mapping[str, Any], places: Mapping[str, str]) -> tuple[str, list[str], str]:
    """(title, one line per system, how to read them): gold beside the systems that search, on the questions whose gold
    passage is known. ("", [], "") without gold and one that searches."""
    known = scores.get("hidden", {}).get("known", {})
    if len(known) < 2:
        return "", [], ""
    groups = known["gold"]["groups"]
    title = f"Reader and search apart: the {known['gold']['n']} questions whose gold passage is known"
    few = f" Few independent groups ({groups}): indicative only." if groups < FEW_GROUPS else ""
    note = (
        f"What {TITLES['gold']} misses is the reader's doing. What the others miss beyond that lies with the search "
        "where it found no gold passage, else with reading the right passage among others. In brackets: 95 % "
        f"intervals.{few}"
    )
    return title, [_reads(corner, one, scores["systems"][places[corner]]) for corner, one in known.items()], note


def _reads(corner: str, right: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    """How many are right, and how often the search found what they need."""
    if corner == "gold":
        return f"{TITLES[corner]}, which reads the right passage alone: {cell(right)} % right"
    found = (row.get("retrieval") or {}).get("hit")
    searched = f"; the search found a gold passage for {cell(found)} % (n {row['retrieval']['n']})" if found else ""
    return f"{TITLES[corner]}, which reads what was found: {cell(right)} % right{searched}"


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
