"""Files to documents: every file ends as read, read with warnings, or refused with a sentence and what to do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from data import parsers
from data.errors import UserError
from data.schema import Document
from data.store import file_hash

MAX_BYTES = 200_000_000
UNREADABLE = re.compile("[\x00\ud800-\udfff]")
BINARY_SHARE = 0.05  # of control characters, above which a "text" is taken for something else

OnFile = Callable[[int, int, str], None]
"""Called before each file with (files done, files in all, its name)."""


@dataclass(frozen=True)
class Refused:
    """A file that could not become a document: why, and what the user can do about it."""

    file: str
    what: str
    fix: str


def read_documents(paths: Sequence[Path], on_file: OnFile | None = None) -> tuple[list[Document], list[Refused]]:
    """Read files and folders. A folder is walked in alphabetical order without its hidden files.

    A document's id is its path inside the folder given, or its file name. Raises UserError when a path does not exist.
    """
    files = [found for path in paths for found in _files(path)]
    documents: dict[str, Document] = {}
    refused: list[Refused] = []
    for number, (name, path) in enumerate(files):
        if on_file:
            on_file(number, len(files), name)
        if name in documents:
            fix = "Rename one of the two, or give the one folder that holds both."
            refused.append(Refused(name, f"{name}: another file of this collection has the same name.", fix))
            continue
        result = read_document(path, name)
        if isinstance(result, Refused):
            refused.append(result)
        else:
            documents[name] = result
    return list(documents.values()), refused


def _files(path: Path) -> Iterator[tuple[str, Path]]:
    """(document id, file) pairs below a path."""
    if path.is_file():
        yield _readable(path.name), path
    elif path.is_dir():
        for found in sorted(path.rglob("*")):
            inside = found.relative_to(path)
            if found.is_file() and not any(part.startswith(".") for part in inside.parts):
                yield _readable(inside.as_posix()), found
    else:
        raise UserError(f"{path} does not exist.", "Name a file or a folder of documents.")


def _readable(name: str) -> str:
    """A file name as text that can be stored: bytes of a foreign encoding become question marks."""
    return name.encode("utf-8", "replace").decode()


def read_document(path: Path, name: str) -> Document | Refused:
    """One file as a document called ``name``, or the reason why not."""
    parse = parsers.BY_SUFFIX.get(path.suffix.lower())
    if parse is None:
        known = ", ".join(sorted(parsers.BY_SUFFIX))
        return Refused(name, f"{name}: files of type {path.suffix or '(none)'!r} cannot be read.", f"Known: {known}.")
    try:
        size = path.stat().st_size
        if size == 0:
            return Refused(name, f"{name} is empty.", "Give a file that holds text.")
        if size > MAX_BYTES:
            return Refused(name, f"{name} is larger than {MAX_BYTES // 10**6} MB.", "Split it into smaller files.")
        parsed = parse(path)
        return _document(path, name, parsed)
    except UserError as error:
        return Refused(name, f"{name} {error.what}", error.fix)
    except Exception as error:  # a parser met something it cannot read; which exception differs by library
        reason = str(error).split("\n")[0][:200] or type(error).__name__
        what = f"{name} cannot be read as {path.suffix.lower()[1:].upper()} ({reason})."
        return Refused(name, what, "Open it in the program it comes from and save it again.")


def _document(path: Path, name: str, parsed: parsers.Parsed) -> Document:
    pages, removed = [], 0
    for page in parsed.pages:
        text, count = UNREADABLE.subn("", page.replace("\r\n", "\n").replace("\r", "\n"))
        pages.append(text)
        removed += count
    text, starts = _join(pages)
    if not text.strip():
        raise UserError("holds no text.", "Give a file that holds text.")
    controls = removed + sum(ord(letter) < 32 and letter not in "\n\t\f" for letter in text)
    if controls > BINARY_SHARE * (len(text) + removed):
        raise UserError("holds binary data, not text.", "Give it the ending that fits its type, or export it as text.")
    warnings = list(parsed.warnings)
    if removed:
        warnings.append(f"{removed} unreadable characters (NUL bytes or broken code points) were removed")
    page_starts = starts if parsed.paged else ()
    return Document(name, text, parsed.title or path.stem, file_hash(path), page_starts, tuple(warnings))


def _join(pages: Sequence[str]) -> tuple[str, tuple[int, ...]]:
    """Pages joined by an empty line, and the character offset at which each begins."""
    starts, position = [], 0
    for page in pages:
        starts.append(position)
        position += len(page) + 2
    return "\n\n".join(pages), tuple(starts)
