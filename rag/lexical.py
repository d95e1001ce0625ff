"""BM25 search by words. The only file that imports bm25s and the stemmer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

# In scripts written without spaces (kana, Han, Thai, Lao, Khmer, Myanmar) each character and each pair of neighbours
# count as words; a regular expression for words would take a whole sentence as one. The pairs keep a word apart from a
# text that merely holds its characters.
UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
WORD = re.compile(rf"[{UNSPACED}]|[^\W_{UNSPACED}]+")
PAIR = re.compile(rf"(?=([{UNSPACED}]{{2}}))")


def words(text: str) -> list[str]:
    """Lower-case stems of a text's words (Porter's English stemmer, which leaves other scripts as they are)."""
    from Stemmer import Stemmer

    lowered = text.lower()
    return Stemmer("english").stemWords([*WORD.findall(lowered), *PAIR.findall(lowered)])


def make(texts: Sequence[str]) -> Any:
    """A BM25 index over passages, in their order. None when no passage has a word."""
    import bm25s

    corpus = [words(text) for text in texts]
    if not any(corpus):
        return None
    index = bm25s.BM25(backend="numpy")
    index.index(corpus, show_progress=False)
    return index


def write(index: Any, folder: Path) -> None:
    """Save an index: JSON and plain arrays, no pickles."""
    folder.mkdir()
    if index is not None:
        index.save(str(folder), show_progress=False)


def read(folder: Path) -> Any:
    """Load an index that this program wrote (the caller has checked its checksums)."""
    import bm25s

    return bm25s.BM25.load(str(folder)) if any(folder.iterdir()) else None


def best(index: Any, question: str, k: int, allowed: np.ndarray | None = None) -> list[tuple[int, float]]:
    """(place, score) of the at most ``k`` best passages, best first; equal scores in the passages' order.

    Passages sharing no word with the question score 0 and are left out, so unknown words find nothing. ``allowed``:
    bool (passages,), which passages may be found.
    """
    asked = words(question) if index is not None else []
    if not asked or k < 1:
        return []
    scores = index.get_scores(asked)
    if allowed is not None:
        scores = np.where(allowed, scores, 0)
    places = np.flatnonzero(scores > 0)
    if len(places) > k:  # sorting all of them takes longer than scoring them
        places = places[scores[places] >= np.partition(scores[places], -k)[-k]]
    order = places[np.argsort(-scores[places], kind="stable")[:k]]
    return list(zip(order.tolist(), scores[order].tolist(), strict=True))
