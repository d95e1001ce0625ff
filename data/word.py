"""A Word document as Markdown: headings, lists and tables kept, pictures left out, nothing fetched or carried out."""

from __future__ import annotations

import html
import re
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from data import dates
from data.errors import UserError
from data.limits import ReadSettings, check_unpacked
from data.parsers import Parsed, as_markdown, counted, first_heading

DOCTYPES = (b"<!DOCTYPE", "<!DOCTYPE".encode("utf-16-le"), "<!DOCTYPE".encode("utf-16-be"))
TEXT = re.compile(rb"<w:t(?: [^>]*)?>([^<]*)<")
HIDDEN = re.compile(rb"<w:vanish(?:/| (?!w:val=\"(?:0|false|off)\"))")
STAMP = re.compile(rb"<(?:\w+:)?(created|modified)(?: [^<>]*)?>([^<]*)<")
EXTERNAL = re.compile(rb"TargetMode=\"External\"")


def parse(path: Path, settings: ReadSettings) -> Parsed:
    """The document's body. Raises UserError for what is no Word document or would grow beyond the limits."""
    import mammoth

    with open(path, "rb") as file:
        if file.read(4) == b"\xd0\xcf\x11\xe0":
            what = "is an old Word file (.doc), or protected by a password."
            raise UserError(what, "Save it as .docx without a password.")
    try:
        with ZipFile(path) as packed:
            listed = packed.infolist()
            check_unpacked(path.stat().st_size, sum(one.file_size for one in listed), settings.limits)
            characters, warnings = _inspect(packed)
            day, day_from, undated = _dated(packed)
        with open(path, "rb") as file:
            source = mammoth.convert_to_html(file, convert_image=lambda _: []).value
    except (BadZipFile, KeyError, OSError) as error:
        raise UserError("is not a Word document.", "Open it in a word processor and save it as .docx.") from error
    text = as_markdown(source)
    return Parsed(
        (text,), first_heading(text), (*warnings, *undated), characters_in=characters, date=day, date_from=day_from
    )


def _dated(packed: ZipFile) -> tuple[str, str, tuple[str, ...]]:
    """The date in the core properties: the last change, for "created" is often the template's date."""
    if "docProps/core.xml" not in packed.namelist():
        return "", "", ()
    core = packed.read("docProps/core.xml")
    found = {name.decode(): value.decode("utf-8", "replace") for name, value in STAMP.findall(core)}
    return dates.first_day((f"its Word property {name}", found.get(name, "")) for name in ("modified", "created"))


def _inspect(packed: ZipFile) -> tuple[int, tuple[str, ...]]:
    """Characters in the body, and warnings about what is hidden, linked or active."""
    characters, hidden, links, active = 0, 0, 0, 0
    for name in packed.namelist():
        active += name.endswith("vbaProject.bin") or name.startswith(("word/embeddings/", "word/activeX/"))
        if not name.endswith((".xml", ".rels")):
            continue
        content = packed.read(name)
        if any(mark in content for mark in DOCTYPES):
            raise UserError(
                "declares a document type (DOCTYPE), which Word never writes and attacks use.",
                "Open it in a word processor and save it as .docx again.",
            )
        links += len(EXTERNAL.findall(content))
        if name == "word/document.xml":
            hidden = len(HIDDEN.findall(content))
            characters = sum(len(html.unescape(text.decode("utf-8", "replace"))) for text in TEXT.findall(content))
    warnings = [f"hidden text: {counted(hidden, 'place')} marked as hidden in Word, kept"] if hidden else []
    if links:
        warnings.append(f"links ignored: {counted(links, 'link')} to other places; nothing was fetched")
    if active:
        warnings.append(f"active content ignored: {counted(active, 'macro or embedded object')}")
    return characters, tuple(warnings)
