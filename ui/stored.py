"""What pages read of one version of a knowledge base: its files, passages and texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import streamlit as st

from data.disk import read_json, row_of
from data.errors import UserError
from data.store import Artifact
from ui import cached, intake
from ui.errand import result_of, run_errand


def files(artifact: Artifact) -> list[dict[str, Any]]:
    """One row per file of a knowledge base version: how it ended, and what of it was kept."""
    path = artifact.path / "manifest.json"
    return _files(str(artifact.path), cached.stamp(path))


@st.cache_data(max_entries=4, show_spinner=False)
def _files(folder: str, changed: int) -> list[dict[str, Any]]:
    count = Counter(row["document"] for row in _rows(Path(folder) / "passages.jsonl"))
    return intake.files(read_json(Path(folder) / "manifest.json"), count)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a published file, where nothing may be torn. Raises UserError when it is missing or damaged."""
    fix = "Go back to another version, under Versions, or build it again."
    try:
        with open(path, "rb") as file:
            for number, line in enumerate(file, 1):
                if (row := row_of(line, path, number)) is None:
                    raise UserError(f"{path} is damaged: its line {number} is torn.", fix)
                yield row
    except OSError as error:
        raise UserError(f"{path} is missing or cannot be read ({error.strerror or error}).", fix) from error


def passages(artifact: Artifact, name: str) -> list[dict[str, Any]]:
    """The passages of one file, in order (of a table: those of all its rows)."""
    known = cached.json_file(artifact.path / "manifest.json")["files"]
    return passages_of(artifact, frozenset(id_ for id_, one in known.items() if one.get("file", id_) == name))


def passages_of(artifact: Artifact, ids: frozenset[str]) -> list[dict[str, Any]]:
    """The passages of some documents of a version, in order."""
    path = artifact.path / "passages.jsonl"
    return _passages(str(path), cached.stamp(path), ids)


@st.cache_data(max_entries=8, show_spinner=False)
def _passages(path: str, changed: int, ids: frozenset[str]) -> list[dict[str, Any]]:
    return [row for row in _rows(Path(path)) if row["document"] in ids]


def texts(artifact: Artifact, ids: frozenset[str]) -> dict[str, str]:
    """The texts of some documents of a version, by id; those that it does not hold are left out."""
    path = artifact.path / "documents.jsonl"
    return _texts(str(path), cached.stamp(path), ids)


@st.cache_data(max_entries=8, show_spinner=False)
def _texts(path: str, changed: int, ids: frozenset[str]) -> dict[str, str]:
    return {row["id"]: row["text"] for row in _rows(Path(path)) if row["id"] in ids}


def document(artifact: Artifact, name: str) -> dict[str, Any]:
    """One document of a knowledge base as a row: its text, file, when it was edited and the rest. Raises UserError."""
    path = artifact.path / "documents.jsonl"
    found = _document(str(path), cached.stamp(path), name)
    if found is None:
        raise UserError(f"{artifact.ref} has no document {name!r}.", "Choose another.")
    return {**found, "file": found.get("source") or found["id"], "edited": found.get("edited", "")}


@st.cache_data(max_entries=4, show_spinner=False)
def _document(path: str, changed: int, name: str) -> dict[str, Any] | None:
    return next((row for row in _rows(Path(path)) if row["id"] == name), None)


def token_counts(artifact: Artifact, rows: list[dict[str, Any]]) -> list[int]:
    """Tokens of each of these passages, as the embedder counts. Raises ui.errand.Refused where it cannot be asked."""
    embedder = cached.json_file(artifact.path / "manifest.json")["embedder"]
    return result_of(_token_counts({key: embedder[key] for key in ("id", "weights_hash")}, rows))


@st.cache_data(max_entries=32, show_spinner="Counting tokens")
def _token_counts(embedder: dict[str, Any], rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The passages themselves are the key; a refusal is kept too."""
    return run_errand({"do": "token_counts", "embedder": embedder, "passages": rows})
