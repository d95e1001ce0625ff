"""What models measure once beside the answers, with fakes one can predict by eye, and scoring from what was kept."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from data import jobs
from data.examples import save_examples
from data.schema import Answer, Example, Hit, Message, Passage
from data.workspace import Workspace, open_workspace
from eval import bench, beside, records
from eval.systems import System

ASKED = (Message("user", "q"),)
EXAMPLES = [
    Example("s", "Who?", ("Ada",), "d.md", "Ada keeps the key.", task="short"),
    Example("t", "Write.", ("red blue", "green"), task="text"),
    Example("u", "Unknown?", ("I don't know.",), answerable=False, task="text"),
]
ANSWERS = [
    Answer("s", "Ada", 0.1, hits=(Hit(1, 0.5, Passage("p2", "d.md", "It rains.", 20, 29)),), conversation=ASKED),
    Answer("t", "green", 0.1, conversation=ASKED),
    Answer("u", "no", 0.1, conversation=ASKED),
]


class Letters:
    """An embedder: one dimension per word that it knows."""

    id, words = "letters", ("red", "blue", "green")

    def embed(self, texts: list[str]) -> np.ndarray:
        rows = np.array([[float(word in text.split()) for word in self.words] for text in texts])
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


class FakeLoader:
    """Models that give every token of a reference the likelihood 1 / 4; a token is a word, and the end."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def embedder(self, name: str) -> Letters:
        return Letters()

    def generator(self, system: System) -> Any:
        self.asked.append(system.name)
        return SimpleNamespace(score=lambda asked, texts: [-math.log(4) * (len(t.split()) + 1) for t in texts])

    def model(self, name: str) -> Any:
        return SimpleNamespace(tokens=SimpleNamespace(answer=lambda text: [*text.split(), "end"]))


class Quiet:
    def step(self, done: float, total: float, text: str) -> None: ...

    def write(self, **values: Any) -> None: ...


@pytest.fixture
def run(tmp_path: Path) -> tuple[Workspace, jobs.Run]:
    workspace = open_workspace(tmp_path / "home")
    systems = [asdict(System("base", "pocket")), asdict(System("floor", "pocket", floor=True))]
    config = {"test": "t", "systems": systems, "leakage": None, "max_new_tokens": 8}
    made = jobs.order(workspace, "bench", "b", config, {"flags": {}})
    save_examples(made.folder / "examples.jsonl", EXAMPLES)
    for name in ("base", "floor"):
        records.AnswerLog(made.folder).save(name, ANSWERS)
    return workspace, made


def test_each_is_measured_once_and_scored_from_what_was_kept(run: tuple[Workspace, jobs.Run]) -> None:
    workspace, made = run
    loader: Any = FakeLoader()
    beside.measure(workspace, made, loader, Quiet())  # type: ignore[arg-type]
    beside.measure(workspace, made, loader, Quiet())  # type: ignore[arg-type]
    assert loader.asked == ["base"], "the best sentence has no model, and nothing is measured twice"
    kept = beside.load(made)
    assert kept.similarity["base"] == {"t": 1.0}, "the nearest reference, of answerable texts only"
    assert kept.likelihood["base"]["t"] == (pytest.approx(-3 * math.log(4), abs=1e-6), 3)
    assert set(kept.likelihood["base"]) == {"s", "t"}
    scores = bench.rescore(made)
    assert scores["systems"]["base"]["perplexity"]["mean"] == pytest.approx(4)
    assert scores["systems"]["floor"]["perplexity"] is None
    assert scores["systems"]["base"]["tasks"]["text"]["similarity"]["mean"] == 1
    assert bench.rescore(made) == scores


def test_runs_from_before_are_scored_without(run: tuple[Workspace, jobs.Run]) -> None:
    _, made = run
    scores = bench.rescore(made)
    assert scores["systems"]["base"]["perplexity"] is None
    assert "similarity" not in scores["systems"]["base"]["tasks"]["text"]
    assert scores["systems"]["base"]["exact_match"]["n"] == 3


def test_gold_passages_are_known_by_place_and_counted(run: tuple[Workspace, jobs.Run]) -> None:
    """Kept ids decide, and say how many gold passages there are; without them the passage found is read itself."""
    from eval.scoring import summarise
    from eval.values import Beside

    given = {"rag": {answer.example: answer for answer in ANSWERS}}
    found = summarise(EXAMPLES, given, (), Beside(gold={"rag": {"s": ["p1", "p2"]}}))["systems"]["rag"]["retrieval"]
    assert found["n"] == 1
    assert {name: found[name]["mean"] for name in ("hit", "mrr", "recall")} == {"hit": 1, "mrr": 1, "recall": 0.5}
    before = summarise(EXAMPLES, given)["systems"]["rag"]["retrieval"]
    assert before["hit"]["mean"] == 0, "'It rains.' holds nothing of the evidence"
    assert "recall" not in before
    gone = summarise(EXAMPLES, given, (), Beside(gold={"rag": {}}))["systems"]["rag"]["retrieval"]
    assert gone is None, "the evidence stands nowhere in the documents: left out, not 0"


def test_questions_can_be_cut_by_whether_they_were_taught(run: tuple[Workspace, jobs.Run]) -> None:
    from data.disk import write_json

    _, made = run
    ways = {"a@1": {"s": True, "t": False, "u": None}, "b@1": {"s": True, "t": True, "u": None}}
    write_json(made.folder / "taught.json", {"taught": ways})
    values = bench.rescore(made)["slices"]["taught or not"]["values"]
    assert set(values) == {"taught", "taught to some", "unknown"}
    assert values["taught"]["base"]["exact_match"]["n"] == 1
