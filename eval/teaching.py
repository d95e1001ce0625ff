"""What the tuned weights of a comparison were taught, of its test questions and of its documents; kept with the run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from data.disk import read_json, write_json
from data.schema import Example
from data.store import Artifact, resolve
from data.taught import is_taught
from data.workspace import Workspace
from eval.systems import System

FILE = "taught.json"
Taught = Mapping[str, bool | None]
"""{example id: whether its fact was in the training rows; None where nobody can say}."""


def save(workspace: Workspace, folder: Path, examples: Sequence[Example], systems: Sequence[System]) -> None:
    """Write {tuned model: {example id: taught or not}} into a run's folder; nothing where no system is tuned."""
    tuned = sorted({system.tuned for system in systems if system.tuned})
    if not tuned:
        return
    known = {name: _taught(resolve(workspace, "adapters", name)) for name in tuned}
    rows = {name: {e.id: is_taught(e, taught) for e in examples} for name, taught in known.items()}
    write_json(folder / FILE, {"taught": rows})


def load(folder: Path) -> dict[str, Taught]:
    """What ``save`` wrote; {} for runs from before, and for those without tuned weights."""
    return read_json(folder / FILE)["taught"] if (folder / FILE).exists() else {}


def rows_indexed(adapter: Artifact, documents: Iterable[str]) -> dict[str, int] | None:
    """{"rows", "indexed"}: training rows that name a document, and those whose document is among the indexed ones.

    None where no training row names one. Documents are the same when their paths are, or their file names.
    """
    return indexed(_taught(adapter).get("documents", {}), documents)


def indexed(named: Mapping[str, int], documents: Iterable[str]) -> dict[str, int] | None:
    """The same from {document: how many rows name it}; None for {}."""
    if not named:
        return None
    there = {name for path in documents for name in (path, PurePosixPath(path).name)}
    inside = {name: rows for name, rows in named.items() if there & {name, PurePosixPath(name).name}}
    return {"rows": sum(named.values()), "indexed": sum(inside.values())}


def _taught(adapter: Artifact) -> dict[str, Any]:
    path = adapter.path / "questions.json"
    return read_json(path) if path.exists() else {}
