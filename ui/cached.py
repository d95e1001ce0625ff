"""What pages read again and again: only of data read from files, kept by the file's path and time of change."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from data import jobs, listing
from data.disk import read_json, row_of
from data.errors import UserError
from data.examples import load_examples
from data.listing import current, readable
from data.schema import Answer, Example, Passage
from data.store import Artifact
from data.workspace import Workspace
from eval import gaps
from eval.metrics import score
from eval.records import ANSWERS, has_its_passages, load_passages, restored
from ui.errand import result_of, run_errand


@dataclass(frozen=True)
class Place:
    """Where one answer stands in answers.jsonl, and whether it is right (None: not available)."""

    start: int
    right: bool | None


def stamp(path: Path) -> int:
    """The file's time of change; 0 when it is not there."""
    return path.stat().st_mtime_ns if path.exists() else 0


def json_file(path: Path) -> dict[str, Any]:
    """A stored JSON object. Raises UserError when it is missing or damaged."""
    return _json(str(path), stamp(path))


@st.cache_data(max_entries=200, show_spinner=False)
def _json(path: str, changed: int) -> dict[str, Any]:
    return read_json(Path(path))


def artifacts(workspace: Workspace, kind: str) -> list[tuple[Artifact, dict[str, Any]]]:
    """The current version of every name of a kind, with its manifest; damaged ones are left out (see ``damaged``)."""
    return current(workspace, kind, json_file)[0]


def all_versions(workspace: Workspace, kind: str) -> list[tuple[Artifact, dict[str, Any]]]:
    """Every version of every name of a kind that can be read, newest version first, with its manifest."""
    return readable(workspace, kind, json_file)[0]


def damaged(workspace: Workspace, kind: str) -> list[str]:
    """A sentence for each artifact of a kind that cannot be read; such a one is listed nowhere else."""
    return listing.damaged(workspace, kind, json_file)


def scores(run: jobs.Run) -> dict[str, Any] | None:
    """What a finished comparison scored; None while there is none."""
    path = run.folder / "scores.json"
    return json_file(path) if path.exists() else None


def scored(runs: Iterable[jobs.Run]) -> tuple[list[tuple[jobs.Run, dict[str, Any]]], list[str]]:
    """The comparisons that have scores, with them; and a sentence for each whose scores are damaged."""
    found, damaged = [], []
    for run in runs:
        try:
            if given := scores(run):
                found.append((run, given))
        except UserError as error:
            damaged.append(str(error))
    return found, damaged


def questions(run: jobs.Run) -> tuple[Example, ...]:
    """The test questions of a comparison."""
    path = run.folder / "examples.jsonl"
    return _questions(str(path), stamp(path))


@st.cache_resource(max_entries=4, show_spinner=False)
def _questions(path: str, changed: int) -> tuple[Example, ...]:
    """Frozen rows, never changed by a page: shared instead of copied for every run of the script."""
    return load_examples(Path(path))


def places(run: jobs.Run, file: str = ANSWERS) -> dict[str, dict[str, Place]]:
    """{system: {example id: where its answer stands and whether it is right}}; the answers themselves stay on disk."""
    path, passages = run.folder / file, run.folder / "passages.jsonl"
    return _places(str(path), stamp(path), stamp(passages), questions(run)) if path.exists() else {}


def missing(run: jobs.Run) -> dict[str, int]:
    """{system: how many answers a finished comparison has lost}; {} for a whole one."""
    files = [stamp(run.folder / file) for file in (ANSWERS, "passages.jsonl", "plan.json")]
    return _missing(str(run.folder), files, run.state, run)


@st.cache_data(max_entries=8, show_spinner=False)
def _missing(folder: str, changed: list[int], state: str, _run: jobs.Run) -> dict[str, int]:
    return gaps.missing(_run, places(_run))


def labels(run: jobs.Run) -> dict[str, dict[str, str]]:
    """{system: {example id: why its answer is wrong}}; {} for a comparison scored without."""
    path = run.folder / "labels.json"
    return json_file(path)["labels"] if path.exists() else {}


def taught(run: jobs.Run) -> dict[str, bool | None]:
    """{example id: whether the tuned weights were taught it}, where a comparison has one tuned model; else {}."""
    path = run.folder / "taught.json"
    known = json_file(path)["taught"] if path.exists() else {}
    return next(iter(known.values())) if len(known) == 1 else {}


@st.cache_resource(max_entries=4, show_spinner="Reading the answers", hash_funcs={tuple: len})
def _places(path: str, changed: int, passages: int, asked: tuple[Example, ...]) -> dict[str, dict[str, Place]]:
    examples = {example.id: example for example in asked}
    stored = _answer_passages(str(Path(path).parent), passages)
    found: dict[str, dict[str, Place]] = {}
    start = 0
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            place, start = start, start + len(line)
            row = row_of(line, Path(path), number)  # none where it was torn by a kill; the batch was answered again
            if row and row["example"] in examples and has_its_passages(row, stored):
                ended, there = row.get("finish_reason", "stop"), row.get("available", True)
                given = Answer(row["example"], row["text"], row["seconds"], finish_reason=ended)
                right = bool(score(examples[row["example"]], given).exact_match) if there else None
                found.setdefault(row["system"], {})[row["example"]] = Place(place, right)
    return found


def answer(run: jobs.Run, place: Place, file: str = ANSWERS) -> Answer:
    """One answer with its passages and prompt, read from its place."""
    with open(run.folder / file, "rb") as rows:
        rows.seek(place.start)
        return restored(
            json.loads(rows.readline()), _answer_passages(str(run.folder), stamp(run.folder / "passages.jsonl"))
        )


@st.cache_resource(max_entries=4, show_spinner=False)
def _answer_passages(folder: str, changed: int) -> dict[str, Passage]:
    return load_passages(Path(folder))


class Tail:
    """The rows of a file that a job appends to, each line read once however often a page looks."""

    def __init__(self, path: Path) -> None:
        self.path, self.rows, self.lock = path, list[dict[str, Any]](), threading.Lock()
        self.offset = self.seen = 0  # bytes and lines

    def read(self) -> list[dict[str, Any]]:
        """All rows so far; a line that is not finished yet is read next time."""
        with self.lock, open(self.path, "rb") as file:
            file.seek(self.offset)
            whole, newline, _ = file.read().rpartition(b"\n")
            lines = whole.splitlines()
            found = [row_of(line, self.path, self.seen + number) for number, line in enumerate(lines, 1)]
            self.rows += [row for row in found if row is not None]
            self.offset, self.seen = self.offset + len(whole + newline), self.seen + len(lines)
            return list(self.rows)


def curve(run: jobs.Run) -> list[dict[str, Any]]:
    """The measurements of a fine-tune so far (what data.jobs.curve reads)."""
    path = run.folder / "progress.jsonl"
    return _tail(str(path)).read() if path.exists() else []


@st.cache_resource(max_entries=16, show_spinner=False)
def _tail(path: str) -> Tail:
    return Tail(Path(path))


def checked(files: dict[str, str], folder: str | None, mapping: dict[str, str]) -> dict[str, Any]:
    """What ``python -m data check`` says of uploaded files. Raises ui.errand.Refused for files of no use."""
    return result_of(_checked(files, folder, mapping))


@st.cache_data(max_entries=8, show_spinner="Reading and checking the files")
def _checked(files: dict[str, str], folder: str | None, mapping: dict[str, str]) -> dict[str, Any]:
    """Uploaded files lie in folders named by their content, so their paths are the key; a refusal is kept too."""
    return run_errand({"do": "check", "files": files, "documents": folder, "mapping": mapping})


def prepared(request: dict[str, Any]) -> dict[str, Any]:
    """What ``python -m sft prepare`` says of the rows of an order. Raises ui.errand.Refused for what cannot be used."""
    home = Workspace(Path(request["workspace"]))
    known = [one.ref for one, _ in artifacts(home, "datasets")]
    return result_of(_prepared(request, known))


@st.cache_data(max_entries=8, show_spinner="Preparing the rows and looking for leaks")
def _prepared(request: dict[str, Any], known: list[str]) -> dict[str, Any]:
    """Stored rows never change and uploaded files lie in folders named by their content, so the names are the key;
    ``known`` are the datasets whose test sets are looked through."""
    return run_errand({"do": "prepare", **request})
