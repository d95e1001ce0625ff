"""The PDF and DOCX documents, made from Markdown in ``sources/``: always the same bytes from the same text."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path

from docx import Document
from fpdf import FPDF

WRITTEN = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
AUTHOR = "Brindlewick help desk"


def blocks(text: str) -> list[tuple[int, str]]:
    """The (heading level, text) blocks of simple Markdown: headings and plain paragraphs; level 0 is a paragraph."""
    parts = [" ".join(part.split()) for part in text.split("\n\n") if part.strip()]
    return [(len(part) - len(part.lstrip("#")), part.lstrip("# ")) for part in parts]


def write_pdf(text: str, path: Path) -> None:
    """One A4 page after the other in a plain serif face."""
    pdf = FPDF(format="A4")
    pdf.set_creation_date(WRITTEN)
    pdf.set_author(AUTHOR)
    pdf.set_title(blocks(text)[0][1])
    pdf.set_margin(25)
    pdf.add_page()
    for level, block in blocks(text):
        pdf.set_font("Times", style="B" if level else "", size={0: 12, 1: 20}.get(level, 15))
        pdf.multi_cell(0, 7 if level != 1 else 11, block, align="L", new_x="LMARGIN", new_y="NEXT")
        pdf.ln(3)
    path.write_bytes(bytes(pdf.output()))


def write_docx(text: str, path: Path) -> None:
    """A Word document with the template's own heading styles, packed without the time of day."""
    document = Document()
    document.core_properties.author = AUTHOR
    document.core_properties.title = blocks(text)[0][1]
    document.core_properties.created = document.core_properties.modified = WRITTEN.replace(tzinfo=None)
    for level, block in blocks(text):
        if level:
            document.add_heading(block, level)
        else:
            document.add_paragraph(block)
    packed = io.BytesIO()
    document.save(packed)
    with zipfile.ZipFile(packed) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(zipfile.ZipInfo(name, (2026, 11, 2, 9, 0, 0)), old.read(name), zipfile.ZIP_DEFLATED)


def write_papers(sources: Path, documents: Path) -> None:
    """Every PDF and DOCX document of the demo."""
    for name, write in (
        ("guides/winter-care-dovemar-7.pdf", write_pdf),
        ("policies/warranty.pdf", write_pdf),
        ("policies/home-visits.docx", write_docx),
    ):
        source = (sources / name).with_suffix(".md")
        write(source.read_text(encoding="utf-8"), documents / name)
