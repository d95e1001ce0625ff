"""The six steps of a stored answer: times that the run recorded, and what is said where it did not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from data.disk import append_jsonl
from data.schema import Answer, DecodeSettings, Example
from data.workspace import Workspace
from eval.recorded import HANDED, NOT_RECORDED, READ, recorded_steps
from eval.searching import FILE, load_searches, timed_search
from eval.steps import CLOSED, NAMES
from eval.systems import System
from rag import knowledge
from rag.answerer import OpenBook
from rag.retrieve import KnowledgeRetriever, Took
from rag.settings import BuildConfig
from tests.hashing import fake
from tests.test_pages import at, make_bench, texts
from tests.test_steps import Echo

ASKED = [Example("1", "When does the ferry leave?", ("noon",)), Example("2", "What is steeped?", ("tea",))]
RAG = System("rag", "some/model", context="retrieved", knowledge="K@1", k=2, method="fused")
TOOK = Took(0.2, 0.03, 0.01)


@pytest.fixture
def retriever(workspace: Workspace, tmp_path: Path) -> KnowledgeRetriever:
    (tmp_path / "boat.md").write_text("The ferry leaves at noon.\n\nTea is steeped for nine minutes.")
    knowledge.build(workspace, "K", [tmp_path / "boat.md"], BuildConfig(16, 0, "hash"), fake())
    return KnowledgeRetriever(knowledge.open_knowledge(workspace, "K"), fake())


def named(answer: Answer, system: System = RAG, took: Took | None = TOOK) -> dict[str, tuple[float | None, str]]:
    return {step.name: (step.seconds, step.said) for step in recorded_steps(ASKED[0], system, answer, took)}


def test_a_timed_search_finds_what_a_search_finds_and_keeps_its_times(
    retriever: KnowledgeRetriever, tmp_path: Path
) -> None:
    find = timed_search(tmp_path, "rag", retriever, 2)
    reader = OpenBook(Echo(500), find, DecodeSettings())
    answers = [reader.answer([one])[0] for one in ASKED]
    assert [list(one.hits) for one in answers] == retriever.search([one.question for one in ASKED], 2)
    took = load_searches(tmp_path)
    assert set(took) == {("rag", "1"), ("rag", "2")}
    for answer in answers:
        one = took["rag", answer.example]
        shares = (one.vector or 0.0) + one.search + one.passages
        assert 0 < shares <= answer.seconds, "the answer's seconds hold its share of the search"


def test_a_search_repeated_after_a_kill_counts_once(tmp_path: Path) -> None:
    for search in (1.0, 2.0):
        row = {"system": "rag", "example": "1", "vector": None, "search": search, "passages": 0.5}
        append_jsonl(tmp_path / FILE, [row])
    assert load_searches(tmp_path) == {("rag", "1"): Took(None, 2.0, 0.5)}
    assert load_searches(tmp_path / "none") == {}


def test_the_search_is_taken_out_of_the_time_of_the_answer() -> None:
    answer = Answer("1", "noon", 1.24, prompt_tokens=9, new_tokens=1, prompt_seconds=0.005)
    found = named(answer)
    assert tuple(found) == NAMES
    assert found["question"] == (None, READ)
    assert [found[name][0] for name in ("vector", "search", "passages", "prompt")] == [0.2, 0.03, 0.01, 0.005]
    assert found["answer"][0] == pytest.approx(1.0)


def test_what_an_older_run_did_not_keep_is_said_and_never_a_zero() -> None:
    found = named(Answer("1", "noon", 1.24, prompt_tokens=9), took=None)
    assert [found[name] for name in ("vector", "search", "passages", "prompt")] == [(None, NOT_RECORDED)] * 4
    assert found["answer"][0] == 1.24
    assert "holds the search, too" in found["answer"][1]


def test_systems_that_do_not_search_say_why() -> None:
    answer = Answer("1", "noon", 1.0, prompt_tokens=9, prompt_seconds=0.1)
    closed = named(answer, System("base", "some/model"), None)
    assert closed["search"] == (None, CLOSED)
    assert closed["answer"][0] == 1.0
    gold = named(answer, System("gold", "some/model", context="gold"), None)
    assert gold["search"] == (None, HANDED)
    floor = named(replace(answer, prompt_seconds=0.0), replace(RAG, floor=True))
    assert floor["prompt"] == (None, "no language model is asked")
    words = named(answer, took=replace(TOOK, vector=None))
    assert words["vector"][0] is None
    assert "BM25" in words["vector"][1]


def test_one_question_on_the_page_shows_the_times_of_its_steps(workspace: Workspace) -> None:
    run = make_bench(workspace)
    app = at("compare", run=run.id)
    assert not app.exception
    assert "not recorded" in texts(app), "this run has no times of searches"
    (system, example) = ("rag", app.selectbox(key="questions_chosen").value)
    row = {"system": system, "example": example, "vector": 0.0123, "search": 0.0045, "passages": 0.0021}
    append_jsonl(run.folder / FILE, [row])
    table = next(one.value for one in at("compare", run=run.id).markdown if "| System |" in one.value)
    (line,) = [line for line in table.splitlines() if line.startswith("| **rag**")]
    assert "| 12 ms | 4.50 ms | 2.10 ms |" in line
