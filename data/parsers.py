"""One function per file type: path in, text out. Heavy libraries are imported by the function that needs them.

Why these libraries: pypdfium2 keeps the reading order of columns and is fast; mammoth keeps a Word file's headings,
tables and lists; trafilatura is the one that leaves navigation and footers out. Structure ends up as Markdown.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.errors import UserError

GUESS_BYTES = 1024  # below this, statistics of letters mislead and Windows-1252 is the better guess
# left to itself the guesser takes Russian Windows files for an old Macintosh encoding, with one wrong letter
COMMON = ["cp1252", "cp1251", "cp1250", "cp1253", "cp1254", "cp1255", "cp1256", "koi8_r", "shift_jis", "euc_jp",
          "gb18030", "big5", "euc_kr"]  # fmt: skip


@dataclass(frozen=True)
class Parsed:
    """What a parser found: one text per page (``paged``), or a single text."""

    pages: tuple[str, ...]
    title: str = ""
    warnings: tuple[str, ...] = ()
    paged: bool = False


def decode(content: bytes) -> tuple[str, tuple[str, ...]]:
    """Bytes to text: UTF-8, UTF-16 with its mark, else a guess that is named in a warning."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16"), ()
    try:
        return content.decode("utf-8-sig"), ()
    except UnicodeDecodeError:
        guess = _guess(content)
    try:
        text = content.decode(guess)
    except (UnicodeDecodeError, LookupError) as error:
        raise UserError("is not text in any encoding we know.", "Save it as UTF-8.") from error
    return text, (f"not UTF-8; read as {guess}, which is a guess",)


def _guess(content: bytes) -> str:
    if len(content) < GUESS_BYTES:
        return "cp1252"
    from charset_normalizer import from_bytes

    best = from_bytes(content, cp_isolation=COMMON).best()
    return best.encoding if best else "cp1252"


def plain(path: Path) -> Parsed:
    """Plain text."""
    text, warnings = decode(path.read_bytes())
    return Parsed((text,), "", warnings)


def markdown(path: Path) -> Parsed:
    """Markdown; the first heading is the title."""
    text, warnings = decode(path.read_bytes())
    return Parsed((text,), _first_heading(text), warnings)


def _first_heading(text: str) -> str:
    found = re.search(r"^#{1,6}[ \t]+(\S.*)$", text, re.MULTILINE)
    return found.group(1).rstrip(" \t#") if found else ""


def pdf(path: Path) -> Parsed:
    """The text layer of a PDF, page by page. Pages without text (pictures, scans) are named in a warning."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise UserError("is protected by a password.", "Remove the password and give it again.") from error
        raise UserError("is damaged or not a PDF.", "Open it in a PDF reader and save it again.") from error
    with document:
        title = document.get_metadata_dict().get("Title", "").strip()
        pages = tuple(_unwrap(page.get_textpage().get_text_bounded()) for page in document)
    empty = [str(number) for number, text in enumerate(pages, 1) if not text.strip()]
    if len(empty) == len(pages):
        raise UserError("holds pictures of pages but no text.", "Run text recognition (OCR) on it first.")
    warnings = (f"no text on page {', '.join(empty[:10])}{' ...' if empty[10:] else ''}",) if empty else ()
    return Parsed(pages, title, warnings, paged=True)


def _unwrap(text: str) -> str:
    """Undo line wrapping inside sentences: words broken by a hyphen, and lines that go on in lower case."""
    text = text.replace("\r\n", "\n")
    text = re.sub("[\u0002\ufffe]\n?", "", text)  # how PDFium marks a hyphen at the end of a line
    return re.sub(r"(?<=[^\W\d_][,;a-z]) ?\n(?=[a-z])", " ", text)


def docx(path: Path) -> Parsed:
    """A Word document as Markdown: headings, lists and tables kept, pictures left out."""
    from zipfile import BadZipFile

    import mammoth

    try:
        with open(path, "rb") as file:
            html = mammoth.convert_to_html(file, convert_image=lambda _: []).value
    except (BadZipFile, KeyError, OSError) as error:
        raise UserError("is not a Word document.", "Open it in a word processor and save it as .docx.") from error
    text = _as_markdown(html)
    return Parsed((text,), _first_heading(text))


def html(path: Path) -> Parsed:
    """The main text of a web page as Markdown; a page whose main text is not found is taken whole, with a warning."""
    import trafilatura

    content = path.read_bytes()
    source, warnings = _decode_html(content)
    title = re.search(r"<title[^>]*>(.*?)</title>", source, re.IGNORECASE | re.DOTALL)
    text = trafilatura.extract(source, output_format="markdown", include_tables=True, include_comments=False)
    whole = _as_markdown(re.sub(r"(?is)<(head|script|style)\b.*?</\1\s*>", "", source))
    if not text:
        text, warnings = whole, (*warnings, "the main text was not recognised; the whole page was taken")
    elif len(text) < len(whole) / 2:
        share = round(100 * len(text) / len(whole))
        warnings = (*warnings, f"{share} % of the page's text was taken; the rest looked like navigation")
    return Parsed((text,), " ".join(title.group(1).split()) if title else _first_heading(text), warnings)


def _decode_html(content: bytes) -> tuple[str, tuple[str, ...]]:
    declared = re.search(rb"charset=[\"']?([\w-]+)", content[:2048])
    try:
        return decode(content) if declared is None else (content.decode(declared.group(1).decode()), ())
    except (UnicodeDecodeError, LookupError):
        return decode(content)


def _as_markdown(source: str) -> str:
    from markdownify import markdownify

    return markdownify(source, heading_style="ATX", strip=["a", "img"], table_infer_header=True).strip()


def table(path: Path) -> Parsed:
    """A CSV file: one paragraph per row, "column: value; column: value", so that each row can be read by itself."""
    text, warnings = decode(path.read_bytes())
    try:
        dialect: type[csv.Dialect] = csv.Sniffer().sniff(text[:10_000], delimiters=",;\t|")
    except csv.Error:
        dialect = csv.excel
    rows = [row for row in csv.reader(io.StringIO(text, newline=""), dialect) if any(cell.strip() for cell in row)]
    if len(rows) < 2:
        raise UserError("has no rows below its header.", "Its first line names the columns; add rows below it.")
    header = [name.strip() for name in rows[0]]
    lines = [_fields((_column(header, place), cell) for place, cell in enumerate(row)) for row in rows[1:]]
    return Parsed(("\n\n".join(lines),), "", warnings)


def _column(header: list[str], place: int) -> str:
    return (header[place] if place < len(header) else "") or f"column {place + 1}"


def _fields(pairs: Iterable[tuple[str, Any]]) -> str:
    texts = (
        (name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)) for name, value in pairs
    )
    return "; ".join(f"{name}: {' '.join(text.split())}" for name, text in texts if text.strip() not in ("", "null"))


def json_lines(path: Path) -> Parsed:
    """A JSONL file: one paragraph per object, its fields as in a table."""
    text, warnings = decode(path.read_bytes())
    lines = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            what = f"is not JSONL: line {number} ({error.msg})."
            raise UserError(what, "Put one JSON object on each line.") from error
        lines.append(_fields(row.items()) if isinstance(row, dict) else str(row))
    return Parsed(("\n\n".join(lines),), "", warnings)


BY_SUFFIX: dict[str, Callable[[Path], Parsed]] = {
    ".txt": plain, ".text": plain, ".md": markdown, ".markdown": markdown, ".pdf": pdf, ".docx": docx, ".html": html,
    ".htm": html, ".csv": table, ".tsv": table, ".jsonl": json_lines,
}  # fmt: skip
