"""Long runs of words that two texts share: the classic sign that one was copied from the other.

What occurs in more than ten texts is a form that all of them share, and says nothing (Brown et al. 2020, "Language
Models are Few-Shot Learners", appendix C, leave out such runs of thirteen words; here such runs of five words are left
out before, for rows of data often begin with one instruction).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import numpy as np

from data.unseen import without

GRAM = 13  # words in a row
FORM = 5
SHARED_FORM = 10  # a run of FORM words in more texts than this is a form
WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")


def words(text: str) -> list[str]:
    """The words of a text, folded; of scripts written without spaces, the characters."""
    return WORD.findall(unicodedata.normalize("NFKC", without(text)).casefold())


@dataclass(frozen=True)
class _Flat:
    """All words of some texts in one row, as numbers mixed to 64 bits, and the text that each is in."""

    words: np.ndarray
    text: np.ndarray

    def runs(self, size: int) -> tuple[np.ndarray, np.ndarray]:
        """(hash, place) of every run of ``size`` words that lies within one text."""
        count = len(self.words) - size + 1
        if count <= 0:
            return np.zeros(0, np.uint64), np.zeros(0, np.int64)
        total = np.zeros(count, np.uint64)
        for offset in range(size):
            total = total * np.uint64(0xBF58476D1CE4E5B9) + self.words[offset : offset + count]
        (inside,) = np.nonzero(self.text[:count] == self.text[size - 1 :])
        return total[inside], inside

    def own(self, forms: np.ndarray) -> np.ndarray:
        """Which words are in no run of ``FORM`` words among ``forms``."""
        hashes, places = self.runs(FORM)
        kept = np.ones(len(self.words), bool)
        for offset in range(FORM):
            kept[places[np.isin(hashes, forms)] + offset] = False
        return kept


def own_words(asked: list[list[str]], taught: list[list[str]]) -> tuple[list[list[str]], list[list[str]]]:
    """The same texts, given as ``words``, without the forms that many of ``taught`` share."""
    numbers: dict[str, int] = {}
    here, there = (_flat(rows, numbers) for rows in (asked, taught))
    forms = _forms(there)
    return _kept(asked, here.own(forms)), _kept(taught, there.own(forms))


def _kept(rows: list[list[str]], kept: np.ndarray) -> list[list[str]]:
    flags = iter(kept.tolist())
    return [[word for word, own in zip(row, flags, strict=False) if own] for row in rows]


def shared_runs(asked: list[list[str]], taught: list[list[str]]) -> list[tuple[int, int]]:
    """For each text of ``asked`` that shares a run of ``GRAM`` words with one of ``taught``: the places of both.

    Texts are given as ``own_words``. Runs are compared by 64-bit hashes, so long texts cost no more than their words.
    """
    numbers: dict[str, int] = {}
    here, there = (_flat(rows, numbers) for rows in (asked, taught))
    hashes, places = there.runs(GRAM)
    known, first = np.unique(hashes, return_index=True)
    wanted, at = here.runs(GRAM)
    if not len(known):
        return []
    found = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    hit = known[found] == wanted
    pairs: dict[int, int] = {}
    ones, others = here.text[at[hit]], there.text[places[first[found[hit]]]]
    for one, other in zip(ones.tolist(), others.tolist(), strict=True):
        pairs.setdefault(one, other)
    return list(pairs.items())


def _flat(rows: list[list[str]], numbers: dict[str, int]) -> _Flat:
    flat = np.array([numbers.setdefault(word, len(numbers)) for row in rows for word in row], np.uint64)
    mixed = (flat + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    return _Flat(mixed ^ (mixed >> np.uint64(29)), np.repeat(np.arange(len(rows)), [len(row) for row in rows]))


def _forms(texts: _Flat) -> np.ndarray:
    """Hashes of the runs of ``FORM`` words that stand in more than ``SHARED_FORM`` texts."""
    hashes, places = texts.runs(FORM)
    once = np.unique(np.stack([hashes, texts.text[places].astype(np.uint64)]), axis=1)
    known, count = np.unique(once[0], return_counts=True)
    return known[count > SHARED_FORM]
