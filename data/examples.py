"""Question-answer files: recognise the shape, map the columns, check every row, fingerprint the result."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from data.disk import append_jsonl, read_jsonl
from data.errors import UserError
from data.prompts import ABSTAIN
from data.rows import Row, columns_of, read_rows
from data.schema import TASKS, Conversation, Example, Message
from data.shapes import OPTIONAL, SHAPES
from data.store import resolve
from data.workspace import Workspace, given_path

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Refusal:
    """A row that was left out: its number in the file (from 1) and why."""

    row: int
    why: str


@dataclass(frozen=True)
class Reading:
    """What a file gave: examples in file order, rows refused, the shape recognised, how the task was found."""

    file: str
    shape: str
    columns: tuple[str, ...]
    examples: tuple[Example, ...]
    refused: tuple[Refusal, ...]
    task_reason: str
    fingerprint: str


def read_examples(path: Path, mapping: dict[str, str] | None = None) -> Reading:
    """Read a file of pairs. ``mapping`` names the column for each of our fields, for files with other names.

    Raises UserError when the file cannot be read, lacks the columns, or has no usable row.
    """
    rows = read_rows(path)
    columns = columns_of(rows)
    if mapping:
        check_mapping(path, mapping, columns)
        rows = [_renamed(row, mapping) for row in rows]
    shape, convert = _recognise(rows)
    examples: list[Example] = []
    refused: list[Refusal] = []
    seen: dict[str, int] = {}
    for number, row in enumerate(rows, 1):
        try:
            example = _example(number, row, convert(row))
            if example.id in seen:
                raise ValueError(f"its id {example.id!r} is also row {seen[example.id]}'s")
            seen[example.id] = number
            examples.append(example)
        except ValueError as error:
            refused.append(Refusal(number, str(error)))
    if not examples:
        raise UserError(_nothing(path, columns, refused), "Name them question and answer, or map the columns.")
    examples, reason = _with_tasks(examples, rows)
    return Reading(path.name, shape, columns, tuple(examples), tuple(refused), reason, fingerprint(examples))


def _nothing(path: Path, columns: tuple[str, ...], refused: list[Refusal]) -> str:
    listed = ", ".join(map(str, columns[:12]))
    return f"{path.name}: no usable row; row {refused[0].row}: {refused[0].why}. Its columns: {listed}."


def check_mapping(path: Path, mapping: dict[str, str], columns: tuple[str, ...]) -> None:
    """Raises UserError for a field that does not exist, and for a column that is not among the file's ``columns``."""
    for field, column in mapping.items():
        if field not in ("question", "answers", *OPTIONAL):
            raise UserError(
                f"There is no field {field!r} to map.", f"Fields: question, answers, {', '.join(OPTIONAL)}."
            )
        if column not in columns:
            raise UserError(f"{path.name} has no column {column!r}.", f"Its columns: {', '.join(map(str, columns))}.")


def _renamed(row: Row, mapping: dict[str, str]) -> Row:
    """The row with mapped columns under our names; other columns stay, unless a mapped field takes their name."""
    return {**{k: v for k, v in row.items() if k not in mapping}, **{f: row.get(c) for f, c in mapping.items()}}


def _recognise(rows: Sequence[Row]) -> tuple[str, Any]:
    columns = {column for row in rows[:50] for column in row}
    if {"context", "question", "answers"} <= columns and not any(_is_squad_row(row) for row in rows[:50]):
        columns.discard("context")  # a plain "context" column beside plain answers is our evidence, not SQuAD
    return next((name, convert) for name, fits, convert in SHAPES if fits(columns))


def _is_squad_row(row: Row) -> bool:
    answers = row.get("answers")
    return isinstance(answers, dict) or (isinstance(answers, list) and bool(answers) and isinstance(answers[0], dict))


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _example(number: int, row: Row, found: Row) -> Example:
    """One checked example; ValueError says in a few words what the row lacks."""
    question = _text(found.get("question"))
    if not question:
        raise ValueError("no question")
    value = {name: row.get(name) for name in OPTIONAL} | {k: v for k, v in found.items() if v is not None}
    answers = _answers(found.get("answers"))
    answerable = _truth(value.get("answerable"), default=answers != (ABSTAIN,))
    if not answers and answerable:
        raise ValueError("no answer")
    if not _is_whole("".join((question, *answers))):
        raise ValueError("it holds half a character (a lone surrogate)")
    task = _text(value.get("task")) or ""
    if task and task not in TASKS:
        raise ValueError(f"its task {task!r} is not one of {', '.join(TASKS)}")
    tags = value.get("tags") or ()
    tags = tuple(t.strip() for t in tags.split(",")) if isinstance(tags, str) else tuple(map(str, tags))
    optional = {name: _text(value.get(name)) or None for name in ("document", "evidence", "fact", "format")}
    return Example(
        id=_text(value.get("id")) or f"row-{number}", question=question, answers=answers or (ABSTAIN,),
        answerable=answerable, task=task, tags=tuple(t for t in tags if t),
        history=_history(found.get("history") or row.get("history")), **optional,
    )  # fmt: skip


def _is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _history(value: Any) -> Conversation:
    """The turns before the question; a column of that name which holds something else is not ours."""
    if not isinstance(value, (list, tuple)) or not all(
        isinstance(t, dict) and t.keys() >= {"role", "content"} for t in value
    ):
        return ()
    return tuple(Message(str(turn["role"]), str(turn["content"])) for turn in value)


def _answers(value: Any) -> tuple[str, ...]:
    if isinstance(value, str) and value.lstrip().startswith("["):  # a list kept in one CSV cell
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            value = [value]
    values = value if isinstance(value, (list, tuple)) else [value]
    return tuple(dict.fromkeys(text for text in map(_text, values) if text))


def _truth(value: Any, default: bool) -> bool:
    if isinstance(value, str) and value.strip():
        if value.strip().lower() not in ("true", "false", "1", "0", "yes", "no"):
            raise ValueError(f"answerable is {value!r}, not true or false")
        return value.strip().lower() in ("true", "1", "yes")
    return default if value is None or value == "" else bool(value)


def _with_tasks(examples: list[Example], rows: Sequence[Row]) -> tuple[list[Example], str]:
    """Fill in the task where the file names none; the reason is shown to the user."""
    if all(example.task for example in examples):
        return examples, "from the task column"
    open_ones = [e for e in examples if not e.task]
    task, reason = infer_task([e for e in open_ones if not e.format])
    by_format = {"label": "label", "number": "number"}
    filled = []
    for example in examples:
        kind = by_format.get((example.format or "").split(":")[0], task)
        filled.append(example if example.task else Example(**{**vars(example), "task": kind}))
    return filled, reason


def infer_task(examples: Sequence[Example]) -> tuple[str, str]:
    """The likely task of rows without one, and why. Short answers unless the answers clearly say otherwise."""
    answers = [e.answers[0] for e in examples if e.answerable]
    if not answers:
        return "short", "from the format column"
    counts = Counter(answers)
    words = sum(len(a.split()) for a in answers) / len(answers)
    if all(_is_number(a) for a in answers):
        return "number", f"all {len(answers)} answers are numbers"
    if len(counts) <= 20 and len(answers) >= 5 * len(counts) and words <= 3:
        return "label", f"{len(counts)} different answers in {len(answers)} rows"
    if words > 12:
        return "text", f"answers have {words:.0f} words on average"
    return "short", f"answers have {words:.1f} words on average"


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", ""))
    except ValueError:
        return False
    return True


def fingerprint(examples: Sequence[Example]) -> str:
    """A hash of all fields of all examples, in order: equal only for equal data."""
    digest = hashlib.sha256()
    for example in examples:
        digest.update(json.dumps(_as_row(example), sort_keys=True, ensure_ascii=False).encode("utf-8", "replace"))
    return digest.hexdigest()[:16]


def _as_row(example: Example) -> Row:
    """Every field under its own name; ``history`` only where there is one, as in files from before there was any."""
    row = asdict(example)
    return row if example.history else {name: value for name, value in row.items() if name != "history"}


def save_examples(path: Path, examples: Sequence[Example]) -> None:
    """Write examples as JSONL with every field under its own name."""
    path.unlink(missing_ok=True)
    append_jsonl(path, map(_as_row, examples))


def load_examples(path: Path) -> tuple[Example, ...]:
    """Examples that ``save_examples`` wrote."""
    return tuple(
        Example(**row | {"answers": tuple(row["answers"]), "tags": tuple(row["tags"]),
                         "history": _history(row.get("history"))})
        for row in read_jsonl(path)
    )  # fmt: skip


def locate(workspace: Workspace, ref: str, split: str) -> Path:
    """The file meant by ``ref``: a path, or the given split of a stored dataset ("demo", "demo@2")."""
    path = given_path(ref)
    stored = None
    try:
        stored = resolve(workspace, "datasets", ref).path / f"{split}.jsonl"
    except UserError as error:
        if not path.exists():
            raise UserError(f"{ref!r} is neither a file nor a stored dataset.", error.fix) from error
    if stored and path.is_file():
        raise UserError(f"{ref!r} is both a file here and a stored dataset.", f"Write ./{ref} for the file.")
    if not stored and not path.is_file():
        raise UserError(f"{path} is not a file.", "Check the path.")
    if stored and not stored.exists():
        raise UserError(f"Dataset {ref} has no {split} rows.", "Add them with: python -m data add")
    return stored or path
