"""Dates that files carry about themselves: taken when well formed, named when not, and never the end of a reading."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import docx
import pytest
from fpdf import FPDF

from data.dates import PDF, day_of, first_day
from data.limits import ReadSettings
from data.reading import Refused, read_file
from data.schema import Document
from rag.labels import GIVEN, HEADED, UNLABELLED, Labels, labelled


def read(path: Path) -> Document:
    result = read_file(path, path.name, ReadSettings())
    assert not isinstance(result, Refused), result
    return result[0]


def page(folder: Path, head: str, body: str = "") -> Document:
    (folder / "a.html").write_text(f"<html><head>{head}</head><body><p>The lamp is red.</p>{body}</body></html>")
    return read(folder / "a.html")


def undated(document: Document) -> list[str]:
    return [one for one in document.warnings if one.startswith("date not used")]


def test_a_pdf_tells_when_it_was_made(tmp_path: Path) -> None:
    paper = FPDF()
    paper.set_creation_date(datetime(2024, 2, 29, 23, 30, tzinfo=UTC))
    paper.add_page()
    paper.set_font("helvetica", size=12)
    paper.cell(text="The lamp is red.")
    paper.output(str(tmp_path / "a.pdf"))
    document = read(tmp_path / "a.pdf")
    assert (document.date, document.date_from, undated(document)) == ("2024-02-29", "its PDF CreationDate", [])


def test_a_word_file_tells_when_it_was_changed_last(tmp_path: Path) -> None:
    paper = docx.Document()
    paper.add_paragraph("The lamp is red.")
    paper.core_properties.created, paper.core_properties.modified = datetime(2013, 1, 1), datetime(2023, 5, 6)
    paper.save(str(tmp_path / "a.docx"))
    document = read(tmp_path / "a.docx")
    assert (document.date, document.date_from) == ("2023-05-06", "its Word property modified")


@pytest.mark.parametrize(
    ("head", "body", "day"),
    [
        ('<meta property="article:published_time" content="2022-03-04T05:06:07+00:00">', "", "2022-03-04"),
        ('<meta name="DC.date" content="2021-12-31">', "", "2021-12-31"),
        ('<meta name="date" content=" 2020-01-01 ">', '<time datetime="1999-09-09">then</time>', "2020-01-01"),
        ("", '<time datetime="2019-08-07">7 August</time>', "2019-08-07"),
        ("", '<time datetime="1789-07-14">x</time><time datetime="1815-06-18">y</time>', ""),
    ],
)
def test_a_web_page_tells_when_it_was_published(tmp_path: Path, head: str, body: str, day: str) -> None:
    document = page(tmp_path, head, body)
    assert document.date == day
    assert bool(document.date_from) == bool(day)


@pytest.mark.parametrize(
    "value", ["yesterday", "2024-13-45", "2024", "9999-01-01", "-1", "2024-02-30T00:00", "\u0662" * 8]
)
def test_a_malformed_date_is_a_named_warning(tmp_path: Path, value: str) -> None:
    document = page(tmp_path, f'<meta charset="utf-8"><meta name="date" content="{value}">')
    assert document.date == ""
    assert len(undated(document)) == 1
    assert "its meta date" in undated(document)[0]


def test_a_hostile_date_is_cut_short_and_costs_nothing(tmp_path: Path) -> None:
    began = time.process_time()
    document = page(tmp_path, f'<meta name="date" content="2024-01-01T00:00{"9" * 1_000_000}\u202ex\x07">')
    first_day([("x", "2" * 10_000_000), ("y", "\u202e" * 100)], PDF)
    assert time.process_time() - began < 20
    assert all(len(one) < 150 and "\u202e" not in one for one in document.warnings)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("D:20240131", "2024-01-31"),
        ("D:20240131120000+01'00'", "2024-01-31"),
        ("D:2024", ""),
        ("D:20240231", ""),
        ("20240131", ""),
    ],
)
def test_the_form_of_dates_in_a_pdf(text: str, day: str) -> None:
    assert day_of(text, PDF) == day


def test_a_date_given_goes_before_the_heads_and_that_before_the_files() -> None:
    file = Document("a.html", "x", "x", "h", date="2020-01-01", date_from="its meta date")
    head = Document("a.md", "---\ndate: 2021-01-01T10:00:00Z\n---\nx", "x", "h")
    assert (labelled(file, UNLABELLED).date, labelled(file, UNLABELLED).date_from) == ("2020-01-01", "its meta date")
    assert (labelled(head, UNLABELLED).date, labelled(head, UNLABELLED).date_from) == ("2021-01-01", HEADED)
    given = labelled(file, Labels((), "2022-01-01"))
    assert (given.date, given.date_from) == ("2022-01-01", GIVEN)
    assert labelled(file, UNLABELLED, given).date == "2022-01-01", "a date that was given outlives its file"
    newer = Document("a.html", "y", "y", "i", date="2023-01-01", date_from="its meta date")
    tagged = labelled(file, Labels(("policy",)))
    after = labelled(newer, UNLABELLED, tagged)
    assert (after.tags, after.date) == (("policy",), "2023-01-01")
