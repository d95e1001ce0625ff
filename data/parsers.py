"""One function per file type: path in, text out. Heavy libraries are imported by the function that needs them.

Why these libraries: pypdfium2 keeps the reading order of columns and is fast; mammoth keeps a Word file's headings,
tables and lists; trafilatura is the one that leaves navigation and footers out. Structure ends up as Markdown.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from data.encodings import decode
from data.limits import ReadSettings


@dataclass(frozen=True)
class Parsed:
    """What a parser found. ``parts`` are the pages of a "paged" file, each a document of a "rows" file, or one text.

    ``date`` is what the file says of itself (ISO; "" when nothing usable), ``date_from`` where it says so.
    ``characters_in`` counts the file's text before anything was left out (None: nothing was).
    """

    parts: tuple[str, ...]
    title: str = ""
    warnings: tuple[str, ...] = ()
    kind: str = "text"
    characters_in: int | None = None
    date: str = ""
    date_from: str = ""


Parse = Callable[[Path, ReadSettings], Parsed]


def plain(path: Path, settings: ReadSettings) -> Parsed:
    """Plain text."""
    text, warnings = decode(path.read_bytes())
    return Parsed((text,), "", warnings)


def markdown(path: Path, settings: ReadSettings) -> Parsed:
    """Markdown; the first heading is the title."""
    text, warnings = decode(path.read_bytes())
    return Parsed((text,), first_heading(text), warnings)


def first_heading(text: str) -> str:
    """The first heading of a Markdown text; "" when there is none."""
    found = re.search(r"^#{1,6}[ \t]+(\S.*)$", text, re.MULTILINE)
    return found.group(1).rstrip(" \t#") if found else ""


def as_markdown(source: str) -> str:
    """HTML as Markdown: headings, lists and tables kept, links reduced to their words, pictures left out."""
    from markdownify import markdownify

    return markdownify(source, heading_style="ATX", strip=["a", "img"], table_infer_header=True).strip()


def counted(number: int, thing: str) -> str:
    """ "1 link", "3 links"."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def by_suffix() -> dict[str, Parse]:
    """The parser of each ending."""
    from data import pdf, tables, web, word

    return {
        ".txt": plain, ".text": plain, ".md": markdown, ".markdown": markdown, ".pdf": pdf.parse, ".docx": word.parse,
        ".html": web.parse, ".htm": web.parse, ".csv": tables.table, ".tsv": tables.table, ".jsonl": tables.json_lines,
    }  # fmt: skip
