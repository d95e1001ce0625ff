"""A bench on disk: its questions, every answer (appended batch by batch), and its scores. Read without any model.

    examples.jsonl  plan.json  answers.jsonl  counterfactual.jsonl  passages.jsonl  scores.json  labels.json  ...

``counterfactual.jsonl`` holds answers to the gold passage alone, in the form of answers.jsonl. A passage is stored
once, however many answers it was fetched for; answers name it by its key.
"""

from __future__ import annotations

import json
from collections.abc import Container, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from data.disk import append_jsonl, read_json, read_jsonl, write_bytes, write_json
from data.errors import UserError
from data.examples import load_examples
from data.jobs import Run
from data.layout import SHAPES
from data.schema import Answer, Example, Hit, Message, Origin, Passage
from eval.plan import Batch

PASSAGE = {**SHAPES["passages.jsonl"], "key": str}
ANSWERS, ALONE = "answers.jsonl", "counterfactual.jsonl"


class AnswerLog:
    """Appends answers to a run's folder; everything appended is on disk when ``save`` returns."""

    def __init__(self, folder: Path, file: str = ANSWERS) -> None:
        self.folder, self.file = folder, file
        self._stored = {row["key"] for row in read_jsonl(folder / "passages.jsonl", PASSAGE)}

    def save(self, system: str, answers: Sequence[Answer]) -> None:
        """Append one system's answers, the passages they name first."""
        passages = {_key(hit.passage): hit.passage for answer in answers for hit in answer.hits}
        new = {key: passage for key, passage in passages.items() if key not in self._stored}
        append_jsonl(self.folder / "passages.jsonl", ({"key": key, **asdict(p)} for key, p in new.items()))
        self._stored.update(new)
        append_jsonl(self.folder / self.file, ({"system": system, **_saved(answer)} for answer in answers))


def _key(passage: Passage) -> str:
    return f"{passage.id}@{passage.start}"


def _saved(answer: Answer) -> dict[str, Any]:
    hits = [
        {"rank": hit.rank, "score": hit.score, "passage": _key(hit.passage), "origin": asdict(hit.origin)}
        for hit in answer.hits
    ]
    return {**asdict(answer), "hits": hits}


def load_answers(folder: Path, file: str = ANSWERS) -> dict[str, dict[str, Answer]]:
    """All answers as {system: {example id: answer}}; a batch repeated after a kill counts once.

    An answer whose passages are not stored any more cannot be read, and is left out (see eval.gaps).
    """
    passages = load_passages(folder)
    found: dict[str, dict[str, Answer]] = {}
    for row in read_jsonl(folder / file):
        if has_its_passages(row, passages):
            found.setdefault(row["system"], {})[row["example"]] = restored(row, passages)
    return found


def has_its_passages(row: dict[str, Any], passages: Container[str]) -> bool:
    """True if every passage that a line of answers.jsonl names is stored."""
    return all(hit["passage"] in passages for hit in row["hits"])


def keep_whole(folder: Path, batches: Sequence[Batch], file: str = ANSWERS) -> list[Batch]:
    """The batches that are still to be asked. Answers of batches that are not whole are taken out of the file.

    A batch is whole when every question of it has an answer and the machine failed on none.
    """
    passages = load_passages(folder)
    found = (row for row in read_jsonl(folder / file) if has_its_passages(row, passages))
    rows = {(row["system"], row["example"]): row for row in found}
    good = {key for key, row in rows.items() if row.get("finish_reason") != "error"}
    whole = [all((batch.system, id_) in good for id_ in batch.examples) for batch in batches]
    kept = [
        rows[batch.system, id_] for batch, done in zip(batches, whole, strict=True) if done for id_ in batch.examples
    ]
    if (folder / file).exists() and len(kept) != _lines(folder / file):
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in kept)
        write_bytes(folder / file, text.encode())
    return [batch for batch, done in zip(batches, whole, strict=True) if not done]


def _lines(path: Path) -> int:
    with open(path, "rb") as file:
        return sum(bool(line.strip()) for line in file)


def load_passages(folder: Path) -> dict[str, Passage]:
    """Every passage that some answer names, by its key."""
    return {row.pop("key"): Passage(**row) for row in read_jsonl(folder / "passages.jsonl", PASSAGE)}


def restored(row: dict[str, Any], passages: dict[str, Passage]) -> Answer:
    """The answer of one line of answers.jsonl."""
    hits = tuple(
        Hit(hit["rank"], hit["score"], passages[hit["passage"]], Origin(**hit.get("origin", {}))) for hit in row["hits"]
    )
    conversation = tuple(Message(**message) for message in row["conversation"])
    values = {name: value for name, value in row.items() if name != "system"}
    return Answer(**values | {"hits": hits, "conversation": conversation})


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
