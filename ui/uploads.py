"""Uploaded files: written into the workspace under a name made of their content, for a job or an errand to read.

Nothing is copied in memory on the way, and a folder of uploads appears whole or not at all.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from data.disk import sync_folder
from data.errors import UserError
from data.limits import Limits, size
from data.reading import readable
from data.workspace import Workspace

NAME_BYTES = 200  # file systems take 255


Places = Callable[[Path, Sequence[Any]], list[Path]]
"""Where each of some uploads lies in a folder."""


def save(workspace: Workspace, files: Sequence[Any]) -> Path:
    """The folder that holds these uploads (the same files always lie in the same folder).

    Raises UserError when they are too large together, or cannot be written.
    """
    return _save(workspace, files, paths)


def save_folder(workspace: Workspace, files: Sequence[Any]) -> Path:
    """The folder that holds an uploaded folder, with the folders inside it; hidden files are left out, as in the shell.

    Raises UserError as ``save`` does, and when nothing is left.
    """
    seen = [file for file in files if not any(part.startswith(".") for part in _parts(file.name))]
    if not seen:
        raise UserError("This folder holds no file that is not hidden.", "Choose a folder with documents.")
    return _save(workspace, seen, inside)


def _save(workspace: Workspace, files: Sequence[Any], places: Places) -> Path:
    _check_size(files)
    digest = hashlib.sha256(b"folder" if places is inside else b"")
    for file in files:
        digest.update(file.name.encode("utf-8", "replace") + b"\0" + hashlib.sha256(file.getbuffer()).digest())
    home = workspace.root / "uploads"
    folder = home / digest.hexdigest()[:20]
    if not folder.exists():
        staged = home / f".{folder.name}.{secrets.token_hex(4)}"
        try:
            for file, path in zip(files, places(staged, files), strict=True):
                _write(path, file)
            os.rename(staged, folder)
            sync_folder(home)
        except OSError as error:
            if not folder.exists():  # else another run of the page was faster
                raise UserError(f"The upload cannot be written ({error.strerror}).", "Free some space.") from error
        finally:
            shutil.rmtree(staged, ignore_errors=True)
    return folder


def _check_size(files: Sequence[Any], limit: int = Limits().upload_bytes) -> None:
    total = sum(file.getbuffer().nbytes for file in files)
    if total > limit:
        what = f"These files are {size(total)} together; one upload may have {size(limit)}."
        raise UserError(what, "Upload them in parts, or build from the shell, which reads folders of any size.")


def _write(path: Path, file: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as target:
        target.write(file.getbuffer())
        target.flush()
        os.fsync(target.fileno())


def paths(folder: Path, files: Sequence[Any]) -> list[Path]:
    """Where each upload lies; one whose name is taken already gets a folder of its own."""
    return _apart(folder, [[stored_name(file.name)] for file in files])


def inside(folder: Path, files: Sequence[Any]) -> list[Path]:
    """Where each file of an uploaded folder lies: below the folders that were in it, without that folder's own name."""
    named = (_parts(file.name) for file in files)
    return _apart(folder, [[stored_name(part) for part in parts[1:] or parts] for parts in named])


def _parts(name: str) -> tuple[str, ...]:
    return PurePosixPath(name.replace("\\", "/")).parts or ("file",)


def _apart(folder: Path, names: Sequence[Sequence[str]]) -> list[Path]:
    found: list[Path] = []
    for number, parts in enumerate(names):
        path = folder.joinpath(*parts)
        found.append(folder.joinpath(f"again-{number}", *parts) if path in found else path)
    return found


def stored_name(name: str) -> str:
    """An upload's name as a file name: without folders, on one line, short enough; its ending is kept."""
    whole = readable(PurePosixPath(name.replace("\\", "/")).name).lstrip(".") or "file"
    if len(whole.encode()) <= NAME_BYTES:
        return whole
    ending = re.search(r"\.\w{1,10}$", whole)
    tail = f"~{hashlib.sha256(whole.encode()).hexdigest()[:8]}{ending.group() if ending else ''}"
    return whole.encode()[: NAME_BYTES - len(tail.encode())].decode("utf-8", "ignore") + tail


def save_one(workspace: Workspace, file: Any) -> Path:
    """Where one upload lies."""
    return paths(save(workspace, [file]), [file])[0]
