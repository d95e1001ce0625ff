"""Where the documents of a knowledge base come from, on the page: what was stored with a dataset is offered as well."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from data import child, dataset, jobs
from data.workspace import Workspace
from rag import orders
from rag.knowledge import open_knowledge
from tests.hashing import fake
from ui import frame, sources

APP = Path(__file__).resolve().parents[1] / "app.py"


def store(workspace: Workspace, name: str, folder: Path, documents: bool) -> None:
    """A dataset of one question, with or without two documents."""
    (folder / "guides").mkdir(exist_ok=True)
    (folder / "guides" / "lamp.md").write_text("# Lamp\n\nThe lamp is red.")
    (folder / "kettle.md").write_text("# Kettle\n\nThe kettle is blue.")
    test = folder.parent / "test.jsonl"
    test.write_text(json.dumps({"question": "Which colour has the lamp?", "answer": "red"}))
    dataset.add(workspace, name, dataset.check({"test": test}, folder if documents else None))


def test_the_documents_of_a_dataset_become_a_knowledge_base(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "start", lambda workspace, run: None)  # carried out below, with an embedder of no model
    (tmp_path / "documents").mkdir()
    store(workspace, "bare", tmp_path / "documents", documents=False)
    store(workspace, "lamps", tmp_path / "documents", documents=True)
    app = AppTest.from_file(str(APP), default_timeout=300).run()
    app.switch_page(frame.PAGES["knowledge"][0]).run()
    offered = app.selectbox(key="knowledge_source").options
    assert offered == [sources.FILES, sources.FOLDER, "documents of dataset lamps@1, n = 2"]
    app.text_input(key="knowledge_new").set_value("K").run()
    assert app.button(key="knowledge_go").disabled, "there are no documents yet"
    app.selectbox(key="knowledge_source").set_value(offered[2]).run()
    app.text_input(key="knowledge_embedder").set_value("hash").run()
    app.button(key="knowledge_go").click().run()
    (run,) = jobs.list_runs(workspace)
    child.run(workspace, run.id, orders.work(workspace, lambda _: fake()), needs_device=False)
    built = open_knowledge(workspace, "K")
    assert [document.id for document in built.documents] == ["guides/lamp.md", "kettle.md"]
