"""The Ask page with answers as the worker sends them: steps, citations told apart, and a narrowed search."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from data import store
from data.schema import Passage
from data.workspace import Workspace, open_workspace
from eval import client
from eval.citations import cited
from eval.steps import NAMES
from eval.systems import System
from rag.filters import EVERYTHING, Filter

APP = Path(__file__).resolve().parents[1] / "app.py"
LAMP = "The lamp has a warranty of 36 months."
HIT = {"rank": 1, "score": 0.5, "document": "lamp_*.md", "heading": "", "page": None, "text": LAMP, "origin": {},
       "origin_text": "dense rank 1 (cosine 0.860)"}  # fmt: skip


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace whose one knowledge base holds a tagged, dated document."""
    monkeypatch.setenv("CROSSOVER_HOME", str(tmp_path / "home"))
    workspace = open_workspace(tmp_path / "home")
    with store.staging(workspace, "knowledge") as folder:
        (folder / "passages.jsonl").write_text(json.dumps(asdict(Passage("0", "lamp_*.md", LAMP, 0, len(LAMP)))))
        manifest = {"created": "2026-11-24T00:00:00+00:00", "counts": {"documents": 1, "passages": 1}, "files": {
            "lamp_*.md": {"file": "lamp_*.md", "tags": ["light"], "date": "2026-01-31"}},
            "settings": {"chunk_tokens": 160, "overlap_tokens": 0, "embedder": "hash"}, "stored": {},
            "embedder": {"id": "hash", "dim": 4, "dtype": "float32", "weights_hash": "w1", "max_tokens": 254},
            "index": {"kind": "exact", "reason": "small"}, "warnings": [], "refused": []}  # fmt: skip
        store.publish(workspace, "knowledge", "shop", folder, manifest)
    return workspace


def answer(text: str, hits: list[dict[str, Any]]) -> dict[str, Any]:
    """A record as eval.ask makes it."""
    used = dict.fromkeys(NAMES, 0.012) if hits else {**dict.fromkeys(NAMES, None), "answer": 1.25}
    rows = [{"name": name, "seconds": used[name], "said": f"the step {name}", "details": {}} for name in NAMES]
    return {
        "text": text, "seconds": 1.5, "ready_seconds": 2.0, "first_text_seconds": 0.1, "finish_reason": "stop",
        "prompt_tokens": 9, "new_tokens": 3, "dropped": 0, "note": "", "prompt": "Question: how <b>long</b>?",
        "hits": hits, "relevant": bool(hits), "steps": rows,
        "citations": [asdict(one) for one in cited(text, [hit["text"] for hit in hits])],
    }  # fmt: skip


class Worker:
    """Stands where the model worker is: answers with one text for the systems that read passages, and remembers."""

    def __init__(self, text: str, hits: list[dict[str, Any]]) -> None:
        self.text, self.hits = text, hits

    def __call__(
        self, workspace: Workspace, question: str, systems: Sequence[System], settings: object,
        only: Filter = EVERYTHING, cite: bool = False,
    ) -> Iterator[dict[str, Any]]:  # fmt: skip
        self.systems, self.only, self.cite = {system.name: system for system in systems}, only, cite
        for system in systems:
            read = system.context == "retrieved"
            given = answer(self.text, self.hits) if read else {**answer("no idea", []), "relevant": None}
            yield {"system": system.name, "answer": given}


def opened(monkeypatch: pytest.MonkeyPatch, text: str, hits: list[dict[str, Any]]) -> tuple[AppTest, Worker]:
    worker = Worker(text, hits)
    monkeypatch.setattr(client, "ask", worker)
    monkeypatch.setattr(client, "running", lambda workspace: {"port": 1})
    app = AppTest.from_file(str(APP), default_timeout=60)
    app.run()
    return app.switch_page("ui/pages/ask.py").run(), worker


def ask(app: AppTest) -> str:
    """Ask; all that the page then says."""
    app.text_input(key="ask_question").set_value("how long?")
    app.button(key="ask_go").click().run()
    assert not app.exception
    assert not app.error
    parts = [str(one.value) for kind in ("markdown", "caption", "text", "subheader") for one in getattr(app, kind)]
    return "\n".join(parts + [f"{one.proto.title} {one.value}" for one in app.warning]).replace("\\", "")


def test_each_answer_shows_six_steps_with_times_and_its_prompt_as_text(
    home: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, _ = opened(monkeypatch, "36 months", [HIT])
    said = ask(app)
    assert "| System | Question → | Vector → | Search → | Passages → | Prompt → | Answer | Together |" in said
    assert "| **RAG** | 12 ms | 12 ms | 12 ms | 12 ms | 12 ms | 12 ms | 1.5 s |" in said
    assert said.count("| **Base** |" + " :gray[not used] |" * 5 + " 1.2 s | 1.5 s |") == 1
    assert "the step vector" in [one.value for one in app.text]
    assert [one.value for one in app.code] == ["Question: how <b>long</b>?"] * 2


def test_citations_of_the_model_and_passages_found_by_text_match_are_told_apart(
    home: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = ask(opened(monkeypatch, "36 months", [HIT])[0])
    assert (
        "Found by text match, not written by the model: [[1]](#passage-1) holds these very words, right or wrong"
        in found
    )
    assert "The model cites" not in found
    written = ask(opened(monkeypatch, "A warranty of 36 months [1]. A warranty of 26 months [1]. See [4].", [HIT])[0])
    assert "text match" not in written
    assert "[[1]](#passage-1) :green-badge[supported]" in written
    assert "[[1]](#passage-1) :red-badge[not supported] holds 67 % of its terms, not: 26" in written
    assert "**[4]** :red-badge[no such passage]" in written
    assert "cites" not in ask(opened(monkeypatch, "I don't know.", [HIT])[0])


def test_a_link_leads_to_the_passage(home: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    app, _ = opened(monkeypatch, "36 months", [HIT])
    ask(app)
    (heading,) = (one for one in app.subheader if one.proto.anchor == "passage-1")
    assert "lamp_*.md" in heading.value.replace("\\", "")
    assert LAMP in [one.value for one in app.text]


def test_the_search_is_narrowed_and_nothing_good_enough_is_said(
    home: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, worker = opened(monkeypatch, "a guess", [])
    app.multiselect(key="ask_shop@1_documents").set_value(["lamp_*.md"])
    app.multiselect(key="ask_shop@1_tags").set_value(["light"])
    app.date_input(key="ask_shop@1_since").set_value("2026-01-01")
    app.selectbox(key="ask_method").set_value("dense")
    app.number_input(key="ask_shop@1_least_cosine").set_value(0.6).run()
    said = ask(app)
    assert worker.only == Filter(("lamp_*.md",), ("light",), "2026-01-01", "")
    assert (worker.systems["rag"].at_least, worker.systems["rag"].method, worker.cite) == (0.6, "dense", False)
    assert "The search is narrowed: 4 of 5 limits are set" in said
    assert "No passage was read The step passages. The systems that read passages were asked the question alone" in said


@pytest.mark.parametrize("page", ["ask", "compare"])
def test_a_page_opened_again_searches_as_it_did(home: Workspace, monkeypatch: pytest.MonkeyPatch, page: str) -> None:
    app, _ = opened(monkeypatch, "36 months", [HIT])
    fields = []
    for _ in range(2):
        app.switch_page(f"ui/pages/{page}.py").run()
        fields.append((app.number_input(key=f"{page}_k").value, app.selectbox(key=f"{page}_method").value))
        app.switch_page("ui/pages/overview.py").run()
    assert fields == [(4, "fused")] * 2
