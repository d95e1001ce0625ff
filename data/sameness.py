"""When are two questions the same? Equal after NFKC normalisation, case folding and folding of white space, whatever
stands in them that nobody sees."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from data.disk import text_hash
from data.schema import Example
from data.unseen import without


@dataclass(frozen=True)
class Repeated:
    """One question that several rows ask. ``conflicting`` when two of them accept no answer in common."""

    question: str
    rows: tuple[str, ...]
    answers: tuple[str, ...]
    conflicting: bool


def folded(text: str) -> str:
    """The text without what does not make it another one: NFKC, case and white space folded, nothing unseen."""
    return " ".join(unicodedata.normalize("NFKC", without(text)).casefold().split())


def question_key(question: str) -> str:
    """A short hash that is equal for questions that are equal up to form (NFKC, case, white space)."""
    return text_hash(folded(question))[:16]


def asked_key(example: Example) -> str:
    """The same for a row: what was said before the question belongs to it."""
    before = "\n".join(f"{turn.role}: {turn.content}" for turn in example.history)
    return question_key(f"{before}\n{example.question}" if before else example.question)


def answers_of(example: Example) -> frozenset[str]:
    """The accepted answers, folded; of a row that has none, the empty answer."""
    return frozenset(map(folded, example.answers)) if example.answerable else frozenset([""])


def repeated(examples: Sequence[Example]) -> list[Repeated]:
    """The questions that more than one row asks, in the order in which they come first."""
    groups: dict[str, list[Example]] = defaultdict(list)
    for example in examples:
        groups[asked_key(example)].append(example)
    return [_described(rows) for rows in groups.values() if len(rows) > 1]


def _described(rows: list[Example]) -> Repeated:
    kinds = list(dict.fromkeys(map(answers_of, rows)))
    conflicting = any(not one & other for i, one in enumerate(kinds) for other in kinds[:i])
    answers = tuple(dict.fromkeys(row.answers[0] if row.answerable else "no answer" for row in rows))
    return Repeated(rows[0].question, tuple(row.id for row in rows), answers, conflicting)
