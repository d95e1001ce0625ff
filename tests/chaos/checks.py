"""What must be true of a workspace after a kill, read from the files alone and then through our own readers."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from data import store
from data.workspace import Workspace
from rag.chunk import in_context
from rag.knowledge import open_knowledge
from rag.retrieve import KnowledgeRetriever
from tests.hashing import fake

Texts = dict[str, str]
"""The documents of one version: {id: text}."""


class Broken(AssertionError):
    """Something that must never happen was found."""


def must(holds: object, what: str) -> None:
    if not holds:
        raise Broken(what)


@dataclass
class Witness:
    """Remembers every version that was ever published, since none may change or go away unless it is deleted."""

    workspace: Workspace
    seen: dict[str, tuple[str, Texts]] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)

    def look(self, name: str) -> dict[int, Texts]:
        """All published versions of a name, each checked. Raises Broken."""
        home = self.workspace.folder("knowledge") / name
        numbers = sorted(int(path.name) for path in home.glob("[0-9]*")) if home.exists() else []
        must(numbers == list(range(1, len(numbers) + 1)), f"{name}: the version numbers have a gap: {numbers}")
        found = {number: self._version(home / str(number), f"{name}@{number}") for number in numbers}
        published = {number: texts for number, texts in found.items() if texts is not None}
        lost = [ref for ref in self.seen if ref.split("@")[0] == name and int(ref.split("@")[1]) not in published]
        must(set(lost) <= self.deleted, f"{name}: published versions went away: {sorted(set(lost) - self.deleted)}")
        known = store.versions(self.workspace, "knowledge", name)
        must(known == sorted(published), f"{name}: our reader lists versions {known}, the disk holds {list(published)}")
        return published

    def _version(self, folder: Path, ref: str) -> Texts | None:
        if (folder / "deleted.json").exists():
            must(ref in self.deleted, f"{ref} is marked as deleted, but nobody deleted it")
            return None
        must((folder / "manifest.json").exists(), f"{ref} is torn: it has no manifest")
        content = (folder / "manifest.json").read_bytes()
        fingerprint = hashlib.sha256(content).hexdigest()
        _check_files(folder, ref, json.loads(content))
        if ref not in self.seen:
            self.seen[ref] = (fingerprint, _check_content(self.workspace, folder, ref, json.loads(content)))
        must(self.seen[ref][0] == fingerprint, f"{ref} was changed after it was published")
        return self.seen[ref][1]


def _check_files(folder: Path, ref: str, manifest: dict[str, Any]) -> None:
    """Exactly the files that the manifest names are there, with the checksums it names."""
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    there = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}
    there.pop("manifest.json")
    there = {name: value for name, value in there.items() if not name.startswith(".deleted.json")}  # a killed deletion
    wrong = sorted({name for name, _ in there.items() ^ manifest["stored"].items()})
    must(not wrong, f"{ref} is torn: missing, changed or unknown files: {wrong}")


def _check_content(workspace: Workspace, folder: Path, ref: str, manifest: dict[str, Any]) -> Texts:
    """Documents, passages, vectors and both indexes fit each other; our reader gives what the files hold."""
    texts = {row["id"]: row["text"] for row in _rows(folder / "documents.jsonl")}
    passages = _rows(folder / "passages.jsonl")
    counts = (manifest["counts"]["documents"], manifest["counts"]["passages"])
    must(counts == (len(texts), len(passages)), f"{ref} is torn: its manifest counts {counts}")
    for passage in passages:
        cut = texts.get(passage["document"], "")[passage["start"] : passage["end"]]
        must(passage["text"] == cut, f"{ref} is torn: a passage is not in its document")
    base = open_knowledge(workspace, ref)
    must({document.id: document.text for document in base.documents} == texts, f"{ref} is read as something else")
    expected = fake().embed([in_context(passage) for passage in base.passages])
    vectors = load_file(folder / "vectors.safetensors")["vectors"]
    must(vectors.shape == expected.shape, f"{ref} is torn: it has {len(vectors)} vectors for {len(passages)} passages")
    must(np.allclose(vectors, expected, atol=1e-5), f"{ref} is torn: a vector is another passage's")
    for method in ("dense", "bm25"):
        _check_search(KnowledgeRetriever(base, fake(), method), ref)
    return texts


def _check_search(retriever: KnowledgeRetriever, ref: str) -> None:
    """Every passage is the first hit for its own words."""
    passages = retriever.knowledge.passages
    for passage, hits in zip(passages, retriever.search([in_context(p) for p in passages], 1), strict=True):
        must(hits and hits[0].passage == passage, f"{ref}: {retriever.method} does not find a passage by its own words")


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def current(workspace: Workspace, name: str, published: dict[int, Texts]) -> Texts | None:
    """The documents that the bare name means, None when there is no version. Raises Broken for a bad pointer."""
    pointer = workspace.folder("knowledge") / name / "current.json"
    if pointer.exists():
        text = pointer.read_text()
        must(text.endswith("}"), f"{name}: the pointer is torn")
        number = json.loads(text)["version"]
        must(number in published, f"{name}: the pointer names version {number}, which is not there")
    else:
        number = max(published, default=None)
    if number is None:
        must(name not in store.names(workspace, "knowledge"), f"{name} is listed without a version")
        return None
    must(open_knowledge(workspace, name).artifact.version == number, f"{name}: our reader opens another version")
    return published[number]
