"""Uploaded files: written into the workspace under a name made of their content, for a job or an errand to read."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from data.store import Workspace, write_bytes


def save(workspace: Workspace, files: Sequence[Any]) -> Path:
    """The folder that holds these uploads (the same files always lie in the same folder)."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode("utf-8", "replace") + b"\0" + hashlib.sha256(file.getbuffer()).digest())
    folder = workspace.root / "uploads" / digest.hexdigest()[:20]
    if not folder.exists():
        for number, path in enumerate(paths(folder, files)):
            write_bytes(path, bytes(files[number].getbuffer()))
    return folder


def paths(folder: Path, files: Sequence[Any]) -> list[Path]:
    """Where each upload lies; one whose name is taken already gets a folder of its own."""
    found: list[Path] = []
    for number, file in enumerate(files):
        name = PurePosixPath(file.name.replace("\\", "/")).name or "file"
        path = folder / name
        found.append(folder / f"again-{number}" / name if path in found else path)
    return found


def save_one(workspace: Workspace, file: Any) -> Path:
    """Where one upload lies."""
    return paths(save(workspace, [file]), [file])[0]
