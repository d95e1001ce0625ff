"""Answers that a finished comparison has lost: its plan says what was asked, its files what is still there."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from data.errors import UserError
from data.jobs import Run
from eval import records
from eval.plan import load_plan

Stored = Mapping[str, Collection[str]]
"""{system: ids of the examples whose answers can be read}."""


def planned(run: Run) -> dict[str, set[str]]:
    """{system: ids of the questions it is to answer}; all questions for a run from before plans were stored."""
    batches = load_plan(run.folder)
    names = [system["name"] for system in run.order["config"]["systems"]]
    if batches is None:
        everything = {example.id for example in records.questions(run)}
        return {name: set(everything) for name in names}
    found: dict[str, set[str]] = {name: set() for name in names}
    for batch in batches:
        found[batch.system].update(batch.examples)
    return found


def missing(run: Run, stored: Stored | None = None) -> dict[str, int]:
    """{system: how many planned answers are not there}; {} for a whole comparison, and for one that was never whole."""
    if not was_whole(run):
        return {}
    there = records.load_answers(run.folder) if stored is None else stored
    lost = {name: len(ids - set(there.get(name, ()))) for name, ids in planned(run).items()}
    return {name: count for name, count in lost.items() if count}


def was_whole(run: Run) -> bool:
    """True for a comparison that had every answer once: also while those it lost since are asked again."""
    return run.state == "done" or (run.folder / "scores.json").exists()


def told(run: Run, lost: Mapping[str, int]) -> list[str]:
    """The same as a sentence; none where nothing is missing."""
    if not lost:
        return []
    of = sum(map(len, planned(run).values()))
    each = ", ".join(f"{name} {count}" for name, count in lost.items())
    return [
        f"{sum(lost.values())} of {of} planned answers are missing ({each}): files of this comparison were emptied or "
        "cut after it was done. The scores are those that it had when it was whole."
    ]


def any_missing(run: Run) -> bool:
    """True for a done comparison that has lost answers: it may be carried out again (see data.child.run)."""
    return run.kind == "bench" and bool(missing(run))


def refuse(run: Run) -> None:
    """Raise UserError where answers are missing: scores of the rest would take the place of the whole's."""
    if said := told(run, missing(run)):
        raise UserError(said[0], f"Ask them again first: python -m eval complete {run.id}")
