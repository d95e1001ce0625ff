"""A knowledge base is a chain of immutable versions: build, add and remove each publish a new one.

Only passages whose text the version before did not hold are embedded; the others keep their vectors. A reader holds one
version from start to end, and a crash at any moment leaves the last published one.
"""

from __future__ import annotations

import dataclasses
import fcntl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from data import store
from data.documents import Refused, read_documents
from data.errors import UserError
from data.options import from_saved
from data.schema import Document, Passage
from data.store import Artifact, Workspace
from rag import index
from rag.chunk import chunk, in_context
from rag.embed import Embedder
from rag.files import Knowledge, open_knowledge, write_version
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


def build(
    workspace: Workspace, name: str, paths: Sequence[Path], settings: BuildConfig, embedder: Embedder,
    report: Report = nothing,
) -> Built:  # fmt: skip
    """Make a knowledge base of files and folders; under a known name this is its next version.

    Raises UserError when no file can be read.
    """
    store.check_name(name, "knowledge base")
    with _sole_writer(workspace, name, report):
        documents, refused = _read(paths, report)
        if not documents:
            raise _none_read(refused)
        before = open_knowledge(workspace, name) if store.versions(workspace, "knowledge", name) else None
        return _publish(workspace, name, documents, settings, embedder, report, before, tuple(refused))


def add(
    workspace: Workspace, name: str, paths: Sequence[Path], embedder: Embedder, report: Report = nothing
) -> Built:  # fmt: skip
    """Add files to the current version, or replace those of the same name. Unchanged files change nothing."""
    with _sole_writer(workspace, name, report):
        before = open_knowledge(workspace, name)
        given, refused = _read(paths, report)
        if not given:
            raise _none_read(refused)
        documents = {document.id: document for document in before.documents} | {d.id: d for d in given}
        settings = from_saved(before.manifest["settings"], BuildConfig)
        return _publish(workspace, name, list(documents.values()), settings, embedder, report, before, tuple(refused))


def remove(
    workspace: Workspace, name: str, ids: Sequence[str], embedder: Embedder, report: Report = nothing
) -> Built:  # fmt: skip
    """Leave documents out of the next version. Raises UserError for an unknown id, or when none would be left."""
    with _sole_writer(workspace, name, report):
        before = open_knowledge(workspace, name)
        known = {document.id for document in before.documents}
        if unknown := [wanted for wanted in ids if wanted not in known]:
            listed = ", ".join(sorted(known)[:5]) + (" ..." if len(known) > 5 else "")
            raise UserError(f"{before.ref} has no document {unknown[0]!r}.", f"It has: {listed}.")
        if known == set(ids):
            raise UserError(f"{before.ref} would be left without documents.", "Keep at least one.")
        documents = [document for document in before.documents if document.id not in ids]
        settings = from_saved(before.manifest["settings"], BuildConfig)
        return _publish(workspace, name, documents, settings, embedder, report, before, ())


def _read(paths: Sequence[Path], report: Report) -> tuple[list[Document], list[Refused]]:
    return read_documents(paths, lambda done, total, file: report(0, 1, f"reading {file}: {done + 1} of {total}"))


def _none_read(refused: Sequence[Refused]) -> UserError:
    if not refused:
        return UserError("There is no file to read.", "Name files or a folder that holds some.")
    more = f" ({len(refused) - 1} more files could not be read either.)" if len(refused) > 1 else ""
    return UserError(refused[0].what + more, refused[0].fix)


@contextmanager
def _sole_writer(workspace: Workspace, name: str, report: Report) -> Iterator[None]:
    """One change of a name at a time: two that began from the same version would lose one's documents."""
    store.check_name(name, "knowledge base")
    with open(workspace.folder("knowledge") / f".lock-{name}", "w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                report(0, 1, f"waiting for another change of {name}")
                time.sleep(0.2)
        yield


def _publish(
    workspace: Workspace, name: str, documents: list[Document], settings: BuildConfig, embedder: Embedder,
    report: Report, before: Knowledge | None, refused: tuple[Refused, ...],
) -> Built:  # fmt: skip
    """Chunk, embed what is new, write and publish; a version equal to the current one is not made again."""
    warnings = tuple(f"{document.id}: {warning}" for document in documents for warning in document.warnings)
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
            "files": {d.id: {"sha256": d.sha256, "characters": len(d.text), "pages": len(d.page_starts) or None}
                      for d in documents},
            "warnings": list(warnings), "refused": [dataclasses.asdict(one) for one in refused], "stored": stored,
        }  # fmt: skip
        artifact = store.publish(workspace, "knowledge", name, folder, manifest)
    return Built(artifact, len(documents), len(passages), embedded, refused, warnings)


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
