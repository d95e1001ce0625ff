"""The text of one document changed by hand: what becomes of its pages, title and labels, and when it is refused.

A passage is never edited, for it is derived: the changed text is split again, and what is new in it is embedded.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from data import cleaning
from data.disk import text_hash
from data.errors import UserError
from data.parsers import first_heading
from data.schema import Document
from rag.files import Knowledge
from rag.labels import relabelled


@dataclass(frozen=True)
class Edit:
    """A document's new text. ``before`` is the hash of the text it was made from, ``based`` the version that holds it.

    ``moment`` is when, as ISO text; it is part of the order, so that an edit that is resumed makes the same version.
    """

    document: str
    text: str
    before: str
    based: str
    moment: str


def find(base: Knowledge, name: str) -> Document:
    """The document of this id. Raises UserError when there is none, or when it is a table of several documents."""
    for document in base.documents:
        if document.id == name:
            return document
    rows = [document.id for document in base.documents if document.file == name]
    if rows:
        what = f"{name} is a table; each of its {len(rows)} rows is a document of its own."
        raise UserError(what, f"Name a row, like {rows[0]!r}.")
    listed = ", ".join(document.id for document in base.documents[:5]) + (" ..." if len(base.documents) > 5 else "")
    raise UserError(f"{base.ref} has no document {name!r}.", f"It has: {listed}.")


def tidy(text: str, name: str) -> tuple[str, tuple[str, ...]]:
    """A typed text as reading a file would keep it, and what was taken out. Raises UserError when nothing is left."""
    removed: Counter[str] = Counter()
    kept = cleaning.clean(text, removed)
    if not kept.strip():
        raise UserError(f"The new text of {name} is empty.", "To leave the document out, remove it instead.")
    return kept, cleaning.warnings(removed, len(kept))


def edited(base: Knowledge, edit: Edit) -> tuple[list[Document], tuple[str, ...]]:
    """All documents of ``base`` with the edit made, and sentences on what a reader should know of it.

    Raises UserError when the document's text is no longer the one that was edited: nothing is overwritten unseen.
    """
    now = find(base, edit.document)
    text, notes = tidy(edit.text, edit.document)
    if text != now.text and text_hash(now.text) != edit.before:
        what = f"{edit.document} was changed in {base.ref} after its text was taken from {edit.based} to be edited."
        raise UserError(what, "Keep a copy of your text, look at the newer one, and make your change to that.")
    if text == now.text:  # as it is, or a resumed edit that was published before it was killed
        return list(base.documents), ()
    if base.ref != edit.based:
        notes = (*notes, f"{base.ref} was published while {edit.document} was edited; the edit was made to {base.ref}")
    changed = _with_text(now, text, edit.moment)
    return [changed if document.id == edit.document else document for document in base.documents], notes


def _with_text(document: Document, text: str, moment: str) -> Document:
    """The document with another text. Its hash stays that of the file it was read from."""
    titled = document.title == first_heading(document.text)
    title = (first_heading(text) or document.title) if titled else document.title
    pages = moved(document.page_starts, document.text, text)
    return relabelled(replace(document, text=text, title=title, page_starts=pages, edited=moment), document)


def moved(starts: Sequence[int], old: str, new: str) -> tuple[int, ...]:
    """Where pages begin in ``new``, which began at these characters of ``old``; lines that both hold are the anchors.

    A page whose first line was changed begins where the change begins.
    """
    if not starts:
        return ()
    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    old_starts, new_starts = _line_starts(before), _line_starts(after)
    blocks = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    found = []
    for start in starts:
        line = bisect_right(old_starts, start) - 1
        kind, i1, _, j1, _ = next((one for one in blocks if one[1] <= line < one[2]), ("end", 0, 0, len(after), 0))
        found.append(new_starts[j1 + line - i1 if kind == "equal" else j1])
    return tuple(found)


def _line_starts(lines: Sequence[str]) -> list[int]:
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    return starts


def given_way(before: Iterable[Document], after: Iterable[Document]) -> tuple[str, ...]:
    """A sentence for each edited text that a newly read file of the same name took the place of."""
    now = {document.id: document for document in after}
    files = {document.file for document in now.values()}
    return tuple(
        f"{document.id}: the text edited on {document.edited[:10]} gave way to the file that was given"
        for document in before
        if document.edited and document.file in files and not getattr(now.get(document.id), "edited", "")
    )
