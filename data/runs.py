"""Long runs of words that two texts share: the classic sign that one was copied from the other.

Runs that occur in more than ten texts are a form that all of them share, and say nothing (Brown et al. 2020, "Language
Models are Few-Shot Learners", appendix C).
"""

from __future__ import annotations

import re
import unicodedata

import numpy as np

GRAM = 13  # words in a row
SHARED_FORM = 10  # a run in more texts than this is a form, not a copy
WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")


def words(text: str) -> list[str]:
    """The words of a text, folded; of scripts written without spaces, the characters."""
    return WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def shared_runs(asked: list[list[str]], taught: list[list[str]]) -> list[tuple[int, int]]:
    """For each text of ``asked`` that shares a run of ``GRAM`` words with one of ``taught``: the places of both.

    Texts are given as ``words``. Runs are compared by 64-bit hashes, so long texts cost no more than their words.
    """
    numbers: dict[str, int] = {}
    here, there = (_hashed_runs(rows, numbers) for rows in (asked, taught))
    values, first, count = np.unique(there[0], return_index=True, return_counts=True)
    if not len(values):
        return []
    place = np.minimum(np.searchsorted(values, here[0]), len(values) - 1)
    hit = (values[place] == here[0]) & (count[place] <= SHARED_FORM)
    pairs: dict[int, int] = {}
    for one, other in zip(here[1][hit].tolist(), there[1][first[place[hit]]].tolist(), strict=True):
        pairs.setdefault(one, other)
    return list(pairs.items())


def _hashed_runs(rows: list[list[str]], numbers: dict[str, int]) -> tuple[np.ndarray, np.ndarray]:
    """A 64-bit hash of every run of words that lies within one row, once per row, and the row it is in."""
    flat = np.array([numbers.setdefault(word, len(numbers)) for row in rows for word in row], np.uint64)
    row = np.repeat(np.arange(len(rows)), [len(one) for one in rows])
    if len(flat) < GRAM:
        return np.zeros(0, np.uint64), np.zeros(0, np.int64)
    mixed = (flat + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(29)
    runs = len(flat) - GRAM + 1
    total = np.zeros(runs, np.uint64)
    for offset in range(GRAM):
        total = total * np.uint64(0xBF58476D1CE4E5B9) + mixed[offset : offset + runs]
    inside = row[:runs] == row[GRAM - 1 :]
    once = np.unique(np.stack([total[inside], row[:runs][inside].astype(np.uint64)]), axis=1)
    return once[0], once[1].astype(np.int64)
