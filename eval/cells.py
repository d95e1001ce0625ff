"""One way to cut the documents, measured for every method and number of passages at once; kept on disk when finished.

cells/<chunk tokens>-<overlap tokens>.json     the ranks of each question's gold passages, and tokens per prompt
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.disk import read_json, write_json
from eval.choice import Measured, Setting
from eval.gold import Place, gold_of
from eval.retrieval import Outcome, outcome
from rag.draft import Draft


@dataclass(frozen=True)
class Cut:
    """How long passages are and how much neighbours share, in tokens of the embedder."""

    chunk_tokens: int
    overlap_tokens: int

    def words(self) -> str:
        return f"passages of {self.chunk_tokens} tokens, overlap {self.overlap_tokens}"


def judged(
    drafted: Draft, ranked: Mapping[str, Sequence[Sequence[int]]], places: Mapping[str, Sequence[Place]],
    answers: Mapping[str, Sequence[str]], ks: Sequence[int],
) -> dict[str, Any]:  # fmt: skip
    """What a cell's file holds. ``places``: {question: where its gold stands}, in the order of ``ranked``'s lists.

    A question without any gold passage in this cutting is in no outcome; {question: number of gold passages} tells.
    """
    gold = gold_of(drafted.passages, places, answers)
    outcomes: dict[str, dict[str, list[int]]] = {}
    tokens: dict[str, dict[str, list[int]]] = {}
    for method, lists in ranked.items():
        rows = [(name, places_) for name, places_ in zip(places, lists, strict=True) if gold[name]]
        outcomes[method] = {
            name: list(outcome([drafted.passages[place].id for place in found], gold[name]).ranks)
            for name, found in rows
        }
        tokens[method] = {name: [sum(drafted.tokens[place] for place in found[:k]) for k in ks] for name, found in rows}
    return {
        "passages": len(drafted.passages), "embedded": drafted.embedded, "cached": drafted.cached, "ks": list(ks),
        "gold": {name: len(ids) for name, ids in gold.items()}, "ranks": outcomes, "tokens": tokens,
    }  # fmt: skip


def path_of(folder: Path, cut: Cut) -> Path:
    return folder / "cells" / f"{cut.chunk_tokens}-{cut.overlap_tokens}.json"


def save(folder: Path, cut: Cut, cell: dict[str, Any]) -> None:
    """Keep a finished cell, in one step."""
    write_json(path_of(folder, cut), cell)


def load(folder: Path, cut: Cut) -> dict[str, Any]:
    """A finished cell. Raises UserError when it is not there."""
    return read_json(path_of(folder, cut))


def judgeable(cells: Sequence[Mapping[str, Any]]) -> set[str]:
    """The questions that have a gold passage in every cutting: only on these can cuttings be compared."""
    having = [{name for name, count in cell["gold"].items() if count} for cell in cells]
    return set.intersection(*having)


def measured(cut: Cut, cell: Mapping[str, Any], method: str, k: int, questions: set[str]) -> Measured:
    """One setting of a cell on some questions."""
    column = cell["ks"].index(k)
    names = sorted(questions)
    found = {name: Outcome(tuple(cell["ranks"][method][name]), cell["gold"][name]) for name in names}
    tokens = {name: cell["tokens"][method][name][column] for name in names}
    return Measured(Setting(cut.chunk_tokens, cut.overlap_tokens, method, k), found, tokens)
