"""Which passages an answer rests on: the citations that a model wrote, each checked, or passages found by text match.

Both are lexical: a cited passage "supports" a sentence when it holds every number and name of it and enough of its
words (see eval.terms). What the model wrote and what was found afterwards are never mixed up: see ``written``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from data.schema import Answer
from eval.metrics import abstains
from eval.terms import keys, sequence, support, terms
from rag.chunk import in_context

SUPPORT = 0.6  # of a sentence's terms: a passage seldom repeats a sentence's verbs, but does repeat what it is about
LIKELY = 99  # a larger number in brackets is a year or a count, unless there is such a passage
NUMBERS = r"\d{1,4}(?:\s*[,;–-]\s*\d{1,4})*"
MARK = re.compile(rf"[\[［【]\s*({NUMBERS})\s*[\]］】]")
SPACE_OR_MARKS = rf"(?:\s*[\[［【]\s*{NUMBERS}\s*[\]］】])*"
END = re.compile(rf"[.!?…]+[\"'”’)]*{SPACE_OR_MARKS}(?=\s|$)\s*|[。！？]+{SPACE_OR_MARKS}\s*|\n+")

SUPPORTED, TOGETHER, UNSUPPORTED, ABSENT = "supported", "supported together", "not supported", "no such passage"
VERBATIM, BY_WORDS = "word for word", "most of its words"


@dataclass(frozen=True)
class Citation:
    """One passage that an answer names, or that was found to hold it. ``number`` counts passages of the prompt from 1.

    ``verdict`` of a written one: SUPPORTED, TOGETHER (with the passages cited beside it), UNSUPPORTED or ABSENT; of one
    found by text match: VERBATIM or BY_WORDS. ``share`` is the part of the ``claim``'s terms that the passage holds
    (0 to 1), ``missing`` the others. ``start`` and ``end`` are the bracket's place in the answer (0, 0 if found).
    """

    number: int
    written: bool
    verdict: str
    claim: str
    share: float
    missing: tuple[str, ...] = ()
    start: int = 0
    end: int = 0


@dataclass(frozen=True)
class _Mark:
    numbers: tuple[int, ...]
    start: int
    end: int


def cited(answer: str, passages: Sequence[str]) -> tuple[Citation, ...]:
    """The citations of an answer, in its order; ``passages`` are the texts in its prompt, as numbered there.

    Where the model wrote none, the passages that hold the answer: word for word or, if none does, at least SUPPORT of
    its terms with every number and name. An abstaining answer, and one that says nothing of its own, cites nothing.
    """
    marks = _marks(answer, len(passages))
    if abstains(_without(answer, marks)):
        return ()
    return tuple(_written(answer, marks, passages) if marks else _found(answer, passages))


def of_answer(answer: Answer) -> tuple[Citation, ...]:
    """The citations of an answer, against the passages that were in its prompt as they stood there."""
    kept = answer.hits[: len(answer.hits) - answer.dropped]
    return cited(answer.text, [in_context(hit.passage) for hit in kept])


def _marks(answer: str, count: int) -> list[_Mark]:
    found = ((one, _numbers(one.group(1))) for one in MARK.finditer(answer))
    return [
        _Mark(numbers, one.start(), one.end()) for one, numbers in found
        if numbers and (max(numbers) <= LIKELY or any(1 <= number <= count for number in numbers))
    ]  # fmt: skip


def _numbers(inside: str) -> tuple[int, ...]:
    """The numbers of "1, 3-5"; none where a range runs backwards or over more than LIKELY."""
    numbers: list[int] = []
    for part in re.split(r"[,;]", unicodedata.normalize("NFKC", inside)):
        ends = [int(end) for end in re.split(r"[–-]", part)]
        if len(ends) > 2 or not 0 <= ends[-1] - ends[0] <= LIKELY:
            return ()
        numbers += range(ends[0], ends[-1] + 1)
    return tuple(dict.fromkeys(numbers))


def _written(answer: str, marks: list[_Mark], passages: Sequence[str]) -> Iterator[Citation]:
    held = [keys(passage) for passage in passages]
    seen = set()
    for claim, mark in _claims(answer, marks):
        wanted = terms(claim)
        present = [number for number in mark.numbers if 1 <= number <= len(passages)]
        together = support(wanted, set().union(*(held[number - 1] for number in present)))
        for number in mark.numbers:
            if (claim, number) in seen:
                continue
            seen.add((claim, number))
            found = support(wanted, held[number - 1] if number in present else set())
            verdict = UNSUPPORTED if number in present else ABSENT
            if number in present and found.enough(SUPPORT):
                verdict = SUPPORTED
            elif number in present and found.share and len(present) > 1 and together.enough(SUPPORT):
                verdict = TOGETHER
            missing = tuple(term.shown for term in found.missing)
            yield Citation(number, True, verdict, claim, found.share, missing, mark.start, mark.end)


def _claims(answer: str, marks: list[_Mark]) -> Iterator[tuple[str, _Mark]]:
    """What each bracket is put to: its sentence, or of several brackets in one sentence the part before each.

    Brackets side by side are one. A bracket without words of its own speaks for the sentence before it.
    """
    before, groups = "", _groups(answer, marks)
    for start, end in _sentences(answer):
        own = [group for group in groups if start <= group.start < end]
        sentence = _without(answer[start:end], [_Mark((), m.start - start, m.end - start) for m in own])
        begin = start
        for group in own:
            part = answer[begin : group.start]
            claim = part if len(own) > 1 and terms(part) else sentence
            yield (claim if terms(claim) else before).strip(), group
            begin = group.end
        before = sentence if terms(sentence) else before


def _groups(answer: str, marks: list[_Mark]) -> list[_Mark]:
    groups: list[_Mark] = []
    for mark in marks:
        if groups and not answer[groups[-1].end : mark.start].strip(" ,;"):
            last = groups.pop()
            mark = _Mark(tuple(dict.fromkeys(last.numbers + mark.numbers)), last.start, mark.end)
        groups.append(mark)
    return groups


def _sentences(answer: str) -> Iterator[tuple[int, int]]:
    start = 0
    for end in END.finditer(answer):
        yield start, end.end()
        start = end.end()
    if start < len(answer):
        yield start, len(answer)


def _without(text: str, marks: Sequence[_Mark]) -> str:
    for mark in reversed(marks):
        text = text[: mark.start] + text[mark.end :]
    return text.strip()


def _found(answer: str, passages: Sequence[str]) -> list[Citation]:
    wanted, asked = terms(answer), sequence(answer)
    if not wanted:
        return []
    whole = [
        Citation(number, False, VERBATIM, answer.strip(), 1.0)
        for number, passage in enumerate(passages, 1) if asked in sequence(passage)
    ]  # fmt: skip
    if whole or len(wanted) < 2:  # one word that is not there as it stands supports nothing
        return whole
    measured = [(number, support(wanted, keys(passage))) for number, passage in enumerate(passages, 1)]
    return [
        Citation(number, False, BY_WORDS, answer.strip(), one.share, tuple(term.shown for term in one.missing))
        for number, one in measured if one.enough(SUPPORT)
    ]  # fmt: skip
