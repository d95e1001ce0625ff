"""Blind pairwise votes on stored answers: which pairs a person is shown, on which side, and what they chose.

    runs/<id>/votes/<ballot>/ballot.json  <ballot>/<rater>.jsonl

A ballot is a choice of systems. A vote is one line, appended; a later line about the same pair takes the earlier one's
place, and nothing is ever rewritten.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from random import Random

from data.disk import append_jsonl, read_json, read_jsonl, text_hash, write_json
from data.errors import UserError
from data.jobs import Run
from data.store import check_name

LEFT, RIGHT, TIE, BAD = "left", "right", "tie", "both bad"
CHOICES = (LEFT, TIE, BAD, RIGHT)
VOTE = dict.fromkeys(("rater", "example", "left", "right", "choice", "at"), str)  # what a line of a rater's file holds
Texts = Mapping[str, Mapping[str, str]]
"""{system: {example id: text of its answer}}, available answers only."""


@dataclass(frozen=True)
class Ballot:
    """Which systems of a run are voted on; ``id`` is what a page may show, for it tells no name."""

    id: str
    systems: tuple[str, ...]


@dataclass(frozen=True)
class Pair:
    """Two answers to one question, and the side each stands on."""

    example: str
    left: str
    right: str


@dataclass(frozen=True)
class Vote:
    """What one rater chose of one pair, and when (UTC, ISO 8601)."""

    rater: str
    example: str
    left: str
    right: str
    choice: str
    at: str

    @property
    def pair(self) -> tuple[str, frozenset[str]]:
        """The question and the two systems, whatever their sides."""
        return self.example, frozenset((self.left, self.right))

    @property
    def winner(self) -> str | None:
        """The system whose answer was chosen; None for a tie and for both bad."""
        return {LEFT: self.left, RIGHT: self.right}.get(self.choice)


def open_ballot(run: Run, systems: Sequence[str]) -> Ballot:
    """The ballot of these systems of a run, stored if it is new. Raises UserError for fewer than two, or unknown."""
    known = [system["name"] for system in run.order["config"]["systems"]]
    chosen = tuple(name for name in known if name in systems)
    if len(chosen) < 2 or len(chosen) != len(set(systems)):
        raise UserError("A vote needs at least two systems of this comparison.", f"Choose among {', '.join(known)}.")
    ballot = Ballot(text_hash("\n".join(chosen))[:12], chosen)
    file = _folder(run, ballot.id) / "ballot.json"
    if not file.exists():
        write_json(file, {"systems": list(chosen)})
    return ballot


def load_ballot(run: Run, ballot: str) -> Ballot:
    """A stored ballot. Raises UserError when there is none of that id."""
    file = _folder(run, ballot) / "ballot.json"
    if not ballot.isalnum() or not file.exists():
        raise UserError(f"Comparison {run.name} has no ballot {ballot!r}.", "Choose the systems to vote on again.")
    return Ballot(ballot, tuple(read_json(file)["systems"]))


def ballots(run: Run) -> list[Ballot]:
    """All ballots of a run, by id."""
    found = sorted((run.folder / "votes").glob("*/ballot.json"))
    return [load_ballot(run, file.parent.name) for file in found]


def pairs(run: Run, ballot: Ballot, rater: str, texts: Texts) -> list[Pair]:
    """The pairs of a ballot in the order they are shown; the same for a rater every time.

    Every question comes once, with each two systems in turn, so that votes are independent. All raters get the same
    questions in the same order, so that they can be compared, but each has sides of their own. Two answers of the same
    words are no choice: the question comes with another two systems, or is left out.
    """
    everything = sorted({example for name in ballot.systems for example in texts.get(name, {})})
    Random(f"{run.id} {ballot.id}").shuffle(everything)
    two = list(combinations(ballot.systems, 2))
    found: list[Pair] = []
    for example in everything:
        turns = two[len(found) % len(two) :] + two[: len(found) % len(two)]
        shown = next((one for one in turns if _differ(one, example, texts)), None)
        if shown:
            sides = Random(f"{run.id} {ballot.id} {rater} {example}").sample(shown, 2)
            found.append(Pair(example, *sides))
    return found


def _differ(two: tuple[str, str], example: str, texts: Texts) -> bool:
    first, second = (texts.get(name, {}).get(example) for name in two)
    return first is not None and second is not None and " ".join(first.split()) != " ".join(second.split())


def cast(run: Run, ballot: Ballot, rater: str, pair: Pair, choice: str) -> None:
    """Store one vote; it is on disk when this returns. Raises UserError for a rater's name that is no plain name."""
    if choice not in CHOICES:
        raise UserError(f"{choice!r} is no vote.", f"A vote is one of {', '.join(CHOICES)}.")
    check_name(rater, "rater")
    vote = Vote(rater, pair.example, pair.left, pair.right, choice, datetime.now(UTC).isoformat(timespec="seconds"))
    append_jsonl(_folder(run, ballot.id) / f"{rater}.jsonl", [asdict(vote)])


def load_votes(run: Run, ballot: Ballot | None = None) -> list[Vote]:
    """The votes that stand, of one ballot or of all: the last of each rater on each pair, in the order cast."""
    standing: dict[tuple[str, tuple[str, frozenset[str]]], Vote] = {}
    for one in [ballot] if ballot else ballots(run):
        for file in sorted(_folder(run, one.id).glob("*.jsonl")):
            for row in read_jsonl(file, VOTE):
                vote = Vote(**row)
                standing.pop((vote.rater, vote.pair), None)
                standing[vote.rater, vote.pair] = vote
    return sorted(standing.values(), key=lambda vote: vote.at)


def _folder(run: Run, ballot: str) -> Path:
    return run.folder / "votes" / ballot
