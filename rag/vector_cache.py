"""Vectors computed before (``cache/vectors.sqlite``): indexing the same text again embeds nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from data.disk import text_hash
from data.workspace import Workspace
from rag import cache
from rag.embed import Embedder

KEPT = 1_000_000  # the newest vectors: 1.6 GB of them at 384 numbers each


def recall(workspace: Workspace, embedder: Embedder, texts: Sequence[str]) -> dict[str, np.ndarray]:
    """{text: its unit vector, float32 (dim,)} of those texts that this embedder has embedded before."""
    wanted = {_key(embedder, text): text for text in texts}
    found = cache.recall(_cache(workspace), wanted)
    return {
        wanted[name]: np.frombuffer(stored, "<f4").astype(np.float32)
        for name, stored in found.items() if len(stored) == 4 * embedder.dim
    }  # fmt: skip


def keep(workspace: Workspace, embedder: Embedder, texts: Iterable[str], vectors: np.ndarray) -> None:
    """Remember the vectors of these texts. ``vectors``: float32 (texts, dim)."""
    rows = zip(texts, np.ascontiguousarray(vectors, "<f4"), strict=True)
    cache.keep(_cache(workspace), ((_key(embedder, text), vector.tobytes()) for text, vector in rows))


def _cache(workspace: Workspace) -> cache.Cache:
    return cache.cache_of(workspace, "vectors", "vector", KEPT)


def _key(embedder: Embedder, text: str) -> bytes:
    """The model's name and weights, its number format, and the text."""
    return cache.key(embedder.id, embedder.weights_hash, embedder.dtype, text_hash(text))
