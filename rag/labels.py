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


def labelled(document: Document, given: Labels, before: Document | None = None) -> Document:
    """The document with the tags in its head and those given, and the date given, or else the one in its head.

    If it has none of these, it keeps the labels of the document that it replaces. A date in a head that is none is a
    warning. Raises UserError when the date given is none.
    """
    head = _head(document)
    tags, day = tuple(dict.fromkeys((*head.tags, *given.tags))), iso_date(given.date, "The date given")
    try:
        day = day or iso_date(head.date, "The date in its head")
    except UserError as error:
        document = replace(document, warnings=(*document.warnings, f"date not used: {error.what}"))
    if not tags and not day and before is not None:
        return replace(document, tags=before.tags, date=before.date)
    return replace(document, tags=tags, date=day)


def _head(document: Document) -> Labels:
    """The labels written at the top of a Markdown file: tags in one line or in a list below, and a date."""
    match = HEAD.match(document.text)
    if not match or PurePosixPath(document.id).suffix.lower() not in (".md", ".markdown"):
        return UNLABELLED
    fields = dict(FIELD.findall(match.group(1)))
    pieces = re.split(r"[,\n]", fields.get("tags", "").strip().strip("[]"))
    tags = (re.sub(r"^-[ \t]+", "", piece.strip()).strip("'\"") for piece in pieces)
    return Labels(tuple(tag for tag in tags if tag), fields.get("date", "").strip().strip("'\""))
