"""A retrieval test set: questions with the place in the documents that answers them, however these are cut.

It comes from marks (made in the search lab) or from a file of questions whose rows carry their evidence. A place is a
span of a document's text; which passages are right for it follows anew from every cutting (rag.marks.gold_passages).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from data.errors import UserError
from data.examples import locate as locate_file
from data.examples import read_examples
from data.leakage import question_key
from data.schema import Example, Passage
from data.workspace import Workspace
from rag.marks import Mark, gold_passages, located, occurrences, read_marks

MARKS = "marks"
Place = tuple[str, int, int]
"""Document, and the characters of its text from the first to behind the last."""


@dataclass(frozen=True)
class Quote:
    """The words that answer a question. ``document`` "": not known; ``start`` -1: wherever they stand."""

    document: str
    text: str
    start: int = -1


@dataclass(frozen=True)
class Question:
    """A question with the quotes that answer it (any of them will do) and, where known, its accepted answers."""

    id: str
    question: str
    quotes: tuple[Quote, ...]
    answers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Located:
    """Where each question's quotes stand in a version, and the ids of those of which none stands there."""

    places: dict[str, tuple[Place, ...]]
    missing: tuple[str, ...]


def read(workspace: Workspace, source: str, knowledge: str) -> tuple[list[Question], int]:
    """The questions of ``source`` and how many rows of it carry no evidence, and so cannot be used.

    ``source``: a file, a stored dataset (its validation rows), or MARKS: the marks of ``knowledge``. Raises UserError.
    """
    if source == MARKS:
        marks = read_marks(workspace, knowledge)
        if not marks:
            raise UserError(f"{knowledge} has no marks yet.", "Mark right passages in the search lab, or give a file.")
        return from_marks(marks), 0
    examples = read_examples(locate_file(workspace, source, "validation")).examples
    questions = from_examples(examples)
    if not questions:
        raise UserError(f"No row of {source} names its evidence.", "Add a column evidence: the text that answers.")
    return questions, len(examples) - len(questions)


def from_marks(marks: Sequence[Mark]) -> list[Question]:
    """One question for all marks that ask the same."""
    quotes: dict[str, list[Quote]] = {}
    first: dict[str, Mark] = {}
    for mark in marks:
        key = question_key(mark.question)
        first.setdefault(key, mark)
        quotes.setdefault(key, []).append(Quote(mark.document, mark.quote, mark.start))
    return [Question(mark.id, mark.question, tuple(quotes[key])) for key, mark in first.items()]


def from_examples(examples: Sequence[Example]) -> list[Question]:
    """The answerable rows that carry evidence."""
    return [
        Question(one.id, one.question, (Quote(one.document or "", one.evidence),), one.answers)
        for one in examples if one.evidence and one.answerable
    ]  # fmt: skip


def restored(rows: Iterable[Mapping[str, Any]]) -> list[Question]:
    """Questions whose ``dataclasses.asdict`` went through JSON."""
    return [
        Question(row["id"], row["question"], tuple(Quote(**quote) for quote in row["quotes"]), tuple(row["answers"]))
        for row in rows
    ]


def fingerprint(questions: Sequence[Question]) -> str:
    """A hash of all fields of all questions, in order."""
    text = json.dumps([asdict(one) for one in questions], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


def locate(questions: Sequence[Question], texts: Mapping[str, str]) -> Located:
    """Find every question's quotes in a version, whose documents' ``texts`` are given by id (``Knowledge.texts``)."""
    places = {
        one.id: tuple(dict.fromkeys(p for quote in one.quotes for p in _places(quote, texts))) for one in questions
    }
    found = {name: spans for name, spans in places.items() if spans}
    return Located(found, tuple(name for name in places if name not in found))


def _places(quote: Quote, texts: Mapping[str, str]) -> list[Place]:
    if quote.start >= 0:
        mark = Mark("", "", quote.document, quote.start, quote.start + len(quote.text), quote.text)
        span = located(mark, texts)
        return [(quote.document, *span)] if span else []
    where = [quote.document] if quote.document in texts else list(texts)  # the file may name documents in its own way
    return [(name, *span) for name in where for span in occurrences(texts[name], quote.text)]


def gold_of(
    passages: Sequence[Passage], places: Mapping[str, Sequence[Place]], answers: Mapping[str, Sequence[str]]
) -> dict[str, list[str]]:
    """{question: ids of the passages that are right for one of its places}; empty where this cutting has none."""
    inside: dict[str, list[Passage]] = {}
    for passage in passages:
        inside.setdefault(passage.document, []).append(passage)
    return {
        name: list(dict.fromkeys(
            one.id for document, start, end in spans
            for one in gold_passages(inside.get(document, []), document, start, end, answers.get(name, ()))
        ))
        for name, spans in places.items()
    }  # fmt: skip
