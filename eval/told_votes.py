"""What the votes on a comparison amount to, as plain sentences and rows: the same for page, shell and reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from data.jobs import Run
from data.schema import Answer, Example
from eval import agreement, beside, preference, records, votes
from eval.figures import cell
from eval.statistics import saved
from eval.votes import Ballot, Vote


@dataclass(frozen=True)
class Told:
    """One ballot's votes: who was preferred, strengths with their note, whether the votes can be trusted, and what the
    automatic measures would have voted; ``numbers`` are the same for programs."""

    title: str
    preferred: list[str]
    strengths: list[dict[str, Any]]
    note: str
    trust: list[str]
    measures: list[dict[str, Any]]
    numbers: dict[str, Any]


def told(run: Run) -> list[Told]:
    """Every ballot that has a vote."""
    voted = [(ballot, given) for ballot in votes.ballots(run) if (given := votes.load_votes(run, ballot))]
    if not voted:
        return []
    examples = {example.id: example for example in records.questions(run)}
    answers = records.load_answers(run.folder)
    return [ballot_told(run, ballot, given, examples, answers) for ballot, given in voted]


def ballot_told(
    run: Run, ballot: Ballot, given: Sequence[Vote], examples: Mapping[str, Example],
    answers: Mapping[str, Mapping[str, Answer]],
) -> Told:  # fmt: skip
    """One ballot with at least one vote."""
    measures = agreement.rows(agreement.agreements(given, examples, answers, beside.load(run).similarity))
    strengths = [asdict(one) for one in preference.strengths(given, ballot.systems)]
    numbers = {"systems": ballot.systems, "votes": len(given), "raters": preference.raters(given)[0],
               "strengths": strengths, "measures": measures}  # fmt: skip
    return Told(
        ", ".join(ballot.systems), preference.all_pairs(given, ballot.systems),
        preference.strength_rows(given, ballot.systems), preference.strengths_note(given), _trust(given), measures,
        numbers,
    )  # fmt: skip


def _trust(given: Sequence[Vote]) -> list[str]:
    each, alike = preference.raters(given)
    said = [preference.position_bias(given)[0],
            "Votes of each rater: " + ", ".join(f"{name} {count}" for name, count in each.items()) + "."]  # fmt: skip
    if alike:
        said.append(f"Two raters of the same pair chose alike in {cell(saved(alike))} % of {alike.n} pairs.")
    return said
