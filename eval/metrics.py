"""Text in, number out: how right one answer is. SQuAD's exact match and token F1 (Rajpurkar et al. 2016).

The normalisation is SQuAD's: lower case, no punctuation, no English articles, white space folded. An abstention is
right exactly when the question cannot be answered. An answer that was cut, or never began because the prompt did not
fit, scores 0.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from data.prompts import ABSTAIN, ALSO_ABSTAIN
from data.schema import Answer, Example

PUNCTUATION = str.maketrans("", "", string.punctuation)
ARTICLES = re.compile(r"\b(a|an|the)\b")
NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")
CUT = ("length", "over_budget")
KEPT = 1 << 16  # texts whose normal form is kept: every system is compared with the same references


@dataclass(frozen=True)
class Score:
    """One answer's scores, each from 0 to 1."""

    exact_match: float
    token_f1: float


@lru_cache(KEPT)
def normalise(text: str) -> str:
    """SQuAD's normal form of an answer."""
    return " ".join(ARTICLES.sub(" ", text.lower().translate(PUNCTUATION)).split())


ABSTENTIONS = frozenset(normalise(text) for text in (ABSTAIN, *ALSO_ABSTAIN))


def abstains(text: str) -> bool:
    """True if the whole answer is the abstaining sentence of data.prompts or one of its listed equivalents."""
    return normalise(text.replace("’", "'")) in ABSTENTIONS


def said(answer: Answer) -> str:
    """What counts of an answer: its text, or nothing when it was cut or its prompt did not fit."""
    return "" if answer.finish_reason in CUT else answer.text


def exact_match(answer: str, references: Sequence[str]) -> float:
    """1 if the answer equals a reference after normalisation, else 0. An empty answer is never right."""
    given = normalise(answer)
    return float(bool(answer.strip()) and any(given == normalise(reference) for reference in references))


def contains(answer: str, references: Sequence[str]) -> float:
    """1 if the words of a reference stand in the answer, one after another, after normalisation; else 0."""
    given = f" {normalise(answer)} "
    return float(any(f" {wanted} " in given for wanted in map(normalise, references) if wanted))


def token_f1(answer: str, references: Sequence[str]) -> float:
    """The best harmonic mean of token precision and recall over the references."""
    return max((_f1(normalise(answer), normalise(reference)) for reference in references), default=0.0)


def _f1(given: str, wanted: str) -> float:
    if not given or not wanted:
        return 0.0
    if given == wanted:
        return 1.0
    left, right = given.split(), wanted.split()
    shared = sum((Counter(left) & Counter(right)).values())
    return 2 * shared / (len(left) + len(right))


def parse_number(text: str) -> float | None:
    """The first number in the text (thousands separated by commas), or None."""
    found = NUMBER.search(text)
    return float(found.group().replace(",", "")) if found else None


def score(example: Example, answer: Answer) -> Score:
    """The scores of one answer. For the task "number", exact match compares values instead of wordings."""
    text = said(answer)
    if not example.answerable:
        right = float(abstains(text))
        return Score(right, right)
    if example.task == "number":
        given, wanted = parse_number(text), [parse_number(reference) for reference in example.answers]
        return Score(float(given is not None and given in wanted), token_f1(text, example.answers))
    return Score(exact_match(text, example.answers), token_f1(text, example.answers))
