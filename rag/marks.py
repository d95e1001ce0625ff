"""Marks: "this span of this document answers this question", said by a person; together they are a retrieval test set.

A mark names a document, characters of its extracted text and the words that stand there, never a passage: it outlives
another cutting and new versions. All marks of a knowledge base lie beside its versions:

    knowledge/<name>/marks.json
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from data.disk import read_json, sole_writer, text_hash, write_json
from data.errors import UserError
from data.leakage import question_key
from data.schema import Passage
from data.store import resolve
from data.workspace import Workspace

FILE, LOCK = "marks.json", ".lock-marks"
Span = tuple[int, int]
"""Characters of a text, from the first to behind the last: ``text[start:end]``."""


@dataclass(frozen=True)
class Mark:
    """``quote`` was ``text[start:end]`` of the document named ``document`` when somebody marked it."""

    id: str
    question: str
    document: str
    start: int
    end: int
    quote: str


def marks_file(workspace: Workspace, name: str) -> Path:
    """Where the marks of a knowledge base lie. Raises UserError when there is no such knowledge base."""
    return resolve(workspace, "knowledge", name).path.parent / FILE


def read_marks(workspace: Workspace, name: str) -> list[Mark]:
    """All marks of a knowledge base, oldest first."""
    return _read(marks_file(workspace, name))


def add_mark(workspace: Workspace, name: str, question: str, document: str, start: int, end: int, quote: str) -> Mark:
    """Keep a mark. The same question, span and quote again is the mark there is (see ``question_key`` for "same").

    Raises UserError for an empty question or quote.
    """
    if not question.strip():
        raise UserError("A mark needs a question.", "Ask the question that the passage answers.")
    if not quote.strip():
        raise UserError("The quote is empty.", "Quote the words that answer the question.")
    if end - start != len(quote):
        raise ValueError(f"a quote of {len(quote)} characters does not fill {start} to {end}")
    # the quote counts too: after an edit, other words may stand at a span that was marked before
    id_ = text_hash("\0".join((question_key(question), document, str(start), str(end), quote)))[:12]
    mark = Mark(id_, " ".join(question.split()), document, start, end, quote)
    path = marks_file(workspace, name)
    with sole_writer(path.with_name(LOCK)):  # never waits for a build
        marks_file(workspace, name)  # again: a name that was deleted meanwhile must not get a mark
        marks = _read(path)
        known = next((one for one in marks if one.id == mark.id), None)
        if known is None:
            _write(path, [*marks, mark])
    return known or mark


def remove_mark(workspace: Workspace, name: str, mark_id: str) -> Mark:
    """Take one mark back. Raises UserError when there is none of that id."""
    path = marks_file(workspace, name)
    with sole_writer(path.with_name(LOCK)):
        marks = _read(path)
        gone = next((one for one in marks if one.id == mark_id), None)
        if gone is None:
            raise UserError(f"{name} has no mark {mark_id!r}.", f"List its marks: python -m rag marks --name {name}")
        _write(path, [one for one in marks if one.id != mark_id])
    return gone


def remove_all(workspace: Workspace, name: str) -> int:
    """Take back all marks of a name, which may have lost its versions already; returns how many there were."""
    path = workspace.folder("knowledge") / name / FILE
    if not path.parent.exists():
        return 0
    with sole_writer(path.with_name(LOCK)):
        count = len(_read(path))
        path.unlink(missing_ok=True)
    return count


def _read(path: Path) -> list[Mark]:
    return [Mark(**row) for row in read_json(path)["marks"]] if path.exists() else []


def _write(path: Path, marks: Iterable[Mark]) -> None:
    write_json(path, {"marks": [dataclasses.asdict(mark) for mark in marks]})


def span_of(quote: str, text: str, where: str) -> Span:
    """The one place where a quote stands in a text, called ``where``. Raises UserError for none and for several."""
    found = occurrences(text, quote)
    if not found:
        raise UserError(f"These words do not stand in {where}.", "Quote words as they stand there, one after another.")
    if len(found) > 1:
        raise UserError(f"These words stand {len(found)} times in {where}.", "Quote some of the words around them too.")
    return found[0]


def occurrences(text: str, quote: str) -> list[Span]:
    """Where the words of a quote stand in a text, first to last, whatever white space is between them."""
    pattern = r"\s+".join(map(re.escape, quote.split()))
    return [match.span() for match in re.finditer(pattern, text)] if pattern else []


def located(mark: Mark, texts: Mapping[str, str]) -> Span | None:
    """Where a mark's quote stands in a version, whose documents' ``texts`` are given by id (``Knowledge.texts``).

    At its old span if the quote is still there, else at the occurrence that is nearest to it; None when there is none.
    """
    text = texts.get(mark.document, "")
    if text[mark.start : mark.end] == mark.quote:
        return mark.start, mark.end
    return min(occurrences(text, mark.quote), key=lambda span: abs(span[0] - mark.start), default=None)


def standing(mark: Mark, span: Span | None) -> str:
    """Does a mark stand in the version in which it was ``located``: "yes", "moved" or "no"."""
    return "no" if span is None else "yes" if span == (mark.start, mark.end) else "moved"


def question_file(marks: Iterable[Mark]) -> str:
    """Marks as JSON lines that data.examples reads. The quote is the evidence, and stands in for the answer."""
    rows = ({"id": one.id, "question": one.question, "answer": one.quote, "document": one.document,
             "evidence": one.quote} for one in marks)  # fmt: skip
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def gold_passages(
    passages: Sequence[Passage], document: str, start: int, end: int, answers: Sequence[str] = ()
) -> list[Passage]:
    """The passages of a version that are right for a span of a document, in their order.

    Right is a passage that ``carries`` the span. A long span (a whole passage, marked as right when passages were cut
    longer) may be carried by none: then all that lie mostly inside it are right, since nobody said which part of it
    answers. Across a border between two passages none may lie inside either: then those that share most with it are.
    So there is one whenever a passage overlaps the span; ``passages`` must be all of the document's.
    """
    near = [one for one in passages if one.document == document and one.start < end and one.end > start]
    shared = [one.text[max(start - one.start, 0) : end - one.start] for one in near]
    pairs = list(zip(near, shared, strict=True))
    carrying = [one for one, text in pairs if carries(text, end - start, answers)]
    inside = [one for one, text in pairs if 2 * len(text) >= len(one.text)]
    most = max((len(text.strip()) for text in shared), default=0)
    return carrying or inside or [one for one, text in pairs if most and len(text.strip()) == most]


def carries(shared: str, span: int, answers: Sequence[str]) -> bool:
    """The one rule for "the right passage": does what it shares with the right span suffice?

    It does if it holds an answer (white space folded), or is at least half of the ``span`` characters.
    """
    folded = " ".join(shared.split())
    return any(answer and " ".join(answer.split()) in folded for answer in answers) or 2 * len(shared) >= span > 0
