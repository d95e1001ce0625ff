"""What a search can be narrowed by: tags and a date, named when documents are added or in a Markdown file's head.

---
tags: [policy, delivery]
date: 2026-03-31
---
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from data import dates
from data.errors import UserError
from data.schema import Document
from rag.filters import iso_date

HEAD = re.compile(r"\A---[ \t]*\n(.*?)\n---[ \t]*(?:\n|\Z)", re.DOTALL)
FIELD = re.compile(r"^(tags|date)[ \t]*:[ \t]*(.*(?:\n[ \t]*-[ \t]+.*)*)", re.MULTILINE)


@dataclass(frozen=True)
class Labels:
    """Tags, and a date as ISO text ("" when unknown)."""

    tags: tuple[str, ...] = ()
    date: str = ""


UNLABELLED = Labels()
GIVEN, HEADED = "given with the file", "the head of its text"
UNUSED, IN_HEAD = "date not used:", "The date in its head"
KEPT = ("", GIVEN, HEADED)  # where a date came from that outlives its file; "": from before this was recorded


def labelled(document: Document, given: Labels, before: Document | None = None) -> Document:
    """The document with the tags in its head and those given, and the first date of: given, in its head, in its file.

    If neither head nor user names any, it keeps the labels of the document that it replaces, except for a date that
    came out of the file replaced. A date in a head that is none is a warning. Raises UserError when the date given is.
    """
    head = _head(document)
    tags, day = tuple(dict.fromkeys((*head.tags, *given.tags))), iso_date(given.date, "The date given")
    origin = GIVEN if day else HEADED
    if not day:
        try:
            day = iso_date(dates.day_of(head.date) or head.date, IN_HEAD)
        except UserError as error:
            document = replace(document, warnings=(*document.warnings, f"{UNUSED} {error.what}"))
    named = bool(tags or day)
    if not named and before is not None:
        tags = before.tags
        day, origin = (before.date, before.date_from) if before.date_from in KEPT else ("", "")
    if not day:
        day, origin = document.date, document.date_from
    return replace(document, tags=tags, date=day, date_from=origin)


def relabelled(document: Document, before: Document) -> Document:
    """A document whose text was edited: what changed in its head changes its labels, all others stay."""
    was, now = _head(before), _head(document)
    tags = tuple(dict.fromkeys((*now.tags, *(tag for tag in before.tags if tag not in was.tags))))
    if now.date == was.date:
        return replace(document, tags=tags)
    if before.date_from in ("", HEADED):
        document = replace(document, date="", date_from="")
    warnings = tuple(one for one in document.warnings if not one.startswith(f"{UNUSED} {IN_HEAD}"))
    return replace(labelled(replace(document, warnings=warnings), UNLABELLED), tags=tags)


def _head(document: Document) -> Labels:
    """The labels written at the top of a Markdown file: tags in one line or in a list below, and a date."""
    match = HEAD.match(document.text)
    if not match or PurePosixPath(document.id).suffix.lower() not in (".md", ".markdown"):
        return UNLABELLED
    fields = dict(FIELD.findall(match.group(1)))
    pieces = re.split(r"[,\n]", fields.get("tags", "").strip().strip("[]"))
    tags = (re.sub(r"^-[ \t]+", "", piece.strip()).strip("'\"") for piece in pieces)
    return Labels(tuple(tag for tag in tags if tag), fields.get("date", "").strip().strip("'\"")[: dates.LONGEST])
