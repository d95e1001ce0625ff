"""Nearest passages by vector. The only file that imports faiss, inside its functions: the page never loads it.

Comparing every vector is exact, and cheap up to some 100,000 of them. A larger index is a graph (HNSW) that looks at a
small part of them, and how much it misses is measured on that very index before it is used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

EXACT, APPROXIMATE = "IndexFlatIP", "IndexHNSWFlat"
NEIGHBOURS, BUILD_BREADTH = 32, 80  # links of a passage in the graph; candidates looked at for each while it is built
BREADTHS = (64, 128, 256, 512)  # candidates looked at for a question: the first that finds enough is kept
ENOUGH = 0.98  # of the ten nearest; below this at every breadth, exact search is used after all
PROBE_DEPTH, SAME = 10, 1e-5

Ranked = list[tuple[int, float]]
"""(place of a passage, score), best first."""


@dataclass(frozen=True)
class Choice:
    """The index made, and what the manifest says of it."""

    index: Any
    kind: str
    reason: str
    recall_at_10: float | None = None
    measured_on: int = 0

    def record(self) -> dict[str, Any]:
        """For the manifest: kind, reason and (of an approximate index) the measured recall."""
        record: dict[str, Any] = {"kind": self.kind, "reason": self.reason}
        if self.recall_at_10 is None:
            return record
        return {**record, "recall_at_10": round(self.recall_at_10, 4), "measured_on": self.measured_on}


def choose(vectors: np.ndarray, make_probes: Callable[[], np.ndarray], exact_up_to: int) -> Choice:
    """The index for so many passages: exact up to ``exact_up_to``, else approximate if it finds enough.

    ``vectors``: float32 (passages, dim). ``make_probes`` gives vectors of question-like texts, float32 (n, dim), on
    which recall is measured; an exact index does not ask for them.
    """
    count = len(vectors)
    if count <= exact_up_to:
        return Choice(exact(vectors), EXACT, f"exact search: comparing all {count:,} vectors is cheap up to "
                      f"{exact_up_to:,} passages")  # fmt: skip
    graph, probes = approximate(vectors), make_probes()
    recall = 0.0
    for breadth in BREADTHS:
        graph.hnsw.efSearch = breadth
        recall = recall_at_10(graph, probes)
        if recall >= ENOUGH:
            reason = f"approximate search, because there are more than {exact_up_to:,} passages: of the ten nearest to "
            reason += f"{len(probes)} probes it found {100 * recall:.1f} % (measured on this index)"
            return Choice(graph, APPROXIMATE, reason, recall, len(probes))
    reason = f"exact search, although there are more than {exact_up_to:,} passages: approximate search found only "
    reason += f"{100 * recall:.1f} % of the ten nearest to {len(probes)} probes (measured on these vectors)"
    return Choice(exact(vectors), EXACT, reason, recall, len(probes))


def exact(vectors: np.ndarray) -> Any:
    """An index that compares every vector; a row's number in it is the passage's place. ``vectors``: float32."""
    import faiss

    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(np.ascontiguousarray(vectors, np.float32))
    return index


def approximate(vectors: np.ndarray) -> Any:
    """A graph of passages with their nearest neighbours, which holds the vectors as well."""
    import faiss

    index = faiss.IndexHNSWFlat(vectors.shape[1], NEIGHBOURS, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = BUILD_BREADTH
    index.add(np.ascontiguousarray(vectors, np.float32))
    return index


def recall_at_10(index: Any, probes: np.ndarray) -> float:
    """The part of the ten truly nearest passages that an approximate index finds, over all probes.

    A passage as near as the tenth counts, whichever it is: of passages that say the same, any will do.
    """
    depth = min(PROBE_DEPTH, index.ntotal)
    probes = np.ascontiguousarray(probes, np.float32)
    found, places = index.search(probes, depth)
    true, _ = flat(index).search(probes, depth)
    return float(np.mean((found >= true[:, -1:] - SAME) & (places >= 0)))


def flat(index: Any) -> Any:
    """The exact index: this one itself, or the one inside a graph."""
    import faiss

    return faiss.downcast_index(index.storage) if hasattr(index, "hnsw") else index


def vectors_of(index: Any) -> np.ndarray:
    """The stored vectors, float32 (passages, dim), without a copy: use them only while the index is held."""
    import faiss

    inside = flat(index)
    return faiss.rev_swig_ptr(inside.get_xb(), inside.ntotal * inside.d).reshape(inside.ntotal, inside.d)


def write(index: Any, path: Path) -> None:
    """Save an index."""
    import faiss

    faiss.write_index(index, str(path))


def read(path: Path) -> Any:
    """Load an index that this program wrote (the caller has checked its checksum)."""
    import faiss

    return faiss.read_index(str(path))


def nearest(index: Any, queries: np.ndarray, k: int, allowed: np.ndarray | None = None) -> list[Ranked]:
    """(place, cosine) of the at most ``k`` nearest passages of each query, best first. ``queries``: float32 (n, dim).

    ``allowed``: bool (passages,); a search narrowed by it is exact in every index, because a graph of which most nodes
    are out of bounds loses its way. A query that is not finite finds nothing. FAISS fills missing results with place
    -1, which in Python would mean the last passage: they are left out.
    """
    if index.ntotal == 0 or len(queries) == 0 or k < 1:
        return [[] for _ in queries]
    queries = np.ascontiguousarray(queries, np.float32)
    if allowed is None:
        scores, places = index.search(queries, min(k, index.ntotal))
    else:
        scores, places = _narrowed(flat(index), queries, min(k, index.ntotal), allowed)
    scores[~np.isfinite(queries).all(axis=1)] = np.nan
    return [real(*row) for row in zip(places, scores, strict=True)]


def _narrowed(inside: Any, queries: np.ndarray, k: int, allowed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    import faiss

    bits = np.packbits(allowed, bitorder="little")
    # FAISS borrows the bits and the selector: both must live until the search returns
    wanted = faiss.SearchParameters()
    wanted.sel = chosen = faiss.IDSelectorBitmap(len(allowed), faiss.swig_ptr(bits))  # noqa: F841
    return inside.search(queries, k, params=wanted)


def real(places: np.ndarray, scores: np.ndarray) -> Ranked:
    """The results that exist, as pairs."""
    kept = (places >= 0) & np.isfinite(scores)
    return list(zip(places[kept].tolist(), scores[kept].tolist(), strict=True))
