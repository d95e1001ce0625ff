"""Whole checkpoints: a manifest of hashes is written last, and only a folder that matches it is ever resumed from."""

from __future__ import annotations

import errno
import json
import shutil
from pathlib import Path

from data.disk import file_hash, read_json, write_json
from data.errors import UserError

MANIFEST = "whole.json"


class Unwritable(UserError):
    """A checkpoint could not be written: the disk is full, or refuses. What was half-written is gone."""

    def __init__(self, step: int, error: BaseException) -> None:
        why = (str(error).splitlines() or [type(error).__name__])[0]
        what = f"The checkpoint after step {step} could not be written ({why})."
        if disk_full(error):
            what = f"The disk is full: the checkpoint after step {step} could not be written."
        super().__init__(what, "Free some space, then resume this run: it goes on from its last whole checkpoint.")


def disk_full(error: BaseException) -> bool:
    """True if an error says so; libraries that write by themselves only say it in words."""
    return getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or "No space left" in str(error)


def step_of(folder: Path) -> int:
    """The step after which a checkpoint was written."""
    return int(folder.name.rpartition("-")[2])


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


def lacks_check(folder: Path) -> bool:
    """True if a stop came between a checkpoint and the check that was due at its step."""
    state = json.loads((folder / "trainer_state.json").read_text(encoding="utf-8"))
    step, checked = state["global_step"], {row["step"] for row in state["log_history"] if "check_seconds" in row}
    return step % state["eval_steps"] == 0 and step not in checked


def last_whole(home: Path, tidy: bool = True) -> Path | None:
    """The newest whole checkpoint; what a kill left half-written is removed (``tidy``: by one process of several).

    The trainer unpickles optimizer and random state from here, and only from here: folders of this workspace whose
    hashes match, read with ``weights_only=True``.
    """
    found = sorted(home.glob("checkpoint-*"), key=step_of, reverse=True)
    for folder in found:
        if is_whole(folder):
            return folder
        if tidy:
            shutil.rmtree(folder)
    return None
