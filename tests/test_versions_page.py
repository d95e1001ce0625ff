"""The page's list of versions: what each embedded anew, and deletion that tells when a run is in the way."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from data import child, jobs, store
from data.workspace import Workspace
from rag import knowledge, orders
from rag.settings import BuildConfig
from tests.hashing import fake
from ui import frame

APP = Path(__file__).resolve().parents[1] / "app.py"


@pytest.fixture
def page(workspace: Workspace, tmp_path: Path) -> AppTest:
    """The versions of a knowledge base that has three."""
    for number in range(3):
        (tmp_path / "a.md").write_text(f"# A\n\nThe lamp of year {number}.\n\n## Care\n\nKeep it dry.")
        knowledge.build(workspace, "K", [tmp_path / "a.md"], BuildConfig(32, 0, "hash"), fake())
    app = AppTest.from_file(str(APP), default_timeout=300).run()
    app.switch_page(frame.PAGES["knowledge"][0]).run()
    return app.segmented_control(key="knowledge_part").set_value("Versions").run()


def test_versions_show_what_each_embedded_and_can_be_deleted(page: AppTest, workspace: Workspace) -> None:
    assert list(page.dataframe[0].value["Embedded"]) == [2, 1, 1]
    assert list(page.dataframe[0].value["Kept"]) == [0, 1, 1]
    run = jobs.order(workspace, "bench", "cmp", {"systems": [{"knowledge": "K@2"}]}, {})
    page.button(key="knowledge_delete").click().run()
    assert any(run.id in error.proto.title.replace("\\", "") for error in page.error)
    assert store.versions(workspace, "knowledge", "K") == [1, 2, 3]
    page.selectbox(key="knowledge_version").set_value(1).run()
    page.button(key="knowledge_delete").click().run()
    assert "Deleted: K@1" in page.success[0].value.replace("\\", "")
    assert store.versions(workspace, "knowledge", "K") == [2, 3]


def test_a_build_that_refused_a_file_and_its_documents_stand_on_one_page(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# A\n\nThe lamp\u200b is red.")
    (tmp_path / "b.docx").write_bytes(b"no word file")
    paths = [tmp_path / "a.md", tmp_path / "b.docx"]
    run = orders.order_build(workspace, "K", paths, BuildConfig(32, 0, "hash"))
    child.run(workspace, run.id, orders.work(workspace, lambda _: fake()), needs_device=False)
    app = AppTest.from_file(str(APP), default_timeout=300).run()
    app.query_params["run"] = run.id
    app.switch_page(frame.PAGES["knowledge"][0]).run()
    app.segmented_control(key="knowledge_part").set_value("Documents and passages").run()
    assert not app.exception
    said = [one.value for one in app.text]
    assert said.count("b.docx is not a Word document. Open it in a word processor and save it as .docx.") == 2
    assert [one.label for one in app.expander].count("1 warning") == 2


def test_a_damaged_file_of_a_version_is_one_sentence(page: AppTest, workspace: Workspace) -> None:
    (store.resolve(workspace, "knowledge", "K@3").path / "passages.jsonl").write_text("{torn")
    page.segmented_control(key="knowledge_part").set_value("Documents and passages").run()
    assert not page.exception
    (error,) = page.error
    assert "passages.jsonl is damaged: its line 1 is torn." in error.proto.title.replace("\\", "")
    assert "Go back to another version" in error.value
