"""The page's editor: what is typed becomes an order, is never lost, and never goes over the head of another change."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from data import child, jobs
from data.workspace import Workspace
from rag import editing, knowledge, orders
from rag.knowledge import open_knowledge
from rag.settings import BuildConfig
from tests.hashing import fake
from ui import editor, frame

APP = Path(__file__).resolve().parents[1] / "app.py"
TEXT = "# Lamp\n\nThe lamp is <b>red</b>."


@pytest.fixture
def page(workspace: Workspace, tmp_path: Path) -> AppTest:
    """The editor of a knowledge base of two documents; the first is a lamp's."""
    (tmp_path / "a.md").write_text(TEXT)
    (tmp_path / "b.md").write_text("# Kettle\n\nThe kettle is blue.")
    knowledge.build(workspace, "K", [tmp_path / "a.md", tmp_path / "b.md"], BuildConfig(32, 0, "hash"), fake())
    app = AppTest.from_file(str(APP), default_timeout=300).run()
    app.switch_page(frame.PAGES["knowledge"][0]).run()
    return app.segmented_control(key="knowledge_part").set_value("Edit or remove").run()


def said(app: AppTest, kind: str) -> str:
    return " ".join(f"{one.proto.title} {one.value}" for one in getattr(app, kind)).replace("\\", "")


def carry_out(workspace: Workspace, run: jobs.Run) -> None:
    child.run(workspace, run.id, orders.work(workspace, lambda _: fake()), needs_device=False)


def without_children(monkeypatch: pytest.MonkeyPatch) -> None:
    """The job is carried out by the test, with an embedder that is no model."""
    monkeypatch.setattr(jobs, "start", lambda workspace, run: None)


def test_a_changed_text_is_ordered_against_the_version_it_was_taken_from(
    page: AppTest, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_children(monkeypatch)
    assert page.text_area[0].value == TEXT
    page.text_area[0].set_value(TEXT.replace("red", "green")).run()
    page.button(key="knowledge_save").click().run()
    (run,) = jobs.list_runs(workspace)
    assert (run.order["config"]["action"], run.order["inputs"]["knowledge"]) == ("edit", "K@1")
    carry_out(workspace, run)
    page.run()
    assert "K@2: 2 documents, 2 passages: 1 embedded anew, 1 taken over" in said(page, "success")
    assert "green" in page.text_area[0].value
    assert any("edited on the page" in one.value for one in page.caption)
    assert "green" in editing.find(open_knowledge(workspace, "K"), "a.md").text


def test_what_is_typed_outlives_another_part_and_another_persons_version(page: AppTest, workspace: Workspace) -> None:
    page.text_area[0].set_value("Mine.").run()
    page.segmented_control(key="knowledge_part").set_value("Versions").run()
    page.segmented_control(key="knowledge_part").set_value("Edit or remove").run()
    assert page.text_area[0].value == "Mine."
    carry_out(workspace, orders.order_edit(workspace, "K", "a.md", "Theirs."))
    page.run()
    assert page.text_area[0].value == "Mine."
    assert "changed after its text was taken from K@1" in said(page, "warning")
    page.button(key="knowledge_take_back").click().run()
    assert page.text_area[0].value == "Theirs."
    assert not page.warning


def test_an_empty_or_unchanged_text_is_a_sentence_and_no_job(page: AppTest, workspace: Workspace) -> None:
    page.button(key="knowledge_save").click().run()
    assert "Nothing was changed" in said(page, "error")
    page.text_area[0].set_value("  ").run()
    page.button(key="knowledge_save").click().run()
    assert "The new text of a.md is empty. To leave the document out, remove it instead." in said(page, "error")
    assert jobs.list_runs(workspace) == []


def test_a_document_too_long_for_a_browser_is_edited_from_the_shell(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(editor, "LONGEST", 10)
    page.run()
    assert not page.text_area
    assert f"a.md has {len(TEXT)} characters; the page edits up to 10" in said(page, "info")
    assert page.code[0].value == "python -m rag edit --name K@1 --document a.md --text text.txt"


def test_a_document_is_removed(page: AppTest, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    without_children(monkeypatch)
    page.button(key="knowledge_remove").click().run()
    (run,) = jobs.list_runs(workspace)
    carry_out(workspace, run)
    page.run()
    assert [one.id for one in open_knowledge(workspace, "K").documents] == ["b.md"]
    assert "It is the only document" in " ".join(one.value for one in page.markdown)
