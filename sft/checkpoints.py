"""Whole checkpoints: a manifest of hashes is written last, and only a folder that matches it is ever resumed from."""

from __future__ import annotations

import shutil
from pathlib import Path

from data.disk import file_hash, read_json, write_json
from data.errors import UserError

MANIFEST = "whole.json"


def seal(folder: Path) -> None:
    """Declare a checkpoint whole: write the hash of each of its files, last."""
    files = {path.name: file_hash(path) for path in sorted(folder.iterdir()) if path.is_file()}
    write_json(folder / MANIFEST, {"files": files})


def is_whole(folder: Path) -> bool:
    """True if the checkpoint was sealed and none of its files is missing or changed."""
    try:
        files = read_json(folder / MANIFEST)["files"]
        return all(file_hash(folder / name) == known for name, known in files.items())
    except (UserError, OSError, KeyError):
        return False


def last_whole(home: Path) -> Path | None:
    """The newest whole checkpoint; what a kill left half-written is removed.

    The trainer unpickles optimizer and random state from here, and only from here: folders of this workspace whose
    hashes match, read with ``weights_only=True``.
    """
    found = sorted(home.glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]), reverse=True)
    for folder in found:
        if is_whole(folder):
            return folder
        shutil.rmtree(folder)
    return None
