"""The text layer of a PDF, page by page, and what a reader of the pages would not see."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from data import dates
from data.errors import UserError
from data.limits import ReadSettings
from data.parsers import Parsed, counted

SHOWN = 10  # pages named in one warning


def parse(path: Path, settings: ReadSettings) -> Parsed:
    """Pages in order. Those without text (pictures, scans) are named in a warning."""
    import pypdfium2

    whole_end = _check_frame(path)
    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise UserError("is protected by a password.", "Remove the password and give it again.") from error
        raise UserError("is damaged.", "Open it in a PDF reader and save it again.") from error
    with document:
        limit = settings.limits.pages
        if len(document) > limit:
            raise UserError(f"has {len(document):,} pages; the limit is {limit:,}.", "Split it into smaller files.")
        about = document.get_metadata_dict()
        title = about.get("Title", "").strip()
        day, day_from, undated = dates.first_day(
            ((f"its PDF {name}", about.get(name, "")) for name in ("CreationDate", "ModDate")), dates.PDF
        )  # a PDF is seldom rewritten: a later change is a stamp or a signature
        pages, hidden, links = [], [], 0
        for number in range(len(document)):
            text, unseen, linked = _page(document, number)
            pages.append(text)
            links += linked
            if unseen:
                hidden.append(number + 1)
        active = _active(document.raw)
    empty = [number for number, text in enumerate(pages, 1) if not text.strip()]
    if len(empty) == len(pages):
        raise UserError("holds pictures of pages but no text.", "Run text recognition (OCR) on it first.")
    warnings = [*undated, *([f"low text quality: no text on page {_listed(empty)}"] if empty else [])]
    if hidden:
        warnings.append(f"hidden text: text that the page does not show, as under a scan, on page {_listed(hidden)}")
    if links:
        warnings.append(f"links ignored: {counted(links, 'link')}, their words are kept")
    if active:
        warnings.append(f"active content ignored: {counted(active, 'script or attached file')}")
    if not whole_end:
        warnings.append("low text quality: the end of the file is missing, so pages may be too")
    return Parsed(tuple(pages), title, tuple(warnings), "paged", date=day, date_from=day_from)


def _check_frame(path: Path) -> bool:
    """True if the file ends as a PDF does. Raises UserError when it does not begin as one."""
    with open(path, "rb") as file:
        if b"%PDF-" not in file.read(1024):
            raise UserError("is not a PDF, whatever its name says.", "Give it the ending that fits its content.")
        file.seek(max(0, path.stat().st_size - 2048))
        return b"%%EOF" in file.read()


def _page(document: Any, number: int) -> tuple[str, bool, int]:
    """The text of a page, whether some of it is invisible, and how many links it has."""
    import pypdfium2
    from pypdfium2 import raw

    try:
        page = document[number]
    except pypdfium2.PdfiumError as error:
        what = f"is damaged: its page {number + 1} cannot be opened."
        raise UserError(what, "Open it in a PDF reader and save it again.") from error
    content = page.get_textpage()
    text = _unwrap(content.get_text_bounded())
    written = page.get_objects(filter=(raw.FPDF_PAGEOBJ_TEXT,))
    hidden = any(raw.FPDFTextObj_GetTextRenderMode(one.raw) == raw.FPDF_TEXTRENDERMODE_INVISIBLE for one in written)
    position, link, links = ctypes.c_int(0), raw.FPDF_LINK(), 0
    while raw.FPDFLink_Enumerate(page.raw, ctypes.byref(position), ctypes.byref(link)):
        links += 1
    content.close()
    page.close()
    return text, hidden, links


def _active(document: Any) -> int:
    from pypdfium2 import raw

    return max(0, raw.FPDFDoc_GetJavaScriptActionCount(document)) + max(0, raw.FPDFDoc_GetAttachmentCount(document))


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers[:SHOWN])) + (" ..." if len(numbers) > SHOWN else "")


def _unwrap(text: str) -> str:
    """Undo line wrapping inside sentences: words broken by a hyphen, and lines that go on in lower case."""
    text = text.replace("\r\n", "\n")
    text = re.sub("[\u0002\ufffe]\n?", "", text)  # how PDFium marks a hyphen at the end of a line
    return re.sub(r"(?<=[^\W\d_][,;a-z]) ?\n(?=[a-z])", " ", text)
