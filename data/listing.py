"""Lists of stored artifacts with their manifests, in which a damaged one is named and hides no other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from data import aliases
from data.disk import read_json
from data.errors import UserError
from data.store import Artifact, current_version, names, versions
from data.workspace import Workspace

Read = Callable[[Path], dict[str, Any]]


def readable(
    workspace: Workspace, kind: str, read: Read = read_json
) -> tuple[list[tuple[Artifact, dict[str, Any]]], list[str]]:
    """Every version of every name, newest version first, with its manifest; and a sentence for each that is damaged.

    ``read`` reads a manifest. A damaged version hides no other; its number stays taken.
    """
    found, damaged = [], []
    for name in names(workspace, kind):
        for number in reversed(versions(workspace, kind, name)):
            artifact = Artifact(kind, name, number, workspace.folder(kind) / name / str(number))
            try:
                found.append((artifact, read(artifact.path / "manifest.json")))
            except UserError as error:
                damaged.append(str(error))
    return found, damaged


def current(
    workspace: Workspace, kind: str, read: Read = read_json
) -> tuple[list[tuple[Artifact, dict[str, Any]]], list[str]]:
    """The same of the version alone that each bare name means."""
    found, damaged = readable(workspace, kind, read)
    meant: dict[str, int] = {}
    for name in dict.fromkeys(artifact.name for artifact, _ in found):
        try:
            meant[name] = current_version(workspace, kind, name)
        except UserError as error:
            damaged.append(str(error))
    return [(one, manifest) for one, manifest in found if meant.get(one.name) == one.version], damaged


def damaged(workspace: Workspace, kind: str, read: Read = read_json) -> list[str]:
    """A sentence for each version and pointer of a kind that cannot be read, and for the file of its other names."""
    return [*aliases.damaged(workspace, kind), *current(workspace, kind, read)[1]]
