"""Files on disk: written whole or not at all, rows appended, and the fingerprints of files and texts.

A write is: a temporary file beside the target, flush to disk, rename. A reader therefore sees a whole file or none.
What a file that is read must hold is said in ``data.layout``; what the system refuses to write, in ``data.denied``.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from data.denied import in_words
from data.errors import UserError
from data.layout import fix, misfit

FORMAT = 1


def sync_folder(path: Path) -> None:
    """Ask the system to put a folder's entries on disk (not every platform can)."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_bytes(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Replace a file in one step; a reader sees the old or the new content, never a part.

    Raises UserError, and leaves the old content, when the system refuses to write it.
    """
    if not path.name:
        raise UserError(f"{str(path)!r} is no name of a file.", "Name a file.")
    with in_words(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        _replace(path, content, mode)


def _replace(path: Path, content: bytes, mode: int) -> None:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def write_json(path: Path, value: dict[str, Any], mode: int = 0o644) -> None:
    """Write a JSON object with the file format's number, in one step."""
    text = json.dumps({"format": FORMAT, **value}, ensure_ascii=False, indent=1)
    write_bytes(path, text.encode(), mode)


def read_json(path: Path, shape: Any = None) -> dict[str, Any]:
    """Read a JSON object; a missing or damaged file, or one that holds something else, is a UserError that names it.

    ``shape``: asked in place of the one that ``data.layout`` has for the file's name.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(f"{path} is missing.", "It was deleted or never finished; make it again.") from error
    except RecursionError as error:
        raise UserError(f"{path} cannot be read (it is nested too deep).", fix(path)) from error
    except (ValueError, OSError) as error:  # no JSON, no UTF-8, a number of thousands of digits; or closed to us
        raise UserError(f"{path} cannot be read ({error}).", fix(path)) from error
    if isinstance(value, dict) and value.get("format", FORMAT) != FORMAT:
        raise UserError(f"{path} is not in format {FORMAT}.", "It was written by another version of Crossover.")
    if not isinstance(value, dict) or "format" not in value:
        raise UserError(f"{path} is damaged: it does not hold what Crossover wrote.", fix(path))
    if lacking := misfit(path, value, shape):
        raise UserError(f"{path} is damaged: it holds {lacking}.", fix(path))
    return value


@contextmanager
def sole_writer(path: Path) -> Iterator[None]:
    """Hold the lock file ``path``: of two that read a file to change it, the second reads what the first wrote."""
    with in_words(path):
        lock = open(path, "w")  # noqa: SIM115 - what the holder does is not about this file
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def append_jsonl(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Append rows and put them on disk. A line torn by an earlier kill is closed first, so it cannot swallow a row.

    Raises UserError, and leaves the file as it was, when the system refuses to write them.
    """
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    with in_words(path), open(path, "ab+", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # nobody appends between the look at its end and the row, or its taking back
        before = file.seek(0, os.SEEK_END)
        if before and not _ends_with_newline(file):
            text = "\n" + text
        try:
            _write_all(file, text.encode())
            os.fsync(file.fileno())
        except BaseException:
            file.truncate(before)
            raise


def _write_all(file: Any, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[file.write(left) :]


def _ends_with_newline(file: Any) -> bool:
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"


def read_jsonl(path: Path, shape: Any = None) -> Iterator[dict[str, Any]]:
    """Rows of a file this program appends to; a torn line (a kill while writing) is passed over.

    Raises UserError for a whole line that is no row of this file (``shape``: see ``row_of``).
    """
    if not path.exists():
        return
    with open(path, encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            if (row := row_of(line, path, number, shape)) is not None:
                yield row


def row_of(line: str | bytes, path: Path, number: int, shape: Any = None) -> dict[str, Any] | None:
    """One line of such a file; None for a torn one.

    Raises UserError for a line that was never written by this program: not an object, or not one of the ``shape`` that
    ``data.layout`` has for the file's name, unless one is given.
    """
    try:
        row = json.loads(line)
    except (json.JSONDecodeError, UnicodeDecodeError):
        return None
    except (RecursionError, ValueError):
        row = None
    lacking = misfit(path, row, shape) if isinstance(row, dict) else "something else than a row"
    if lacking:
        raise UserError(f"{path} is damaged: its line {number} holds {lacking}.",
                        "Restore it from a copy, or delete that line.")  # fmt: skip
    return row


def file_hash(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def text_hash(text: str) -> str:
    """SHA-256 of a text, in hexadecimal."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
