"""A bench on disk: its questions, every answer (appended batch by batch), and its scores. Read without any model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from data.errors import UserError
from data.examples import load_examples
from data.jobs import Run
from data.schema import Answer, Example, Hit, Message, Passage
from data.store import append_jsonl, read_json, read_jsonl, write_json


def save_answers(folder: Path, system: str, answers: Sequence[Answer]) -> None:
    """Append one system's answers and put them on disk."""
    append_jsonl(folder / "answers.jsonl", ({"system": system, **asdict(answer)} for answer in answers))


def load_answers(folder: Path) -> dict[str, dict[str, Answer]]:
    """All answers as {system: {example id: answer}}; a batch repeated after a kill counts once."""
    found: dict[str, dict[str, Answer]] = {}
    for row in read_jsonl(folder / "answers.jsonl"):
        name = row.pop("system")
        row["hits"] = tuple(Hit(h["rank"], h["score"], Passage(**h["passage"])) for h in row["hits"])
        row["conversation"] = tuple(Message(**message) for message in row["conversation"])
        found.setdefault(name, {})[row["example"]] = Answer(**row)
    return found


def questions(run: Run) -> tuple[Example, ...]:
    """The test questions of a bench, as they were when it was ordered."""
    return load_examples(run.folder / "examples.jsonl")


def save_scores(run: Run, scores: dict[str, Any]) -> None:
    write_json(run.folder / "scores.json", scores)


def load_scores(run: Run) -> dict[str, Any]:
    """The scores of a finished bench; UserError when it has none yet."""
    if not (run.folder / "scores.json").exists():
        raise UserError(f"Comparison {run.name} has no scores: its run is {run.state}.", "Let it finish, or resume it.")
    return read_json(run.folder / "scores.json")
