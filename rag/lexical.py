"""BM25 search by words. The only file that imports bm25s and the stemmer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

# Scripts written without spaces (kana, Han, Thai, Lao, Khmer, Myanmar) count each character as a word; a regular
# expression for words would take a whole sentence as one.
UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
WORD = re.compile(rf"[{UNSPACED}]|[^\W_{UNSPACED}]+")


def words(text: str) -> list[str]:
    """Lower-case stems of a text's words (Porter's English stemmer, which leaves other scripts as they are)."""
    from Stemmer import Stemmer

    return Stemmer("english").stemWords(WORD.findall(text.lower()))


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


def best(index: Any, question: str, k: int) -> list[tuple[int, float]]:
    """(place, score) of the at most ``k`` best passages, best first; equal scores in the passages' order.

    Passages sharing no word with the question score 0 and are left out, so unknown words find nothing.
    """
    asked = words(question) if index is not None else []
    if not asked or k < 1:
        return []
    scores = index.get_scores(asked)
    order = np.argsort(-scores, kind="stable")[:k]
    return [(int(place), float(scores[place])) for place in order if scores[place] > 0]
