"""The page's list of versions: what each embedded anew, and deletion that tells when a run is in the way."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from data import jobs, store
from data.workspace import Workspace
from rag import knowledge
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
    assert list(page.dataframe[0].value["Embedded anew"]) == [2, 1, 1]
    assert list(page.dataframe[0].value["Taken over"]) == [0, 1, 1]
    run = jobs.order(workspace, "bench", "cmp", {"systems": [{"knowledge": "K@2"}]}, {})
    page.button(key="knowledge_delete").click().run()
    assert any(run.id in error.proto.title.replace("\\", "") for error in page.error)
    assert store.versions(workspace, "knowledge", "K") == [1, 2, 3]
    page.selectbox(key="knowledge_version").set_value(1).run()
    page.button(key="knowledge_delete").click().run()
    assert "Deleted: K@1" in page.success[0].value.replace("\\", "")
    assert store.versions(workspace, "knowledge", "K") == [2, 3]
