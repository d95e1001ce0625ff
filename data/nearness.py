"""Test questions that stand in the training data in almost the same words: near-duplicates.

Two signs. Thirteen words in a row that a training question has as well (``data.runs``). And likeness: the share of
telling words in common (the Jaccard index, each word weighted by how few questions hold it). A likeness in between is
settled by the similarity of the two questions' embeddings where an embedder is handed in. Likeness stands behind a
guard of words: numbers, negations and the kind of question (who, when, where, why, how) must agree, or the questions
ask for different things however alike they look.

The thresholds were set on one half of planted near-duplicates and measured on the other: ``tests/bench/leaks.py``.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from data.runs import GRAM, own_words, shared_runs, words
from data.schema import Example

Embed = Callable[[Sequence[str]], np.ndarray]
"""Unit vectors of questions, shape (len(texts), dimension)."""
Texts = tuple[list[list[str]], list[list[str]]]  # the words of every test row, and of every training row

ALIKE = 0.75  # likeness from which words alone settle it
MAYBE = 0.4  # likeness from which an embedder is asked
COSINE = 0.9  # similarity at which the embedder says yes
WORK = 20_000_000  # multiplications allowed in the search for candidates; beyond, the commonest words are left out
BLOCK, CANDIDATES = 512, 3

KINDS = {"who": "who", "whom": "who", "whose": "who", "when": "when", "where": "where", "why": "why", "how": "how"}
_NEGATIONS = "not no never none without except cannot isn doesn don didn won wasn aren"
_EMPTY = (
    "a an the of in on at to for from by with is are was were be been am do does did has have had can could would "
    "will should may might must i you we they he she it me us my your our their his her its this that these those "
    "and or if so as than then there here what which please kindly tell know say let like want wish s t ll ve re d m "
    "hello hi hey thanks thank"
)
NEGATIONS, EMPTY = frozenset(_NEGATIONS.split()), frozenset(_EMPTY.split())


@dataclass(frozen=True)
class Near:
    """A test row and the training row it nearly repeats. ``sign`` says in words what gave it away."""

    test: str
    train: str
    question: str
    other: str
    sign: str


def near_duplicates(test: Sequence[Example], train: Sequence[Example], embed: Embed | None = None) -> list[Near]:
    """For each test row the training row that it nearly repeats, if any. Rows of one ``fact`` are not compared.

    Exact repetitions come out as near ones too; who calls takes them away first. No pair of texts is compared unless
    they share telling words.
    """
    if not test or not train:
        return []
    asked, taught = ([words(example.question) for example in rows] for rows in (test, train))
    own = own_words(asked, taught)
    runs = [pair for pair in shared_runs(*own) if _apart(test[pair[0]], train[pair[1]])]
    found = {one: (other, f"{GRAM} words in a row") for one, other in runs}
    for one, other, sign in _likenesses(test, train, (asked, taught), own, embed):
        found.setdefault(one, (other, sign))
    return [
        Near(test[one].id, train[other].id, test[one].question, train[other].question, sign)
        for one, (other, sign) in sorted(found.items())
    ]


def _apart(one: Example, other: Example) -> bool:
    """Rows of the same fact are meant to ask the same: taught, reworded."""
    return one.fact is None or one.fact != other.fact


def _likenesses(
    test: Sequence[Example], train: Sequence[Example], every: Texts, own: Texts, embed: Embed | None
) -> list[tuple[int, int, str]]:
    """(test row, training row, sign) of the pairs that are alike enough in telling words, or also by embedding.

    ``every`` are the words of both sides, ``own`` those without the forms that many rows share.
    """
    asked, taught = every
    told = [frozenset(row) - EMPTY for row in (*asked, *taught)]
    spread = Counter(word for row in told for word in row)
    weight = {word: math.log(1 + len(told) / count) for word, count in spread.items()}
    sure, open_ones = [], []
    for one, others in _candidates(told[: len(test)], told[len(test) :], weight):
        alike = [
            (_likeness(told[one], told[len(test) + other], weight), other)
            for other in others
            if _apart(test[one], train[other]) and _guarded(asked[one], taught[other])
        ]
        likeness, other = max(alike, default=(0.0, -1))
        if likeness >= ALIKE:
            sure.append((one, other, f"{100 * likeness:.0f} % of the telling words"))
        elif likeness >= MAYBE:
            open_ones.append((one, other))
    return sure + (_embedded(test, train, own, open_ones, embed) if embed and open_ones else [])


def _embedded(
    test: Sequence[Example], train: Sequence[Example], own: Texts, pairs: list[tuple[int, int]], embed: Embed
) -> list[tuple[int, int, str]]:
    """The pairs whose questions are near as embedded, and near also without the form that many rows share."""
    asked, taught = ([" ".join(row) for row in rows] for rows in own)
    whole = [(test[one].question, train[other].question) for one, other in pairs]
    sides = (whole, [(asked[one], taught[other]) for one, other in pairs])
    texts = list(dict.fromkeys(text for side in sides for pair in side for text in pair if all(pair)))
    vectors = dict(zip(texts, embed(texts), strict=True))
    found = []
    for pair, *told in zip(pairs, *sides, strict=True):
        cosine = min(float(vectors[one] @ vectors[other]) for one, other in told if one and other)
        if cosine >= COSINE:
            found.append((*pair, f"embedding similarity {cosine:.2f}"))
    return found


def _likeness(one: frozenset[str], other: frozenset[str], weight: dict[str, float]) -> float:
    """Weights of the words in common, as a share of the weights of all words of both."""
    every = sum(weight[word] for word in one | other)
    return sum(weight[word] for word in one & other) / every if every else 0.0


def _guarded(one: list[str], other: list[str]) -> bool:
    """Whether numbers, negations and the kind of question agree."""
    if {w for w in one if _number(w)} != {w for w in other if _number(w)}:
        return False
    if bool(NEGATIONS.intersection(one)) != bool(NEGATIONS.intersection(other)):
        return False
    kinds = [{KINDS[w] for w in row if w in KINDS} for row in (one, other)]
    return not (all(kinds) and kinds[0].isdisjoint(kinds[1]))


def _number(word: str) -> bool:
    return any(character.isdigit() for character in word)


def _candidates(
    asked: list[frozenset[str]], taught: list[frozenset[str]], weight: dict[str, float]
) -> list[tuple[int, list[int]]]:
    """For each test row the few training rows that share the most telling words with it, by one sparse product."""
    kept = _searched(asked, taught)
    left, right = (_matrix(rows, kept) for rows in (asked, taught))
    scale = np.array([weight[word] for word in kept], np.float32)
    sums = np.array([sum(weight[word] for word in row) for row in taught], np.float32)
    found = []
    for start in range(0, len(asked), BLOCK):
        shared = left[start : start + BLOCK].multiply(scale).tocsr() @ right.T
        for row in range(shared.shape[0]):
            begin, end = shared.indptr[row], shared.indptr[row + 1]
            columns, common = shared.indices[begin:end], shared.data[begin:end]
            if not len(columns):
                continue
            own = sum(weight[word] for word in asked[start + row])
            likeness = common / (own + sums[columns] - common)
            best = np.argsort(-likeness, kind="stable")[:CANDIDATES]
            found.append((start + row, columns[best].tolist()))
    return found


def _searched(asked: list[frozenset[str]], taught: list[frozenset[str]]) -> dict[str, int]:
    """{word: column} of the words both sides have; the commonest are left out when the product would be too large."""
    here, there = (Counter(word for row in rows for word in row) for rows in (asked, taught))
    work, kept = 0, []
    for word in sorted(here.keys() & there.keys(), key=lambda w: (here[w] * there[w], w)):
        work += here[word] * there[word]
        if work > WORK:
            break
        kept.append(word)
    return {word: column for column, word in enumerate(kept)}


def _matrix(rows: list[frozenset[str]], columns: dict[str, int]) -> Any:
    from scipy.sparse import csr_matrix

    places = [sorted(columns[word] for word in row if word in columns) for row in rows]
    starts = np.cumsum([0, *map(len, places)])
    indices = np.array([place for row in places for place in row], np.int64)
    return csr_matrix((np.ones(len(indices), np.float32), indices, starts), shape=(len(rows), len(columns)))
