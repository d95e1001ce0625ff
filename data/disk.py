"""Files on disk: written whole or not at all, rows appended, and the fingerprints of files and texts.

A write is: a temporary file beside the target, flush to disk, rename. A reader therefore sees a whole file or none.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from data.errors import UserError

FORMAT = 1


def sync_folder(path: Path) -> None:
    """Ask the system to put a folder's entries on disk (not every platform can)."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_bytes(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Replace a file in one step; a reader sees the old or the new content, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
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


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object; a missing or damaged file is a UserError that names it."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(f"{path} is missing.", "It was deleted or never finished; make it again.") from error
    except (ValueError, RecursionError, OSError) as error:
        raise UserError(f"{path} cannot be read ({error}).", "Restore it from a copy, or make it again.") from error
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise UserError(f"{path} is not in format {FORMAT}.", "It was written by another version of Crossover.")
    return value


def append_jsonl(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Append rows and put them on disk. A line torn by an earlier kill is closed first, so it cannot swallow a row."""
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    with open(path, "ab+") as file:
        if file.tell() and not _ends_with_newline(file):
            text = "\n" + text
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())


def _ends_with_newline(file: Any) -> bool:
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"


def read_jsonl(path: Path) -> Iterator[dict[str, Any]]:
    """Rows of a file this program appends to; a torn last line (a kill while writing) is passed over."""
    if not path.exists():
        return
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            try:
                yield json.loads(line)
            except json.JSONDecodeError:
                continue


def file_hash(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def text_hash(text: str) -> str:
    """SHA-256 of a text, in hexadecimal."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
