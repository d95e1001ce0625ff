"""What a search found: the hits of one question, where each score came from, and whether any of it is near."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from data.schema import Hit, Origin
from rag.settings import PACKAGED

# Cosine of the nearest passage, measured with passages of 160 tokens. Below 0.3 lie 3 % of 914 questions on six
# encyclopedia articles and 1 % of 167 on a help desk, but 82 to 95 % of questions asked of the wrong collection.
NOTHING_BELOW = {PACKAGED: 0.3}


@dataclass(frozen=True)
class Took:
    """Seconds of the three steps of a search: making the question's vector (None where none is made), going through
    the index, and fetching the passages. Of questions searched together, each one's share."""

    vector: float | None
    search: float
    passages: float


@dataclass(frozen=True)
class Found:
    """The hits of one question. ``best_cosine`` is the nearest passage's (None when no vectors were compared).

    ``below`` counts the passages that were found but scored less than the least score asked for. ``vector`` is the
    question's own: float32, shape (dim,); None with the method "bm25".
    """

    hits: list[Hit]
    best_cosine: float | None
    relevant: bool
    below: int = 0
    vector: np.ndarray | None = field(default=None, compare=False)
    took: Took | None = field(default=None, compare=False)


def nothing_relevant(best_cosine: float, embedder: str) -> bool:
    """True if even the nearest passage is as far from the question as passages on other subjects are.

    Only claimed for embedders whose threshold was measured.
    """
    return best_cosine < NOTHING_BELOW.get(embedder, -1.0)


def told(origin: Origin) -> str:
    """Where a score came from, in words; empty for a passage that was handed over."""
    parts = []
    if origin.cosine is not None:
        place = f"dense rank {origin.dense_rank}" if origin.dense_rank else "not in the dense list"
        parts.append(f"{place} (cosine {origin.cosine:.3f})")
    if origin.bm25 is not None:
        parts.append(f"BM25 rank {origin.bm25_rank} (score {origin.bm25:.2f})")
    if origin.fused is not None:
        parts.append(f"fused {origin.fused:.4f}")
    return ", ".join(parts)
