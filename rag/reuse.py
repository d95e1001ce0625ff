"""The passages and vectors of a new version, of which nothing is made twice.

They come from the version before while it was made alike, then from the caches; only the rest is cut and embedded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from data.options import from_saved
from data.schema import Document, Passage
from data.workspace import Workspace
from rag import span_cache, vector_cache
from rag.chunk import Cut, Piece, in_context, passages, pieces
from rag.embed import Embedder
from rag.files import Knowledge
from rag.settings import BuildConfig

SPLIT_AT_ONCE = 256  # documents between two looks into the cache
EMBED_AT_ONCE = 64  # passages between two progress messages

Report = Callable[[float, float, str], None]
"""Told how far the work is: (done, total, text). It may raise to stop the work; nothing is published then."""


def nothing(done: float, total: float, text: str) -> None:
    """The report of someone who does not want one."""


def why_none_kept(before: Knowledge, embedder: Embedder) -> str:
    """A sentence when no vector of the version before can be kept, else ""."""
    kept = before.manifest["embedder"]
    if kept["weights_hash"] != embedder.weights_hash:
        return f"no vector could be kept: {before.ref} was made with another embedding model ({kept['id']})"
    if kept["dtype"] != embedder.dtype:
        reason = f"{before.ref} holds vectors in {kept['dtype']}, this machine computes {embedder.dtype}"
        return f"no vector could be kept: {reason} ({embedder.dtype_reason})"
    return ""


def same_vectors(before: Knowledge, embedder: Embedder) -> bool:
    """True if vectors of that version are what ``embedder`` would compute."""
    return not why_none_kept(before, embedder)


def same_sizes(before: Knowledge, settings: BuildConfig) -> bool:
    """True if that version's passages have the sizes of ``settings``."""
    made = from_saved(before.manifest["settings"], BuildConfig)
    return (made.chunk_tokens, made.overlap_tokens) == (settings.chunk_tokens, settings.overlap_tokens)


def split(
    workspace: Workspace, documents: Sequence[Document], settings: BuildConfig, embedder: Embedder,
    before: Knowledge | None, report: Report,
) -> list[Passage]:  # fmt: skip
    """Passages of all documents, in their order; those of documents that did not change are taken over."""
    cut = Cut(embedder.tokenizer, min(settings.chunk_tokens, embedder.max_tokens), settings.overlap_tokens)
    known = _unchanged(documents, settings, embedder, before)
    found: list[Passage] = []
    for begin in range(0, len(documents), SPLIT_AT_ONCE):
        some = documents[begin : begin + SPLIT_AT_ONCE]

        def told(number: int, document: Document, before: int = begin) -> None:
            report(0, 1, f"splitting {document.id}: {before + number} of {len(documents)}")

        cuts = _cuts(workspace, [one for one in some if one.id not in known], cut, told)
        for document in some:
            taken = known.get(document.id)
            found += passages(document, cuts[document.id]) if taken is None else taken
    return found


def _unchanged(
    documents: Sequence[Document], settings: BuildConfig, embedder: Embedder, before: Knowledge | None
) -> dict[str, list[Passage]]:
    """{document id: its passages} of the documents that the version before holds, cut alike."""
    if not (before and same_sizes(before, settings) and same_vectors(before, embedder)):
        return {}
    changed = set(documents).symmetric_difference(before.documents)
    kept: dict[str, list[Passage]] = {document.id: [] for document in documents if document not in changed}
    for passage in before.passages:
        if passage.document in kept:
            kept[passage.document].append(passage)
    return kept


def _cuts(
    workspace: Workspace, documents: Sequence[Document], cut: Cut, told: Callable[[int, Document], None]
) -> dict[str, Sequence[Piece]]:
    """Where each document is cut; what is found out here is remembered, also when ``told`` stops the work."""
    found: dict[str, Sequence[Piece]] = dict(span_cache.recall(workspace, documents, cut))
    new = [document for document in documents if document.id not in found]
    try:
        for number, document in enumerate(new, 1):
            told(number, document)
            found[document.id] = pieces(document, cut)
    finally:
        span_cache.keep(workspace, cut, [(one, found[one.id]) for one in new if one.id in found])
    return found


def embed(
    workspace: Workspace, passages: list[Passage], embedder: Embedder, before: Knowledge | None, report: Report
) -> tuple[np.ndarray, dict[str, int]]:
    """Vectors of all passages, float32 (passages, dim), and what they cost: the counts that ``Built`` explains."""
    known: dict[str, np.ndarray] = {}
    if before and same_vectors(before, embedder):
        pairs = zip(before.passages, before.vectors, strict=True)
        known = {in_context(passage): vector for passage, vector in pairs}
    texts = [in_context(passage) for passage in passages]
    taken_over = sum(text in known for text in texts)
    cached = vector_cache.recall(workspace, embedder, sorted(set(texts) - known.keys()))
    known |= cached
    # sorted by length, because texts of a batch are padded to its longest; then by text, so that a build is repeatable
    new = sorted(set(texts) - known.keys(), key=lambda text: (len(text), text))
    for begin in range(0, len(new), EMBED_AT_ONCE):
        report(begin, len(new), f"embedding {begin} of {len(new)} passages")
        batch = new[begin : begin + EMBED_AT_ONCE]
        vectors = embedder.embed(batch)
        vector_cache.keep(
            workspace, embedder, batch, vectors
        )  # at once, so that a stopped build has not worked in vain
        known.update(zip(batch, vectors, strict=True))
    costs = {"embedded": len(new), "cached": len(cached), "taken_over": taken_over}
    return np.stack([known[text] for text in texts]), costs
