"""Does the test set stand in the training data or among the documents? Exact matches block; the rest informs.

Two questions are the same when they are equal after NFKC normalisation, case folding and folding of white space.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from data.disk import file_hash, text_hash
from data.errors import UserError
from data.schema import Example


class LeakageFound(UserError):
    """Test questions stand in the training data, or the test file among the documents, and nobody allowed it."""


@dataclass(frozen=True)
class Leakage:
    """What was found. ``exact`` holds ids of test rows whose question is a training question."""

    test_rows: int
    exact: tuple[str, ...] = ()
    test_file_in: tuple[str, ...] = ()
    same_fact: int = 0
    shared_answers: int = 0
    shared_documents: int = 0

    @property
    def blocks(self) -> bool:
        return bool(self.exact or self.test_file_in)

    def sentences(self) -> list[str]:
        """What was found, in plain words; the blocking findings first."""
        found = []
        if self.exact:
            found.append(
                f"{len(self.exact)} of {self.test_rows} test questions stand word for word in the training data."
            )
        found += [f"The test file itself is among the documents ({name})." for name in self.test_file_in]
        if self.same_fact:
            found.append(f"{self.same_fact} test rows ask a taught fact in other words (taught, reworded: not a leak).")
        if self.shared_answers:
            found.append(f"{self.shared_answers} of {self.test_rows} test answers also occur as training answers.")
        if self.shared_documents:
            found.append(f"{self.shared_documents} documents are asked about in both training and test rows.")
        return found

    def saved(self) -> dict[str, Any]:
        return asdict(self)


def question_key(question: str) -> str:
    """A short hash that is equal for questions that are equal up to form (NFKC, case, white space)."""
    return text_hash(" ".join(unicodedata.normalize("NFKC", question).casefold().split()))[:16]


def audit(test: Sequence[Example], train: Sequence[Example] = ()) -> Leakage:
    """Compare test rows with training rows at hand."""
    taught = {example.fact for example in train if example.fact}
    answers = {answer.casefold() for example in train for answer in example.answers}
    documents = {example.document for example in train if example.document}
    exact = exact_matches(test, {question_key(example.question) for example in train})
    return Leakage(
        test_rows=len(test),
        exact=exact,
        same_fact=sum(e.fact in taught for e in test if e.fact and e.id not in set(exact)),
        shared_answers=sum(any(a.casefold() in answers for a in e.answers) for e in test if e.answerable),
        shared_documents=len(documents & {e.document for e in test if e.document}),
    )


def exact_matches(test: Sequence[Example], keys: set[str]) -> tuple[str, ...]:
    """Ids of the test rows whose question is among the given question keys."""
    return tuple(example.id for example in test if question_key(example.question) in keys)


def test_file_among(
    test_file: Path | None, test: Sequence[Example], documents: Iterable[tuple[str, str, str]]
) -> tuple[str, ...]:
    """Names of documents that are the test file: the same bytes, or at least half of its questions word for word.

    ``documents`` gives (name, SHA-256 of the file, text).
    """
    same = file_hash(test_file) if test_file else ""
    questions = {" ".join(e.question.casefold().split()) for e in test}
    found = []
    for name, sha256, text in documents:
        folded = " ".join(text.casefold().split())
        inside = sum(question in folded for question in questions)
        if sha256 == same or (len(questions) >= 3 and inside * 2 >= len(questions)):
            found.append(name)
    return tuple(found)


def refuse_unless_allowed(leakage: Leakage, allowed: bool) -> None:
    """Raise LeakageFound for a blocking leak that the user has not allowed."""
    if leakage.blocks and not allowed:
        what = " ".join(leakage.sentences()[: bool(leakage.exact) + len(leakage.test_file_in)])
        fix = "Remove them, or go on with --allow-leakage (the result is stamped and scored on the clean rows too)."
        raise LeakageFound(what, fix)
