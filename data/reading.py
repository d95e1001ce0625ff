"""One file to documents, and the child process in which that happens.

Run as python -m data.reading SETTINGS: one JSON request per line on standard input, one JSON answer per line on
standard output, until the input ends. ``data.reader`` is the other side.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import signal
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from data import cleaning
from data.disk import file_hash
from data.errors import UserError
from data.limits import PATIENCE, ReadSettings, from_json, hold_memory, size
from data.parsers import Parsed, by_suffix
from data.schema import Document

BINARY_SHARE = 0.05  # of control characters, above which a "text" is taken for something else
DEEP = 3000  # Python frames: enough for the deepest page that data.web lets through
LEAVING_SECONDS = 10  # after its time is up and the parent has not ended it, a child ends itself


@dataclass(frozen=True)
class Refused:
    """A file that could not become a document: why, and what the user can do about it."""

    file: str
    what: str
    fix: str


def readable(name: str) -> str:
    """A file name as text that can be stored and shown on one line: no foreign bytes, control or turning characters."""
    name = cleaning.INVISIBLE.sub("", name.encode("utf-8", "replace").decode())
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", "_", name)


def read_file(path: Path, name: str, settings: ReadSettings) -> list[Document] | Refused:
    """One file as documents (several for a table: one per row), or the reason why not. Reads in this process."""
    known = by_suffix()
    kind = PurePosixPath(name).suffix.lower()
    if kind not in known:
        listed = ", ".join(sorted([*known, ".zip"]))
        return Refused(name, f"{name}: files of type {kind or '(none)'!r} cannot be read.", f"Known: {listed}.")
    try:
        _check_size(path, settings)
        return _documents(path, name, known[kind](path, settings))
    except UserError as error:
        return Refused(name, f"{name} {error.what}", error.fix)
    except MemoryError:
        return Refused(name, f"{name} {needs_memory(settings)}", SPLIT)
    except RecursionError:
        return Refused(name, f"{name} is nested too deep to be read.", "Save it as plain text.")
    except Exception as error:  # a parser met something it cannot read; which exception differs by library
        reason = cleaning.CONTROL.sub("", str(error)).split("\n")[0][:200] or type(error).__name__
        what = f"{name} cannot be read as {kind[1:].upper()} ({reason})."
        return Refused(name, what, "Open it in the program it comes from and save it again.")


SPLIT = "Split it into smaller files, or save it as plain text."


def needs_memory(settings: ReadSettings) -> str:
    """The sentence about a file that is too large for the memory that reading may take."""
    return f"needs more than {size(settings.limits.memory_bytes)} of memory to be read."


def _check_size(path: Path, settings: ReadSettings) -> None:
    count, limit = path.stat().st_size, settings.limits.file_bytes
    if count == 0:
        raise UserError("is empty.", "Give a file that holds text.")
    if count > limit:
        raise UserError(f"is larger than {size(limit)}.", "Split it into smaller files.")


def _documents(path: Path, name: str, parsed: Parsed) -> list[Document]:
    removed: Counter[str] = Counter()
    parts = [cleaning.clean(part, removed) for part in parsed.parts]
    kept = sum(map(len, parts))
    controls = removed["broken"] + removed["control"]
    if controls > BINARY_SHARE * (kept + controls):
        raise UserError("holds binary data, not text.", "Give it the ending that fits its type, or export it as text.")
    if not any(part.strip() for part in parts):
        if removed["words"]:
            raise UserError(f"is one word of {removed['longest']:,} letters.", "Give a file that holds text.")
        raise UserError("holds no text.", "Give a file that holds text.")
    title = readable(parsed.title)[:300] or PurePosixPath(name).stem
    warnings = (*parsed.warnings, *cleaning.warnings(removed, kept))
    before = sum(map(len, parsed.parts)) if parsed.characters_in is None else parsed.characters_in
    if parsed.kind == "rows":
        return _rows(name, title, file_hash(path), parts, warnings, before)
    text, starts = _join(parts)
    page_starts = starts if parsed.kind == "paged" else ()
    return [Document(name, text, title, file_hash(path), page_starts, warnings, characters_in=before,
                     date=parsed.date, date_from=parsed.date_from)]  # fmt: skip


def _rows(
    name: str, title: str, sha256: str, parts: Sequence[str], warnings: Sequence[str], before: int
) -> list[Document]:
    """A document per row, known by the file's name and the row's number. What concerns the file stands on the first."""
    if blank := sum(not part.strip() for part in parts):
        warnings = (*warnings, f"rows left out: {blank} without text")
    rows = [(number, part) for number, part in enumerate(parts, 1) if part.strip()]
    return [
        Document(f"{name}#{number}", part, f"{title}, row {number}", sha256,
                 warnings=() if place else tuple(warnings), source=name, characters_in=0 if place else before)
        for place, (number, part) in enumerate(rows)
    ]  # fmt: skip


def _join(pages: Sequence[str]) -> tuple[str, tuple[int, ...]]:
    """Pages joined by an empty line, and the character offset at which each begins."""
    starts, position = [], 0
    for page in pages:
        starts.append(position)
        position += len(page) + 2
    return "\n\n".join(pages), tuple(starts)


def _answer(request: dict[str, Any], settings: ReadSettings) -> dict[str, Any]:
    if request["do"] == "unpack":
        from data.archives import unpack

        files, refused = unpack(Path(request["path"]), request["name"], Path(request["into"]), settings.limits)
        return {"files": files, "refused": [dataclasses.asdict(one) for one in refused]}
    found = read_file(Path(request["path"]), request["name"], settings)
    if isinstance(found, Refused):
        return {"refused": [dataclasses.asdict(found)]}
    return {"documents": [dataclasses.asdict(document) for document in found]}


def main() -> int:
    """The child's side: answer requests until there are no more."""
    settings = from_json(json.loads(sys.argv[1]))
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not be taken for an answer
    sys.setrecursionlimit(DEEP)
    hold_memory(settings.limits)
    for line in sys.stdin.buffer:
        signal.alarm(int(PATIENCE * settings.limits.seconds) + LEAVING_SECONDS)
        request = json.loads(line)
        try:
            answer = json.dumps(_answer(request, settings), ensure_ascii=False).encode("utf-8", "replace")
        except MemoryError:
            refused = Refused(request["name"], f"{request['name']} {needs_memory(settings)}", SPLIT)
            answer = json.dumps({"refused": [dataclasses.asdict(refused)]}).encode()
        answers.write(answer + b"\n")
        answers.flush()
        signal.alarm(0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
