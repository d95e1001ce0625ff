"""Narrowing a search to some documents: by name, by tag, by date."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from data.errors import UserError
from data.options import number
from rag.files import Knowledge


@dataclass(frozen=True)
class Filter:
    """Which documents a search looks at; every part that is given must hold.

    ``documents``: any of these ids or files, where * stands for anything ("policies/*"). ``tags``: all of these, in any
    case. ``since`` and ``until``: ISO dates, both included; a document without a date is then left out.
    """

    documents: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    since: str = ""
    until: str = ""

    @staticmethod
    def restored(values: dict[str, Any]) -> Filter:
        """The filter whose ``dataclasses.asdict`` went through JSON."""
        return Filter(tuple(values["documents"]), tuple(values["tags"]), values["since"], values["until"])

    def __bool__(self) -> bool:
        return bool(self.documents or self.tags or self.since or self.until)

    def lets(self, names: Sequence[str], tags: Sequence[str], day: str) -> bool:
        """True if the search may look at the document of these names, with these tags and this ISO date ("": unknown).

        ``names`` are its id and, of a table's row, its file.
        """
        named = not self.documents or any(_named(name, wanted) for name in names for wanted in self.documents)
        tagged = {tag.casefold() for tag in self.tags} <= {tag.casefold() for tag in tags}
        if not (self.since or self.until):
            return named and tagged
        return named and tagged and bool(day) and (self.since or day) <= day <= (self.until or "9999")


EVERYTHING = Filter()


def add_filters(parser: ArgumentParser) -> None:
    """The flags that narrow a search, and the least score."""
    parser.add_argument("--document", action="append", default=[], metavar="ID",
                        help="look only in this document; * stands for anything (may be repeated)")  # fmt: skip
    parser.add_argument("--tag", action="append", default=[], help="look only in documents with this tag")
    parser.add_argument("--since", default="", metavar="DATE", help="look only in documents of this date or later")
    parser.add_argument("--until", default="", metavar="DATE", help="look only in documents of this date or earlier")
    parser.add_argument("--at-least", type=number, metavar="SCORE",
                        help="leave out passages of a lower cosine (with bm25: of a lower BM25 score)")  # fmt: skip


def named(options: Namespace) -> Filter:
    """The filter that these flags name."""
    return Filter(tuple(options.document), tuple(options.tag), options.since, options.until)


def _named(name: str, wanted: str) -> bool:
    return name == wanted or fnmatchcase(name, wanted)


def iso_date(text: str, what: str) -> str:
    """A date as ISO text ("" stays ""), or a UserError that says how to write one."""
    try:
        return date.fromisoformat(text).isoformat() if text else ""
    except ValueError as error:
        raise UserError(f"{what} is {text!r}, which is not a date.", "Write it like 2026-03-31.") from error


def allowed(knowledge: Knowledge, only: Filter) -> np.ndarray | None:
    """Which passages a search may find: bool, shape (passages,); None when all may.

    Raises UserError when the filter leaves no document: a slip in a tag must not look like "nothing was found".
    """
    if not only:
        return None
    only = replace(only, since=iso_date(only.since, "The first date"), until=iso_date(only.until, "The last date"))
    files = knowledge.manifest["files"]
    kept = [
        only.lets((id_, about.get("file", id_)), about.get("tags", ()), about.get("date", ""))
        for id_, about in files.items()
    ]
    if not any(kept):
        tags = sorted({tag for about in files.values() for tag in about.get("tags", ())})
        known = f"Its tags: {', '.join(tags[:20])}" if tags else "None of its documents has a tag"
        dated = sum(bool(about.get("date")) for about in files.values())
        raise UserError(
            f"No document of {knowledge.ref} passes the filter.",
            f"{known}; {dated} of its {len(files)} documents have a date.",
        )
    return np.array(kept, bool)[knowledge.document_of]
