"""One change of a knowledge base carried out: passages and vectors (rag.reuse), an index, a published version."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from data import store
from data.documents import Refused
from data.options import from_saved
from data.schema import Document, Passage
from data.store import Artifact
from data.workspace import Workspace
from rag import index
from rag.embed import Embedder
from rag.files import Knowledge, write_version
from rag.reuse import Report, embed, same_sizes, same_vectors, split, why_none_kept
from rag.settings import BuildConfig, Tuned, tuned

PROBES, PROBE_WORDS = 200, 12  # an approximate index is measured on so many texts of so many words


@dataclass(frozen=True)
class Built:
    """What a change made: the version it published (or the current one, when nothing had to change).

    ``embedded`` counts texts of passages whose vectors were computed now, ``cached`` those whose vectors were computed
    earlier for another version, ``taken_over`` the passages that kept the vectors of the version before. Passages that
    say the same share a vector, so that all three may be fewer than the passages. ``index`` is the manifest's record of
    the search index.
    """

    artifact: Artifact
    documents: int
    files: int
    passages: int
    embedded: int
    refused: tuple[Refused, ...]
    warnings: tuple[str, ...]
    index: Mapping[str, Any]
    cached: int = 0
    taken_over: int = 0

    def summary(self) -> dict[str, object]:
        """The JSON that ``python -m rag build --json`` prints."""
        refused = [dataclasses.asdict(one) for one in self.refused]
        return {
            "knowledge": self.artifact.ref, "documents": self.documents, "files": self.files,
            "passages": self.passages, "embedded": self.embedded, "cached": self.cached, "taken_over": self.taken_over,
            "index": dict(self.index),
            "warnings": list(self.warnings), "refused": refused,
        }  # fmt: skip


def publish_version(
    workspace: Workspace, name: str, documents: list[Document], settings: BuildConfig, embedder: Embedder,
    report: Report, before: Knowledge | None, refused: tuple[Refused, ...], own: Tuned | None = None,
    notes: tuple[str, ...] = (),
) -> Built:  # fmt: skip
    """Publish these documents as the next version after ``before``; nothing new is made when nothing changed.

    ``own`` are its search settings from now on; without them it keeps those of ``before`` while it is cut alike.
    ``notes`` are sentences on the change itself, told with the files' warnings.
    """
    warnings = tuple(f"{document.file}: {warning}" for document in documents for warning in document.warnings) + notes
    files = len({document.file for document in documents})
    own, lost = _search_settings(before, settings, own)
    if before and _same(before, documents, settings, embedder) and own == tuned(before.manifest):
        count = len(before.passages)
        kept = before.manifest["index"]
        return Built(before.artifact, len(documents), files, count, 0, refused, warnings, kept, taken_over=count)
    if before and (why := why_none_kept(before, embedder)):
        warnings = (*warnings, why)
    warnings = (*warnings, *lost)
    if settings.chunk_tokens > embedder.max_tokens:
        warnings = (*warnings, f"passages are cut to {embedder.max_tokens} tokens: the embedding model reads no more")
    passages = split(workspace, documents, settings, embedder, before, report)
    vectors, costs = embed(workspace, passages, embedder, before, report)
    report(len(passages), len(passages), "indexing")
    chosen = index.choose(vectors, lambda: _probes(passages, embedder), settings.exact_up_to)
    with store.staging(workspace, "knowledge") as folder:
        report(len(passages), len(passages), "writing")
        stored = write_version(folder, documents, passages, vectors, chosen.index)
        manifest = {
            "created": datetime.now(UTC).isoformat(timespec="seconds"), "parent": before.ref if before else None,
            "settings": dataclasses.asdict(settings), "embedder": _embedder_record(embedder),
            "retrieval": dataclasses.asdict(own) if own else None,
            "index": chosen.record(), "files": {document.id: _file_record(document) for document in documents},
            "counts": {"documents": len(documents), "passages": len(passages), **costs},
            "changes": _changes(before, documents),
            "warnings": list(warnings), "refused": [dataclasses.asdict(one) for one in refused], "stored": stored,
        }  # fmt: skip
        report(len(passages), len(passages), "publishing")
        artifact = store.publish(workspace, "knowledge", name, folder, manifest)
    return Built(
        artifact,
        len(documents),
        files,
        len(passages),
        refused=refused,
        warnings=warnings,
        index=chosen.record(),
        **costs,
    )


def _changes(before: Knowledge | None, documents: list[Document]) -> dict[str, int]:
    """How many documents the version has that the one before had not, has otherwise, or no longer has."""
    old = {document.id: document for document in (before.documents if before else ())}
    new = {document.id for document in documents}
    changed = sum(document.id in old and old[document.id] != document for document in documents)
    return {"added": len(new - old.keys()), "changed": changed, "removed": len(old.keys() - new)}


def _file_record(document: Document) -> dict[str, object]:
    """What the page and a filter ask of a document: its file, characters that held and kept, warnings, labels."""
    return {
        "file": document.file, "sha256": document.sha256, "pages": len(document.page_starts) or None,
        "characters_in": document.characters_in, "characters": len(document.text), "warnings": list(document.warnings),
        "tags": list(document.tags), "date": document.date, "date_from": document.date_from, "edited": document.edited,
    }  # fmt: skip


def _embedder_record(embedder: Embedder) -> dict[str, object]:
    names = ("id", "weights_hash", "dim", "dtype", "dtype_reason", "max_tokens")
    return {**{name: getattr(embedder, name) for name in names}, "normalised": True}


def _same(before: Knowledge, documents: list[Document], settings: BuildConfig, embedder: Embedder) -> bool:
    made = from_saved(before.manifest["settings"], BuildConfig)
    return made == settings and same_vectors(before, embedder) and list(before.documents) == documents


def _search_settings(
    before: Knowledge | None, settings: BuildConfig, given: Tuned | None
) -> tuple[Tuned | None, tuple[str, ...]]:
    """The search settings of the next version: those given, else those of the version before while they still fit."""
    kept = tuned(before.manifest) if before else None
    if given or not kept or not before:
        return given, ()
    if same_sizes(before, settings) and before.manifest["settings"]["embedder"] == settings.embedder:
        return kept, ()
    return None, (f"search settings not kept: those of {before.ref} were tuned for passages made in another way",)


def _probes(passages: list[Passage], embedder: Embedder) -> np.ndarray:
    """Texts like questions, on which an approximate index is measured: the first words of passages from all over."""
    step = max(1, len(passages) // PROBES)
    return embedder.embed_questions([" ".join(one.text.split()[:PROBE_WORDS]) for one in passages[::step][:PROBES]])
