"""CSV and JSONL: each row is a document of its own, either all its columns or the one that holds the text."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from data.encodings import decode
from data.errors import UserError
from data.limits import ReadSettings
from data.parsers import Parsed

DELIMITERS = ",;\t|"
SAMPLE_ROWS = 50
NUMBER = re.compile(r"[-+]?\d[\d .,']*%?")
YEAR = re.compile(r"[12]\d{3}")

Fields = list[tuple[str, Any]]
"""The (column, value) pairs of one row."""


def table(path: Path, settings: ReadSettings) -> Parsed:
    """A CSV file. All columns: "column: value; column: value", so that each row can be read by itself."""
    text, warnings = decode(path.read_bytes())
    rows = _records(text, _delimiter(text))
    header, missing = [name.strip() for name in rows[0]] if rows else [], False
    if len(rows) > 1 and _is_data(rows):
        header, missing = [], True
        warnings = (*warnings, "low text quality: the first line looks like data, so columns got numbers for names")
    body = rows if missing else rows[1:]
    if not body:
        raise UserError("has no rows below its header.", "Its first line names the columns; add rows below it.")
    found = [[(_column(header, place), cell) for place, cell in enumerate(row)] for row in body]
    return _documents(found, settings, text, warnings)


def _records(text: str, delimiter: str) -> list[list[str]]:
    csv.field_size_limit(sys.maxsize)  # the file's own size is the limit
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows, begun = [], 1
    try:
        for row in reader:
            begun = reader.line_num + 1
            if any(cell.strip() for cell in row):
                rows.append(row)
    except csv.Error as error:
        end = "never closed" if "unexpected end" in str(error) else "not at the end of its cell"
        what = f"has a quote on line {begun} that is {end}."
        raise UserError(what, 'Close it; a quote inside a quoted cell is written twice ("").') from error
    return rows


def _delimiter(text: str) -> str:
    """The one that cuts the most of the first rows into the same number of cells, at least two."""

    def agreement(delimiter: str) -> tuple[int, int]:
        lines = csv.reader(io.StringIO(text[:100_000], newline=""), delimiter=delimiter)
        widths = [len(row) for row in islice(lines, SAMPLE_ROWS) if row]
        common = max(set(widths), key=widths.count, default=1)
        return (widths.count(common), common) if common > 1 else (0, 0)

    csv.field_size_limit(sys.maxsize)
    return max(DELIMITERS, key=agreement)


def _is_data(rows: Sequence[Sequence[str]]) -> bool:
    """True if the first line cannot name columns: it has a number where all rows below have one, too."""
    below = rows[1 : 1 + SAMPLE_ROWS]
    for place, name in enumerate(rows[0]):
        cells = [row[place].strip() for row in below if place < len(row)]
        plain = name.strip()
        if NUMBER.fullmatch(plain) and not YEAR.fullmatch(plain) and cells and all(map(NUMBER.fullmatch, cells)):
            return True
    return False


def _column(header: Sequence[str], place: int) -> str:
    return (header[place] if place < len(header) else "") or f"column {place + 1}"


def json_lines(path: Path, settings: ReadSettings) -> Parsed:
    """A JSONL file: objects give their fields as in a table, anything else its text."""
    text, warnings = decode(path.read_bytes())
    rows: list[Fields] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            what = f"is not JSONL: line {number} ({error.msg})."
            raise UserError(what, "Put one JSON object on each line.") from error
        except RecursionError as error:
            what = f"has values nested too deep on line {number}."
            raise UserError(what, "Keep the fields that hold text.") from error
        rows.append(list(row.items()) if isinstance(row, dict) else [("", row)])
    return _documents(rows, settings, text, warnings)


def _documents(rows: list[Fields], settings: ReadSettings, text: str, warnings: tuple[str, ...]) -> Parsed:
    """One text per row; the columns that a chosen text column leaves out are named in a warning."""
    if not settings.text_column:
        return Parsed(tuple(_fields(row) for row in rows), "", warnings, "rows", len(text))
    columns = list(dict.fromkeys(name for row in rows for name, _ in row))
    if settings.text_column not in columns:
        listed = ", ".join(columns[:10]) + (" ..." if len(columns) > 10 else "")
        raise UserError(f"has no column {settings.text_column!r}.", f"Its columns are: {listed}.")
    left = [name for name in columns if name != settings.text_column]
    if left:
        warnings = (*warnings, f"columns left out: {', '.join(left[:10])}{' ...' if len(left) > 10 else ''}")
    texts = (next((value for name, value in row if name == settings.text_column), "") for row in rows)
    return Parsed(tuple(_text(value) for value in texts), "", warnings, "rows", len(text))


def _fields(row: Iterable[tuple[str, Any]]) -> str:
    texts = ((name, " ".join(_text(value).split())) for name, value in row)
    return "; ".join(f"{name}: {text}" if name else text for name, text in texts if text)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
