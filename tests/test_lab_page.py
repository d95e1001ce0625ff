"""The page Search lab: three lists side by side, marks made on passages, and the list of marks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from data.examples import read_examples
from data.workspace import Workspace
from eval.worker import told
from rag import knowledge
from rag.knowledge import open_knowledge
from rag.marks import Mark, question_file, read_marks
from rag.retrieve import KnowledgeRetriever
from rag.settings import BuildConfig
from tests.hashing import fake
from tests.test_pages import at, texts
from ui import lab_marks

QUESTION = "When may goods be returned?"
FILES = {
    "a.md": "# Shop\n\nGoods may be returned within thirty days. <b>Keep</b> the receipt.",
    "b.md": "# Fair\n\nThe fair comes every May.",
    "c.md": "# Ferry\n\nThe boat leaves at nine.",
}


@pytest.fixture
def folder(workspace: Workspace, tmp_path: Path) -> Path:
    """The files of knowledge base K."""
    for name, text in FILES.items():
        (tmp_path / "docs" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "docs" / name).write_text(text)
    return build(workspace, tmp_path / "docs")


def build(workspace: Workspace, folder: Path) -> Path:
    knowledge.build(workspace, "K", [folder], BuildConfig(32, 0, "hash"), fake())
    return folder


def searched(workspace: Workspace, ref: str = "K", at_least: float | None = None) -> AppTest:
    """The page after a search. The model worker's answer is computed here, with the hash embedder."""
    base = open_knowledge(workspace, ref)
    found = KnowledgeRetriever(base, fake(), at_least=at_least).side_by_side(QUESTION, 5)
    app = at("lab")
    methods = {method: told(one) for method, one in found.items()}
    app.session_state["lab_found"] = (base.ref, QUESTION, {"methods": methods, "note": ""})
    return app.run()


def buttons(app: AppTest, begin: str) -> list[Any]:
    return [button for button in app.button if str(button.key).startswith(begin)]


def test_three_lists_say_where_the_same_passage_stands_in_the_others(workspace: Workspace, folder: Path) -> None:
    app = searched(workspace)
    assert not app.exception
    said = texts(app)
    assert said.count(FILES["a.md"].split("\n")[2]) == 3, "in all lists, and as text"
    assert "BM25: 1 · fused: 1" in said
    assert "dense: 1 · BM25: 1" in said
    assert "cosine 0." in said
    assert "BM25 " in said
    assert "1/(60+1) + 1/(60+1) = 0.0328" in said
    assert len(buttons(app, "lab_right_bm25_")) < len(buttons(app, "lab_right_dense_")) == 3
    assert "BM25: –" in said, "a passage without a word of the question"


def test_nothing_good_enough_is_said_in_words(workspace: Workspace, folder: Path) -> None:
    said = texts(searched(workspace, at_least=0.99))
    assert said.count("Nothing good enough: 3 passages score less than the least score.") == 2
    assert "BM25 " in said


def test_a_passage_is_marked_shown_as_right_and_taken_back(workspace: Workspace, folder: Path) -> None:
    app = searched(workspace)
    assert "No passage is marked yet." in texts(app)
    buttons(app, "lab_right_bm25_")[0].click().run()
    assert not app.exception
    (mark,) = read_marks(workspace, "K")
    assert (mark.question, mark.document) == (QUESTION, "a.md")
    assert open_knowledge(workspace, "K").texts["a.md"][mark.start : mark.end] == mark.quote
    assert texts(app).count("Marked as right") == 3
    assert "1 question. In K@1: 1 found where they were." in texts(app)
    again = at("lab")
    assert f"a.md · “{mark.quote}”" in texts(again), "it outlives the session"
    again.button(key=f"lab_remove_{mark.id}").click().run()
    assert read_marks(workspace, "K") == []
    assert "No passage is marked yet." in texts(again)


def test_a_part_is_marked_and_words_that_are_not_there_are_refused(workspace: Workspace, folder: Path) -> None:
    app = searched(workspace)
    key = str(buttons(app, "lab_mark_dense_")[0].key).removeprefix("lab_mark_")
    app.text_area(key=f"lab_quote_{key}").set_value("within  forty days").run()
    app.button(key=f"lab_mark_{key}").click().run()
    assert "These words do not stand in this passage." in texts(app)
    assert read_marks(workspace, "K") == []
    app.text_area(key=f"lab_quote_{key}").set_value("within\nthirty days").run()
    app.button(key=f"lab_mark_{key}").click().run()
    (mark,) = read_marks(workspace, "K")
    assert mark.quote == "within thirty days"
    assert FILES["a.md"][mark.start : mark.end] == mark.quote


def test_marks_follow_their_text_into_new_versions(workspace: Workspace, folder: Path, tmp_path: Path) -> None:
    app = searched(workspace)
    buttons(app, "lab_right_dense_")[0].click().run()
    (folder / "a.md").write_text("# Hours\n\nOpen at nine.\n\n" + FILES["a.md"])
    build(workspace, folder)
    moved = searched(workspace)
    assert "In K@2: 0 found where they were, 1 moved with their text." in texts(moved)
    assert texts(moved).count("Marked as right") == 3
    (folder / "a.md").write_text(FILES["a.md"].replace("thirty", "ten"))
    build(workspace, folder)
    gone = searched(workspace)
    assert "In K@3: 0 found where they were, 1 can't be located and are not counted." in texts(gone)
    assert "Marked as right" not in texts(gone)


def test_the_download_is_a_question_file(workspace: Workspace, folder: Path, tmp_path: Path) -> None:
    app = searched(workspace)
    buttons(app, "lab_right_dense_")[0].click().run()
    (mark,) = read_marks(workspace, "K")
    path = tmp_path / "K-marks.jsonl"
    path.write_text(question_file([mark]))
    reading = read_examples(path)
    assert not reading.refused
    (example,) = reading.examples
    assert (example.question, example.document, example.evidence) == (QUESTION, "a.md", mark.quote)


def test_what_is_right_does_not_depend_on_what_was_found(workspace: Workspace, tmp_path: Path) -> None:
    """The marked passage has another half; alone among the hits that must not look right."""
    (tmp_path / "docs").mkdir()
    rows = ("The ferry leaves at nine from the old pier below the church.", "It waits.", "Dogs pay half.")
    (tmp_path / "docs" / "d.txt").write_text("\n\n".join(rows))
    knowledge.build(workspace, "K", [tmp_path / "docs"], BuildConfig(16, 0, "hash"), fake())
    base = open_knowledge(workspace, "K")
    text, (first, second) = base.texts["d.txt"], base.passages
    assert second.text == "Dogs pay half."
    made = Mark("m", "When?", "d.txt", 0, second.end, text[: second.end])
    hits = {one.id: {"dense": {"hits": [{"id": one.id}]}} for one in (first, second)}
    assert lab_marks.right_passages(base.artifact, "when?", [made], hits[first.id]) == {first.id: [made]}
    assert lab_marks.right_passages(base.artifact, "when?", [made], hits[second.id]) == {}
    assert lab_marks.right_passages(base.artifact, "where?", [made], hits[first.id]) == {}
