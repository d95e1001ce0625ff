"""The preview of passages: their place, their tokens beside the embedder's limit, and what neighbours share."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from data.errors import UserError
from data.schema import Passage
from data.store import resolve
from data.workspace import Workspace
from rag import knowledge
from rag.embed import model_folder, weights_hash
from rag.files import open_knowledge
from rag.lengths import token_counts
from rag.settings import PACKAGED, BuildConfig
from tests.hashing import DIM, TOKENIZER, HashEmbedder
from tests.test_pages import at, texts
from ui.passages import PAGE, parts, shared

SENTENCES = [f"The <b>lamp</b> number {number} hangs in room {number * 7}." for number in range(120)]


def packaged(weights: str) -> HashEmbedder:
    """Random vectors under the packaged embedder's name, so that its own tokenizer is the one to count with."""
    return HashEmbedder(PACKAGED, weights, DIM, "float32", "a test", "cpu", 254, TOKENIZER, [])


def build(workspace: Workspace, folder: Path, weights: str, overlap: int = 16) -> None:
    (folder / "lamps.md").write_text("# Lamps\n\n" + " ".join(SENTENCES))
    knowledge.build(workspace, "K", [folder / "lamps.md"], BuildConfig(48, overlap, PACKAGED), packaged(weights))


def opened() -> AppTest:
    app = at("knowledge")
    app.segmented_control(key="knowledge_part").set_value("Documents and passages").run()
    assert not app.exception
    return app


@pytest.fixture
def weights() -> str:
    return weights_hash(model_folder(PACKAGED))


def test_every_passage_says_how_many_tokens_it_has_for_its_embedder(
    workspace: Workspace, tmp_path: Path, weights: str
) -> None:
    build(workspace, tmp_path, weights)
    passages = open_knowledge(workspace, "K").passages
    counts = [len(TOKENIZER.encode(f"Lamps: {one.text}", add_special_tokens=False).ids) for one in passages]
    said = re.findall(r"(\d+) of 254 tokens", texts(opened()))
    assert list(map(int, said)) == counts[:PAGE]
    assert max(counts) <= 48


def test_counts_are_asked_of_the_model_that_made_the_passages_or_not_given(
    workspace: Workspace, tmp_path: Path, weights: str
) -> None:
    build(workspace, tmp_path, "other weights")
    app = opened()
    said = texts(app)
    assert "Tokens are not counted" in said
    assert "is not the one that made these passages" in said
    assert "254 tokens" in said, "the limit is known all the same"
    assert not re.search(r"\d+ of 254 tokens", said)
    with pytest.raises(UserError, match="is not on this machine"):
        token_counts({"id": "nobody/has-this", "weights_hash": weights}, [Passage("1", "a", "x", 0, 1)])


def test_what_neighbours_share_stands_apart_on_both_sides(workspace: Workspace, tmp_path: Path, weights: str) -> None:
    build(workspace, tmp_path, weights)
    passages = open_knowledge(workspace, "K").passages
    first, second = passages[0], passages[1]
    common = first.text[second.start - first.start :]
    assert common
    assert second.text.startswith(common)
    app = opened()
    shown = [one.value for one in app.text]
    assert shown.count(common) == 2, "once as the end of the first, once as the beginning of the second"
    assert f"{len(common)} characters also begin passage 2" in texts(app)
    assert f"{len(common)} characters also end passage 1" in texts(app)
    assert not any("<b>" in one.value for one in app.markdown), "words of documents are never markup"


def test_the_borders_of_a_page_show_the_neighbour_on_the_other_page(
    workspace: Workspace, tmp_path: Path, weights: str
) -> None:
    build(workspace, tmp_path, weights)
    passages = open_knowledge(workspace, "K").passages
    assert len(passages) > PAGE
    app = opened()
    assert f"Passage {PAGE + 1}, on the next page, begins:" in texts(app)
    assert any(one.value == f"{passages[PAGE].text[:160]}…" for one in app.text)
    assert "on the page before" not in texts(app)


def test_the_three_parts_are_always_the_whole_text() -> None:
    passage = {"document": "a", "text": "abcdefghij", "start": 10, "end": 20}
    assert parts(passage, 0, 0) == ("", "abcdefghij", "")
    assert parts(passage, 3, 2) == ("abc", "defgh", "ij")
    assert parts(passage, 7, 6) == ("abcdefg", "", "hij"), "where both meet nothing is shown twice"
    assert shared({"document": "a", "end": 13}, passage) == 3
    assert shared({"document": "b", "end": 13}, passage) == 0
    assert shared({"document": "a", "end": 9}, passage) == 0


def test_without_overlap_nothing_is_marked(workspace: Workspace, tmp_path: Path, weights: str) -> None:
    build(workspace, tmp_path, weights, overlap=0)
    assert "characters also" not in texts(opened())
    assert resolve(workspace, "knowledge", "K").version == 1
