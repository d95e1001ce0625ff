"""Files to documents: every file ends as read, read with warnings, or refused with a sentence and what to do."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from data.disk import file_hash
from data.errors import UserError
from data.limits import ReadSettings
from data.reader import Reader
from data.reading import Refused, readable
from data.schema import Document

OnFile = Callable[[int, int, str], None]
"""Called before each file, and while it is read, with (files done, files in all, its name). It may raise to stop."""


@dataclass(frozen=True)
class Found:
    """A file to read: what it is called in the collection, and where it lies."""

    name: str
    path: Path


def read_documents(
    paths: Sequence[Path], on_file: OnFile | None = None, settings: ReadSettings | None = None
) -> tuple[list[Document], list[Refused]]:
    """Read files, folders and ZIPs. A folder is walked in alphabetical order without its hidden files.

    A document's id is its path inside the folder or ZIP given, or its file name; a table's rows add "#" and a number.
    All reading is done by a child process within the limits. Raises UserError when a path does not exist.
    """
    told = on_file or (lambda done, total, name: None)
    with Reader(settings or ReadSettings()) as reader, TemporaryDirectory(prefix="crossover-") as scratch:
        given = [one for path in paths for one in _files(path)]
        found = [one for one in given if isinstance(one, Found)]
        files, refused = _unpacked(found, reader, Path(scratch), told)
        refused += [one for one in given if isinstance(one, Refused)]
        documents: list[Document] = []
        seen: dict[str, Path] = {}
        for number, file in enumerate(files):
            told(number, len(files), file.name)
            if file.name in seen:
                refused.append(_again(file, seen[file.name]))
                continue
            seen[file.name] = file.path
            read, not_read = _read(file, reader, partial(told, number, len(files), file.name))
            documents += read
            refused += not_read
    return _with_copies_named(documents), refused


def by_file(documents: Iterable[Document]) -> Iterator[tuple[str, str, str]]:
    """(name, SHA-256, text) of each file, the rows of a table put together again."""
    texts: dict[tuple[str, str], list[str]] = {}
    for document in documents:
        texts.setdefault((document.file, document.sha256), []).append(document.text)
    return ((name, sha256, "\n\n".join(parts)) for (name, sha256), parts in texts.items())


def _files(path: Path) -> Iterator[Found | Refused]:
    if path.is_file():
        yield Found(readable(path.name), path)
    elif path.is_dir():
        yield from _inside(path)
    else:
        raise UserError(f"{path} does not exist.", "Name a file, a folder or a ZIP of documents.")


def _inside(folder: Path) -> Iterator[Found | Refused]:
    """What lies in a folder, in alphabetical order; what cannot be read or leads elsewhere is refused by name."""
    closed: list[OSError] = []
    walked = [
        Path(home) / name for home, down, files in os.walk(folder, onerror=closed.append) for name in down + files
    ]
    for path in sorted(walked):
        inside = path.relative_to(folder)
        name = readable(inside.as_posix())
        if any(part.startswith(".") for part in inside.parts):
            continue
        if problem := _leads_elsewhere(path, folder):
            yield Refused(name, f"{name} {problem}", "Put what it leads to into the folder, in its place.")
        elif path.is_file():
            yield Found(name, path)
    for error in closed:
        name = readable(Path(error.filename).relative_to(folder).as_posix())
        yield Refused(name, f"{name} is a folder that cannot be opened ({error.strerror}).", "Make it readable.")


def _leads_elsewhere(path: Path, folder: Path) -> str:
    """Why a link is not followed; empty for what is no link, and for a link to a file of the same folder."""
    if not path.is_symlink():
        return ""
    target = Path(os.path.realpath(path))
    if target.is_dir():
        return "is a link to a folder, which is not followed."
    if not target.is_file():
        return "is a link that leads nowhere."
    return "" if target.is_relative_to(folder.resolve()) else "is a link that leads out of the folder."


def _unpacked(found: Iterable[Found], reader: Reader, scratch: Path, told: OnFile) -> tuple[list[Found], list[Refused]]:
    """Each ZIP replaced by its files. Those of a ZIP inside a folder stand below the ZIP's name."""
    files: list[Found] = []
    refused: list[Refused] = []
    for number, file in enumerate(found):
        if file.path.suffix.lower() != ".zip":
            files.append(file)
            continue
        into = scratch / str(number)
        into.mkdir()
        request = {"do": "unpack", "path": str(file.path), "name": file.name, "into": str(into)}
        answer, problems = _asked(reader, request, partial(told, 0, 1, file.name))
        prefix = f"{file.name}/" if "/" in file.name else ""
        files += [Found(prefix + name, Path(path)) for name, path in answer.get("files", [])]
        refused += problems
    return files, refused


def _read(file: Found, reader: Reader, waiting: Callable[[], None]) -> tuple[list[Document], list[Refused]]:
    request = {"do": "read", "path": str(file.path.resolve()), "name": file.name}
    answer, refused = _asked(reader, request, waiting)
    rows = answer.get("documents", [])
    lists = ("page_starts", "warnings", "tags")
    return [Document(**{**row, **{key: tuple(row[key]) for key in lists}}) for row in rows], refused


def _asked(reader: Reader, request: dict[str, str], waiting: Callable[[], None]) -> tuple[dict, list[Refused]]:
    try:
        answer = reader.ask(request, waiting)
    except UserError as error:
        return {}, [Refused(request["name"], f"{request['name']} {error.what}", error.fix)]
    return answer, [Refused(**one) for one in answer.get("refused", [])]


def _again(file: Found, first: Path) -> Refused:
    """The second of two files with one name."""
    if file_hash(file.path) == file_hash(first):
        return Refused(file.name, f"{file.name} was given twice; it was read once.", "Nothing is lost; leave one out.")
    fix = "Rename one of the two, or give the one folder that holds both."
    return Refused(file.name, f"{file.name}: another file of this collection has the same name.", fix)


def _with_copies_named(documents: list[Document]) -> list[Document]:
    """A document that holds the same as an earlier one says so: copies crowd others out of a search."""
    first: dict[str, str] = {}
    said: set[str] = set()
    named = []
    for document in documents:
        original = first.setdefault(document.sha256, document.file)
        if original != document.file and document.file not in said:
            said.add(document.file)
            warning = f"copy: it holds the same as {original}"
            document = dataclasses.replace(document, warnings=(*document.warnings, warning))
        named.append(document)
    return named
