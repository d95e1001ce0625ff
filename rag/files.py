"""What one version of a knowledge base looks like on disk, and how it is read back.

    documents.jsonl  passages.jsonl  vectors.safetensors  index.faiss  lexical/  manifest.json

The manifest holds the SHA-256 of every other file; each is checked before it is read.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from data.disk import file_hash
from data.errors import UserError
from data.schema import Document, Passage
from data.store import Artifact, resolve
from data.workspace import Workspace
from rag import index, lexical
from rag.chunk import in_context
from rag.embed import Embedder


@dataclass(frozen=True)
class Knowledge:
    """One published version, read piece by piece as it is needed. Reading texts loads neither torch nor faiss."""

    artifact: Artifact
    manifest: dict[str, Any]

    @property
    def ref(self) -> str:
        return self.artifact.ref

    @cached_property
    def documents(self) -> tuple[Document, ...]:
        rows = self._rows("documents.jsonl")
        lists = ("page_starts", "warnings", "tags")
        return tuple(Document(**{**row, **{name: tuple(row.get(name, ())) for name in lists}}) for row in rows)

    @cached_property
    def texts(self) -> dict[str, str]:
        """The text of every document, by its id."""
        return {document.id: document.text for document in self.documents}

    @cached_property
    def passages(self) -> tuple[Passage, ...]:
        return tuple(Passage(**row) for row in self._rows("passages.jsonl"))

    @cached_property
    def vectors(self) -> np.ndarray:
        """Unit vectors of the passages, in their order: float32, shape (passages, dim)."""
        from safetensors.numpy import load_file

        return load_file(self._checked("vectors.safetensors"))["vectors"]

    @cached_property
    def document_of(self) -> np.ndarray:
        """For each passage, its document's place in the manifest's list of files: int32, shape (passages,)."""
        place = {name: number for number, name in enumerate(self.manifest["files"])}
        return np.fromiter((place[passage.document] for passage in self.passages), np.int32, len(self.passages))

    @cached_property
    def nearest_index(self) -> Any:
        """The FAISS index over the vectors."""
        return index.read(self._checked("index.faiss"))

    @cached_property
    def word_index(self) -> Any:
        """The BM25 index over the passages (None when none has a word)."""
        for name in self.manifest["stored"]:
            if name.startswith("lexical/"):
                self._checked(name)
        return lexical.read(self.artifact.path / "lexical")

    def _rows(self, name: str) -> list[dict[str, Any]]:
        with open(self._checked(name), encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def _checked(self, name: str) -> Path:
        """The path of a stored file, if it is still what was published. Raises UserError otherwise."""
        path = self.artifact.path / name
        try:
            whole = file_hash(path) == self.manifest["stored"][name]
        except OSError:  # also when it is deleted while it is read
            whole = False
        if not whole:
            raise UserError(
                f"{path} of knowledge base {self.ref} is missing or was changed after it was published.",
                "Go back to another version (python -m rag rollback), or build it again.",
            )
        return path


def open_knowledge(workspace: Workspace, ref: str) -> Knowledge:
    """The knowledge base named by "name" (its current version) or "name@3". Raises UserError when there is none."""
    artifact = resolve(workspace, "knowledge", ref)
    return Knowledge(artifact, artifact.manifest())


def check_embedder(knowledge: Knowledge, embedder: Embedder) -> str:
    """A note when vectors differ in number format only, else "". Raises UserError for another model's vectors."""
    made = knowledge.manifest["embedder"]
    if made["weights_hash"] != embedder.weights_hash:
        raise UserError(
            f"Knowledge base {knowledge.ref} was made with the embedding model {made['id']!r}, "
            f"whose vectors cannot be compared with those of {embedder.id!r}.",
            f"Search it with {made['id']!r}, or build it again with {embedder.id!r}.",
        )
    if made["dtype"] != embedder.dtype:
        return f"{knowledge.ref} was embedded in {made['dtype']}; questions are embedded in {embedder.dtype} here"
    return ""


def write_version(
    folder: Path, documents: Iterable[Document], passages: list[Passage], vectors: np.ndarray, nearest: Any
) -> dict[str, str]:
    """Write a version's files into an empty folder; returns the SHA-256 of each. ``nearest``: the FAISS index."""
    from safetensors.numpy import save_file

    _write_rows(folder / "documents.jsonl", documents)
    _write_rows(folder / "passages.jsonl", passages)
    save_file({"vectors": np.ascontiguousarray(vectors, np.float32)}, folder / "vectors.safetensors")
    index.write(nearest, folder / "index.faiss")
    lexical.write(lexical.make([in_context(passage) for passage in passages]), folder / "lexical")
    return {p.relative_to(folder).as_posix(): file_hash(p) for p in sorted(folder.rglob("*")) if p.is_file()}


def _write_rows(path: Path, rows: Iterable[Document] | Iterable[Passage]) -> None:
    with open(path, "w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(dataclasses.asdict(row), ensure_ascii=False) + "\n")
