"""Does the test set stand in the training data or among the documents? Three levels: block, warn, inform.

Block: an exact test question in the training data, or the test file among the documents; until somebody allows it.
Warn: near-duplicates, and questions that are answered in two ways. Inform: what is shared without being a leak.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from data.disk import file_hash
from data.errors import UserError
from data.nearness import Embed, Near, near_duplicates
from data.sameness import answers_of, asked_key, folded, repeated
from data.sameness import question_key as question_key  # what others compare questions by
from data.schema import Example

SHOWN_PAIRS, SHOWN_EXACT = 20, 10
BY_WORDS, BY_BOTH = "by their words", "by their words and embeddings"


class LeakageFound(UserError):
    """Test questions stand in the training data, or the test file among the documents, and nobody allowed it."""


@dataclass(frozen=True)
class Leakage:
    """What was found for one test set. ``exact`` and ``near`` hold ids of test rows.

    ``pairs`` shows some of the near ones, ``same`` the questions of the first exact ones. ``conflicts`` counts training
    questions with two answers that have nothing in common, ``otherwise`` the exact ones whose answer in training is not
    the test's. ``looked`` says how near-duplicates were looked for, "" where they could not be; ``unknown`` says why.
    ``test`` names the test set, "" where there is only one.
    """

    test_rows: int
    exact: tuple[str, ...] = ()
    test_file_in: tuple[str, ...] = ()
    near: tuple[str, ...] = ()
    pairs: tuple[Near, ...] = ()
    same: tuple[str, ...] = ()
    conflicts: int = 0
    otherwise: int = 0
    same_fact: int = 0
    shared_answers: int = 0
    answerable: int = 0
    shared_documents: int = 0
    looked: str = ""
    unknown: tuple[str, ...] = ()
    test: str = ""

    @property
    def blocks(self) -> bool:
        return bool(self.exact or self.test_file_in)

    @property
    def warns(self) -> bool:
        return bool(self.near or self.conflicts or self.otherwise or self.unknown)

    @property
    def leaked(self) -> tuple[str, ...]:
        """Ids of the test rows that a clean score leaves out."""
        return tuple(dict.fromkeys((*self.exact, *self.near)))

    def blocking(self) -> list[str]:
        """What must not be, in plain words."""
        where = f" of {self.test}" if self.test else ""
        found = []
        if self.exact:
            found.append(
                f"{len(self.exact)} of {self.test_rows} test questions{where} stand word for word in the training data."
            )
        return found + [f"The test file itself is among the documents ({name})." for name in self.test_file_in]

    def warning(self) -> list[str]:
        """What may be a leak, or spoils the training, in plain words."""
        where, found = f" of {self.test}" if self.test else "", []
        if self.near:
            found.append(
                f"{len(self.near)} of {self.test_rows} test questions{where} nearly repeat a training question "
                f"(compared {self.looked})."
            )
        if self.otherwise:
            found.append(f"{self.otherwise} test questions{where} have another answer in the training data.")
        if self.conflicts:
            found.append(f"Training questions that are answered in two ways: {self.conflicts}.")
        return found + list(self.unknown)

    def informing(self) -> list[str]:
        """What is shared and no leak, in plain words."""
        where, found = f" of {self.test}" if self.test else "", []
        if self.same_fact:
            found.append(
                f"{self.same_fact} test rows{where} ask a taught fact in other words (taught, reworded: not a leak)."
            )
        if self.shared_answers:
            of = f"{self.shared_answers} of {self.answerable or self.test_rows}"
            found.append(f"{of} test answers{where} also occur as training answers.")
        if self.shared_documents:
            found.append(f"{self.shared_documents} documents are asked about in both training and test rows{where}.")
        return found

    def sentences(self) -> list[str]:
        """What was found, in plain words; the blocking findings first."""
        return self.blocking() + self.warning() + self.informing()

    def saved(self) -> dict[str, Any]:
        """As orders and manifests hold it; ``restored`` reads it back."""
        return asdict(self)

    def told(self) -> dict[str, Any]:
        """The same with its sentences by level, as the page and ``--json`` show it."""
        levels = {"block": self.blocking(), "warn": self.warning(), "inform": self.informing()}
        return {**self.saved(), "blocks": self.blocks, "levels": levels, "sentences": self.sentences()}


def restored(saved: dict[str, Any]) -> Leakage:
    """An audit as it was saved, also by earlier versions that looked for less."""
    known = {field.name for field in fields(Leakage)}
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in saved.items() if k in known}
    return Leakage(**values | {"pairs": tuple(Near(**pair) for pair in saved.get("pairs", ()))})


def audit(
    test: Sequence[Example], train: Sequence[Example] = (), embed: Embed | None = None, name: str = ""
) -> Leakage:
    """Compare the rows of a test set (called ``name`` where there are several) with training rows at hand.

    ``embed`` settles near-duplicates whose words leave it open; without it only words are compared.
    """
    taught = {example.fact for example in train if example.fact}
    answers = {answer for example in train if example.answerable for answer in answers_of(example)}
    documents = {example.document for example in train if example.document}
    exact = exact_matches(test, {asked_key(example) for example in train})
    known = set(exact)
    others = [example for example in test if example.id not in known]
    near = near_duplicates(others, train, embed)
    answerable = [example for example in test if example.answerable]
    return Leakage(
        test_rows=len(test),
        exact=exact,
        near=tuple(one.test for one in near),
        pairs=tuple(near[:SHOWN_PAIRS]),
        same=tuple(example.question for example in test if example.id in known)[:SHOWN_EXACT],
        conflicts=sum(group.conflicting for group in repeated(train)),
        otherwise=_answered_otherwise(test, train),
        same_fact=sum(e.fact in taught for e in others if e.fact),
        shared_answers=sum(not answers_of(e).isdisjoint(answers) for e in answerable),
        answerable=len(answerable),
        shared_documents=len(documents & {e.document for e in test if e.document}),
        looked=BY_BOTH if embed else BY_WORDS,
        test=name,
    )


def _answered_otherwise(test: Sequence[Example], train: Sequence[Example]) -> int:
    """Test questions that stand in the training data, where no row has an answer the test accepts."""
    taught: dict[str, set[str]] = {}
    for example in train:
        taught.setdefault(asked_key(example), set()).update(answers_of(example))
    asked = ((taught.get(asked_key(example)), answers_of(example)) for example in test)
    return sum(found is not None and right.isdisjoint(found) for found, right in asked)


def exact_matches(test: Sequence[Example], keys: set[str]) -> tuple[str, ...]:
    """Ids of the test rows whose question is among the given question keys."""
    return tuple(example.id for example in test if asked_key(example) in keys)


def test_file_among(
    test_file: Path | None, test: Sequence[Example], documents: Iterable[tuple[str, str, str]]
) -> tuple[str, ...]:
    """Names of documents that are the test file: the same bytes, or at least half of its questions word for word.

    ``documents`` gives (name, SHA-256 of the file, text).
    """
    same = file_hash(test_file) if test_file else ""
    questions = {folded(e.question) for e in test}
    found = []
    for name, sha256, text in documents:
        whole = folded(text)
        inside = sum(question in whole for question in questions)
        if sha256 == same or (len(questions) >= 3 and inside * 2 >= len(questions)):
            found.append(name)
    return tuple(found)


def refuse_unless_allowed(leakage: Leakage | Sequence[Leakage], allowed: bool) -> None:
    """Raise LeakageFound for a blocking leak, of any of the test sets audited, that the user has not allowed."""
    audits = [leakage] if isinstance(leakage, Leakage) else leakage
    found = [sentence for one in audits for sentence in one.blocking()]
    if found and not allowed:
        fix = "Remove them, or go on with --allow-leakage (the result is stamped and scored on the clean rows too)."
        raise LeakageFound(" ".join(found), fix)
