"""Nearest passages by vector. The only file that imports faiss, inside its functions: the page never loads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

KIND = "IndexFlatIP"
REASON = "exact search: every vector is compared, which stays cheap to about 100,000 passages"


def make(vectors: np.ndarray) -> Any:
    """An exact inner-product index; a row's number in it is the passage's place. ``vectors``: float32 (n, dim)."""
    import faiss

    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(np.ascontiguousarray(vectors, np.float32))
    return index


def write(index: Any, path: Path) -> None:
    """Save an index."""
    import faiss

    faiss.write_index(index, str(path))


def read(path: Path) -> Any:
    """Load an index that this program wrote (the caller has checked its checksum)."""
    import faiss

    return faiss.read_index(str(path))


def nearest(index: Any, queries: np.ndarray, k: int) -> list[list[tuple[int, float]]]:
    """(place, cosine) of the at most ``k`` nearest passages of each query, best first. ``queries``: float32 (n, dim).

    A query that is not finite finds nothing. FAISS fills missing results with place -1, which in Python would mean the
    last passage: they are left out.
    """
    if index.ntotal == 0 or len(queries) == 0 or k < 1:
        return [[] for _ in queries]
    scores, places = index.search(np.ascontiguousarray(queries, np.float32), min(k, index.ntotal))
    scores[~np.isfinite(queries).all(axis=1)] = np.nan
    return [_real(*row) for row in zip(places, scores, strict=True)]


def _real(places: np.ndarray, scores: np.ndarray) -> list[tuple[int, float]]:
    kept = (places >= 0) & np.isfinite(scores)
    return [(int(place), float(score)) for place, score in zip(places[kept], scores[kept], strict=True)]
