"""Raw rows out of a JSONL, JSON, CSV or Parquet file, each with its place, read through ``datasets``."""

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from data.errors import UserError
from data.shapes import flatten_squad

Row = dict[str, Any]
READERS = {".jsonl": "json", ".ndjson": "json", ".json": "json", ".csv": "csv", ".tsv": "csv", ".parquet": "parquet"}


def read_rows(path: Path) -> list[Row]:
    """The file's rows in order. Raises UserError for a missing, empty, unreadable or unknown file."""
    if not path.is_file():
        raise UserError(f"{path} is not a file.", "Check the path.")
    if path.suffix.lower() not in READERS:
        raise UserError(f"{path.name}: unknown kind of file.", f"Use one of {', '.join(READERS)}.")
    if not path.stat().st_size or not path.read_bytes()[:4096].strip():
        raise UserError(f"{path.name} is empty.", "Give a file with at least one row.")
    rows = _json_rows(path) if path.suffix.lower() == ".json" else _table_rows(path)
    if not rows:
        raise UserError(f"{path.name} has no rows.", "Give a file with at least one row.")
    return rows


def columns_of(rows: Sequence[Row]) -> tuple[str, ...]:
    """Every column that one of these rows has, as they first appear."""
    return tuple(dict.fromkeys(column for row in rows for column in row))


def _json_rows(path: Path) -> list[Row]:
    try:
        value = json.loads(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UserError(f"{path.name} is not UTF-8 text.", "Save it as UTF-8.") from error
    except json.JSONDecodeError as error:
        what = f"{path.name}, line {error.lineno}: not valid JSON ({error.msg})."
        raise UserError(what, "Correct that line, or save one object per line as .jsonl.") from error
    except (RecursionError, ValueError) as error:
        what = f"{path.name} holds values nested too deep, or a number of thousands of digits."
        raise UserError(what, "Leave them out.") from error
    if (flat := flatten_squad(value)) is not None:
        return flat
    if isinstance(value, dict):  # {"data": [...]} and its like: the one list of objects inside
        value = next((v for v in value.values() if isinstance(v, list) and v and isinstance(v[0], dict)), None)
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise UserError(
            f"{path.name} holds no list of objects.", 'Write it as [{"question": ..., "answer": ...}, ...].'
        )
    return value


def _table_rows(path: Path) -> list[Row]:
    import datasets

    datasets.disable_progress_bars()
    kind = READERS[path.suffix.lower()]
    with tempfile.TemporaryDirectory() as cache:
        try:
            options = _csv_options(path) if kind == "csv" else {}
            table = datasets.load_dataset(kind, data_files=str(path), split="train", cache_dir=cache, **options)
            return list(table)
        except Exception as error:
            if kind == "json":
                return _line_rows(path)
            what = f"{path.name} cannot be read as {kind} ({_first_line(error)})."
            raise UserError(what, "Check the file.") from error


def _csv_options(path: Path) -> dict[str, Any]:
    """Every cell as text: "007" and "NA" stay what was written. The separator is the header's commonest one."""
    import datasets

    with open(path, newline="", encoding="utf-8-sig") as file:
        first = file.readline()
        separator = max(",;\t", key=first.count)
        file.seek(0)
        columns = next(csv.reader(file, delimiter=separator))
    features = datasets.Features({column: datasets.Value("string") for column in columns})
    return {"sep": separator, "features": features, "keep_default_na": False, "encoding": "utf-8-sig"}


def _line_rows(path: Path) -> list[Row]:
    """JSON lines one by one: names the line that is broken, and takes columns whose types differ from row to row."""
    rows = []
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise UserError(f"{path.name} is not UTF-8 text.", "Save it as UTF-8.") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            what = f"{path.name}, line {number}: not valid JSON ({error.msg})."
            raise UserError(what, "Write one JSON object per line.") from error
        except (RecursionError, ValueError) as error:
            what = f"{path.name}, line {number}: values nested too deep, or a number of thousands of digits."
            raise UserError(what, "Leave that line out.") from error
        if not isinstance(row, dict):
            raise UserError(f"{path.name}, line {number}: not a JSON object.", "Write one JSON object per line.")
        rows.append(row)
    return rows


def _first_line(error: BaseException) -> str:
    cause = error.__cause__ or error
    return (str(cause).strip().splitlines() or [type(cause).__name__])[0][:200]
