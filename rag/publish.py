"""One change of a knowledge base carried out: split, embed what is new, write, publish."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from data import store
from data.documents import Refused
from data.schema import Document, Passage
from data.store import Artifact, Workspace
from rag import index
from rag.chunk import chunk, in_context
from rag.embed import Embedder
from rag.files import Knowledge, write_version
from rag.settings import BuildConfig

EMBED_AT_ONCE = 64  # passages between two progress messages

Report = Callable[[float, float, str], None]
"""Told how far the work is: (done, total, text). It may raise to stop the work; nothing is published then."""


@dataclass(frozen=True)
class Built:
    """What a change made: the version it published (or the current one, when nothing had to change)."""

    artifact: Artifact
    documents: int
    passages: int
    embedded: int
    refused: tuple[Refused, ...]
    warnings: tuple[str, ...]

    def summary(self) -> dict[str, object]:
        """The JSON that ``python -m rag build --json`` prints."""
        refused = [dataclasses.asdict(one) for one in self.refused]
        return {
            "knowledge": self.artifact.ref, "documents": self.documents, "passages": self.passages,
            "embedded": self.embedded, "warnings": list(self.warnings), "refused": refused,
        }  # fmt: skip


def nothing(done: float, total: float, text: str) -> None:
    """The report of someone who does not want one."""


def publish_version(
    workspace: Workspace, name: str, documents: list[Document], settings: BuildConfig, embedder: Embedder,
    report: Report, before: Knowledge | None, refused: tuple[Refused, ...],
) -> Built:  # fmt: skip
    """Publish these documents as the next version after ``before``; nothing new is made when nothing changed."""
    warnings = tuple(f"{document.file}: {warning}" for document in documents for warning in document.warnings)
    if before and _same(before, documents, settings, embedder):
        return Built(before.artifact, len(documents), len(before.passages), 0, refused, warnings)
    if settings.chunk_tokens > embedder.max_tokens:
        warnings = (*warnings, f"passages are cut to {embedder.max_tokens} tokens: the embedding model reads no more")
    passages = _chunk(documents, settings, embedder, before, report)
    vectors, embedded = _embed(passages, embedder, before, report)
    with store.staging(workspace, "knowledge") as folder:
        report(len(passages), len(passages), "writing")
        stored = write_version(folder, documents, passages, vectors)
        manifest = {
            "created": datetime.now(UTC).isoformat(timespec="seconds"), "parent": before.ref if before else None,
            "settings": dataclasses.asdict(settings), "embedder": _embedder_record(embedder),
            "index": {"kind": index.KIND, "reason": index.REASON},
            "counts": {"documents": len(documents), "passages": len(passages), "embedded": embedded},
            "files": {d.id: _file_record(d) for d in documents},
            "warnings": list(warnings), "refused": [dataclasses.asdict(one) for one in refused], "stored": stored,
        }  # fmt: skip
        report(len(passages), len(passages), "publishing")
        artifact = store.publish(workspace, "knowledge", name, folder, manifest)
    return Built(artifact, len(documents), len(passages), embedded, refused, warnings)


def _file_record(document: Document) -> dict[str, object]:
    """What the page's table says of a document: characters its file held ("in") and characters kept."""
    return {
        "file": document.file, "sha256": document.sha256, "pages": len(document.page_starts) or None,
        "characters_in": document.characters_in, "characters": len(document.text), "warnings": list(document.warnings),
    }  # fmt: skip


def _embedder_record(embedder: Embedder) -> dict[str, object]:
    names = ("id", "weights_hash", "dim", "dtype", "dtype_reason", "max_tokens")
    return {**{name: getattr(embedder, name) for name in names}, "normalised": True}


def _same(before: Knowledge, documents: list[Document], settings: BuildConfig, embedder: Embedder) -> bool:
    made = before.manifest["settings"] == dataclasses.asdict(settings)
    return made and _same_vectors(before, embedder) and list(before.documents) == documents


def _same_vectors(before: Knowledge, embedder: Embedder) -> bool:
    """True if vectors of that version are what ``embedder`` would compute."""
    kept = before.manifest["embedder"]
    return (kept["weights_hash"], kept["dtype"]) == (embedder.weights_hash, embedder.dtype)


def _chunk(
    documents: list[Document], settings: BuildConfig, embedder: Embedder, before: Knowledge | None, report: Report
) -> list[Passage]:
    """Passages of all documents, in their order; those of documents that did not change are taken over."""
    size = min(settings.chunk_tokens, embedder.max_tokens)
    kept: dict[str, list[Passage]] = {}
    if before and before.manifest["settings"] == dataclasses.asdict(settings) and _same_vectors(before, embedder):
        changed = set(documents).symmetric_difference(before.documents)
        kept = {document.id: [] for document in documents if document not in changed}
        for passage in before.passages:
            if passage.document in kept:
                kept[passage.document].append(passage)
    passages: list[Passage] = []
    for number, document in enumerate(documents, 1):
        report(0, 1, f"splitting {document.id}: {number} of {len(documents)}")
        known = kept.get(document.id)
        passages += chunk(document, embedder.tokenizer, size, settings.overlap_tokens) if known is None else known
    return passages


def _embed(
    passages: list[Passage], embedder: Embedder, before: Knowledge | None, report: Report
) -> tuple[np.ndarray, int]:
    """Vectors of all passages, float32 (passages, dim), and how many had to be computed."""
    known: dict[str, np.ndarray] = {}
    if before and _same_vectors(before, embedder):
        pairs = zip(before.passages, before.vectors, strict=True)
        known = {in_context(passage): vector for passage, vector in pairs}
    texts = [in_context(passage) for passage in passages]
    # sorted by length, because texts of a batch are padded to its longest; then by text, so that a build is repeatable
    new = sorted(set(texts) - known.keys(), key=lambda text: (len(text), text))
    for begin in range(0, len(new), EMBED_AT_ONCE):
        report(begin, len(new), f"embedding {begin} of {len(new)} passages")
        batch = new[begin : begin + EMBED_AT_ONCE]
        known.update(zip(batch, embedder.embed(batch), strict=True))
    return np.stack([known[text] for text in texts]), len(new)
