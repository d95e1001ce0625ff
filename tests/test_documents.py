"""Files made by independent writers give their text back; what cannot be read is refused in a plain sentence."""

from __future__ import annotations

from pathlib import Path

import docx
import pytest
from fpdf import FPDF

from data.documents import read_documents
from data.errors import UserError
from data.limits import ReadSettings
from data.reading import Refused, read_file
from data.schema import Document


def put(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(path: Path) -> Document:
    (document,) = read_all(path)
    return document


def read_all(path: Path, text_column: str = "") -> list[Document]:
    result = read_file(path, path.name, ReadSettings(text_column))
    assert not isinstance(result, Refused), result
    return result


def refused(path: Path) -> Refused:
    result = read_file(path, path.name, ReadSettings())
    assert isinstance(result, Refused), result
    assert path.name in result.what
    assert result.fix
    return result


def pdf(path: Path, pages: list[str], password: str = "") -> Path:
    paper = FPDF()
    paper.set_title("Kettle manual")
    for text in pages:
        paper.add_page()
        paper.set_font("helvetica", size=12)
        if text:
            paper.multi_cell(0, 8, text)
    if password:
        paper.set_encryption(owner_password=password + "!", user_password=password)
    paper.output(str(path))
    return path


def test_pdf_gives_text_pages_and_title(tmp_path: Path) -> None:
    document = read(pdf(tmp_path / "kettle.pdf", ["It boils in four minutes.", "", "The warranty lasts three years."]))
    assert document.title == "Kettle manual"
    assert len(document.page_starts) == 3
    assert document.text[document.page_starts[2] :].strip() == "The warranty lasts three years."
    assert document.warnings == ("low text quality: no text on page 2",)


def test_pdf_lines_of_one_sentence_are_joined(tmp_path: Path) -> None:
    sentence = "The kettle is filled with water up to the mark and then it boils for some four minutes until it rings."
    assert read(pdf(tmp_path / "wrapped.pdf", [sentence])).text.strip() == sentence


def test_pdf_that_is_locked_scanned_or_broken_is_refused(tmp_path: Path) -> None:
    assert "password" in refused(pdf(tmp_path / "locked.pdf", ["secret"], "key")).what
    assert "OCR" in refused(pdf(tmp_path / "scan.pdf", ["", ""])).fix
    whole = pdf(tmp_path / "whole.pdf", ["text"]).read_bytes()
    assert "not a PDF" in refused(put(tmp_path, "notes.pdf", "hello")).what
    assert "damaged" in refused(put(tmp_path, "torn.pdf", whole[:60])).what


def test_docx_keeps_headings_lists_and_tables(tmp_path: Path) -> None:
    word = docx.Document()
    word.add_heading("Returns", 1)
    word.add_paragraph("Send it back within 30 days.")
    word.add_heading("Refunds", 2)
    word.add_paragraph("Money in five days.", style="List Bullet")
    table = word.add_table(2, 2)
    for cell, text in zip([*table.rows[0].cells, *table.rows[1].cells], ["Item", "Price", "Lamp", "12"], strict=True):
        cell.text = text
    word.save(str(tmp_path / "returns.docx"))
    document = read(tmp_path / "returns.docx")
    assert document.title == "Returns"
    for line in ("# Returns", "Send it back within 30 days.", "## Refunds", "* Money in five days.", "| Lamp | 12 |"):
        assert line in document.text.split("\n")
    assert "not a Word document" in refused(put(tmp_path, "fake.docx", "hello")).what


def test_html_leaves_navigation_out_and_keeps_structure(tmp_path: Path) -> None:
    long = "We open at nine in the morning every day except Sunday, when the shop stays closed for the whole day."
    page = (
        f"<html><head><title>Shop hours</title><script>var x = 1</script></head><body><nav><a href='/'>Start</a>"
        f"<a href='/b'>Blog</a></nav><main><h1>Hours</h1><p>{long}</p><h2>Holidays</h2><p>{long} {long}</p></main>"
        "<footer>We use cookies</footer></body></html>"
    )
    document = read(put(tmp_path, "hours.html", page))
    assert document.title == "Shop hours"
    assert "## Holidays" in document.text
    assert long in document.text
    for noise in ("Blog", "cookies", "var x"):
        assert noise not in document.text
    small = read(put(tmp_path, "small.html", "<p>Tiny</p>"))
    assert small.text.strip() == "Tiny"
    menu = "<nav>" + "<a href='/x'>Another page of this shop</a> " * 50 + "</nav>"
    assert (
        "% of the page's text" in read(put(tmp_path, "menu.html", page.replace("<nav>", menu + "<nav>"))).warnings[-1]
    )


def test_rows_of_tables_and_json_lines_become_readable_documents(tmp_path: Path) -> None:
    rows = read_all(put(tmp_path, "prices.csv", 'name;price\nLamp;12\n"Ket\ntle";30\n'))
    assert [(row.id, row.text) for row in rows] == [
        ("prices.csv#1", "name: Lamp; price: 12"), ("prices.csv#2", "name: Ket tle; price: 30")
    ]  # fmt: skip
    assert {row.file for row in rows} == {"prices.csv"}
    lines = read_all(put(tmp_path, "rows.jsonl", '{"name": "Lamp", "price": 12, "note": null}\n\n"plain"\n'))
    assert [line.text for line in lines] == ["name: Lamp; price: 12", "plain"]
    assert "line 2" in refused(put(tmp_path, "bad.jsonl", '{"a": 1}\n{"b": \n')).what
    assert "no rows" in refused(put(tmp_path, "header.csv", "name,price\n")).what


RUSSIAN = "Привет, мир! Это длинный русский текст о погоде и природе. " * 30


@pytest.mark.parametrize(
    ("content", "text", "warned"),
    [
        ("\ufeffGrüße".encode(), "Grüße", None),
        ("Grüße".encode("utf-16"), "Grüße", None),
        ("Grüße aus Köln".encode("cp1252"), "Grüße aus Köln", "cp1252"),
        (RUSSIAN.encode("cp1251"), RUSSIAN, "cp1251"),
        (b"a whole line of words, with one NUL\0 byte", "a whole line of words, with one NUL byte", "NUL"),
        (b"one\r\ntwo\rthree", "one\ntwo\nthree", None),
    ],
)
def test_encodings(tmp_path: Path, content: bytes, text: str, warned: str | None) -> None:
    document = read(put(tmp_path, "a.txt", content))
    assert document.text == text
    assert (warned in document.warnings[0]) if warned else not document.warnings


def test_lone_surrogates_are_removed_with_a_warning(tmp_path: Path) -> None:
    document = read(put(tmp_path, "a.jsonl", '{"name": "La\\ud800mp of the house"}'))
    assert document.text == "name: Lamp of the house"
    assert "1 unreadable" in document.warnings[0]


def test_empty_blank_binary_and_unknown_files_are_refused(tmp_path: Path) -> None:
    assert "is empty" in refused(put(tmp_path, "empty.txt", b"")).what
    assert "no text" in refused(put(tmp_path, "blank.md", " \n\t\n")).what
    assert "binary" in refused(put(tmp_path, "binary.txt", bytes(range(32)) * 50)).what
    assert ".docx" in refused(put(tmp_path, "picture.png", b"x")).fix


def test_a_folder_is_walked_in_order_without_hidden_files(tmp_path: Path) -> None:
    for name in ("b.md", "a.txt", "inner/c.md", ".hidden.md", ".git/d.md"):
        put(tmp_path, f"docs/{name}", "# Title\n\ntext")
    documents, refusals = read_documents([tmp_path / "docs"])
    assert [document.id for document in documents] == ["a.txt", "b.md", "inner/c.md"]
    assert not refusals


def test_the_same_name_twice_and_a_missing_path(tmp_path: Path) -> None:
    one, two = put(tmp_path, "x/a.txt", "one"), put(tmp_path, "y/a.txt", "two")
    documents, refusals = read_documents([one, two])
    assert [document.text for document in documents] == ["one"]
    assert "same name" in refusals[0].what
    with pytest.raises(UserError, match="does not exist"):
        read_documents([tmp_path / "nowhere"])
