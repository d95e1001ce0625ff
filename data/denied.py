"""What the operating system refuses and a user can put right, in words: a full disk, a closed folder, a long name."""

from __future__ import annotations

import errno
import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from data.errors import UserError

SPACE = "Free some space, then try again; a run can be resumed."
RIGHTS = "Change its rights, or name another place."
SAID = {
    errno.ENOSPC: ("the disk is full", SPACE),
    errno.EDQUOT: ("your share of the disk is used up", SPACE),
    errno.EFBIG: ("it would be larger than this system lets a file be", "Name a place on another disk."),
    errno.EROFS: ("its disk can only be read", "Name a place on another disk."),
    errno.EACCES: ("you have no right to", RIGHTS),
    errno.EPERM: ("you have no right to", RIGHTS),
    errno.ENAMETOOLONG: ("its name is too long", "Name a shorter one."),
    errno.EISDIR: ("it is a folder", "Name a file."),
    errno.ENOTDIR: ("a part of its path is a file, not a folder", "Check the path."),
    errno.EEXIST: ("a file is in the way of its folder", "Name another place."),
    errno.ENOENT: ("it is not there", "Check the path; it may have been moved or deleted."),
    errno.ELOOP: ("it is a link that leads round in circles", "Check the path."),
    errno.EIO: ("the disk reports a fault", "Name a place on another disk."),
    errno.ESTALE: ("the disk that it lies on went away", "Connect it, then try again."),
}
# libraries in C++ and Rust, and copies of folders, say these in words only
IN_TEXT = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES)
SHOWN = 160  # characters of a path


class Denied(UserError):
    """The system refused to read or write a file; nothing is wrong with what was asked for."""


@contextmanager
def in_words(path: Path) -> Iterator[None]:
    """What the system refuses while ``path`` is written becomes a UserError that names it."""
    try:
        yield
    except OSError as error:
        if said := told(error, path, "written"):
            raise said from error
        raise


def traced(error: BaseException) -> UserError | None:
    """``told``, for a door through which errors leave. A sentence made here of an error that nobody foresaw may stand
    for a defect of ours (a file that we forgot to write), so its traceback goes to standard error."""
    said = told(error)
    if said is not None and said is not error:
        traceback.print_exception(error)
    return said


def told(error: BaseException, path: Path | None = None, what: str = "read or written") -> UserError | None:
    """The UserError that an error is or amounts to; None for a defect of ours."""
    if isinstance(error, UserError):
        return error
    code = _code(error)
    if code is None:
        return None
    why, fix = SAID[code]
    named = path or getattr(error, "filename", None)
    name = "A file" if named is None else short(os.fspath(named))
    return Denied(f"{name} cannot be {what}: {why}.", fix)


def _code(error: BaseException) -> int | None:
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno if error.errno in SAID else None
    if not isinstance(error, Exception):
        return None
    return next((code for code in IN_TEXT if os.strerror(code) in str(error)), None)


def short(path: str | bytes | int) -> str:
    """A path for people: the middle of a very long one is left out."""
    text = path if isinstance(path, str) else os.fsdecode(path) if isinstance(path, bytes) else f"file {path}"
    return text if len(text) <= SHOWN else f"{text[: SHOWN // 2]}…{text[-SHOWN // 2 :]}"
