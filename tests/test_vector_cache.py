"""The cache of vectors: the same text is embedded once, whatever happens to the file that remembers it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from data.errors import Stopped, UserError
from data.workspace import Workspace
from rag import cache, knowledge, vector_cache
from rag.knowledge import open_knowledge
from rag.settings import BuildConfig
from tests.test_rag import SETTINGS, TEXTS, fake

FILE = "cache/vectors.sqlite"


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    for name, text in TEXTS.items():
        (tmp_path / "docs" / name).write_text(text)
    return tmp_path / "docs"


def test_another_base_of_the_same_text_embeds_nothing_and_gets_the_same_vectors(
    workspace: Workspace, documents: Path
) -> None:
    first = knowledge.build(workspace, "A", [documents], SETTINGS, fake())
    embedder = fake()
    second = knowledge.build(workspace, "B", [documents], SETTINGS, embedder)
    assert (first.embedded, first.cached) == (5, 0)
    assert (second.embedded, second.cached, embedder.model) == (0, 5, [])
    assert open_knowledge(workspace, "B").manifest["counts"]["cached"] == 5
    np.testing.assert_array_equal(open_knowledge(workspace, "A").vectors, open_knowledge(workspace, "B").vectors)


@pytest.mark.parametrize("other", [fake(weights="w2"), fake(dtype="bfloat16")])
def test_other_weights_or_numbers_are_another_key(workspace: Workspace, documents: Path, other: object) -> None:
    knowledge.build(workspace, "A", [documents], SETTINGS, fake())
    assert knowledge.build(workspace, "B", [documents], SETTINGS, other).embedded == 5  # type: ignore[arg-type]


def test_a_stopped_build_goes_on_where_it_was(
    workspace: Workspace, documents: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.reuse.EMBED_AT_ONCE", 2)

    def stop(done: float, total: float, text: str) -> None:
        if text.startswith("embedding 4 of"):
            raise Stopped()

    with pytest.raises(Stopped):
        knowledge.build(workspace, "A", [documents], SETTINGS, fake(), stop)
    built = knowledge.build(workspace, "A", [documents], SETTINGS, fake())
    assert (built.embedded, built.cached) == (1, 4)


def test_a_damaged_row_is_embedded_again_and_a_damaged_file_replaced(workspace: Workspace, documents: Path) -> None:
    knowledge.build(workspace, "A", [documents], SETTINGS, fake())
    with sqlite3.connect(workspace.root / FILE) as database:
        (vector,) = database.execute("SELECT vector FROM vectors WHERE number = 1").fetchone()
        changed = bytes([vector[0] ^ 1]) + vector[1:]
        database.execute("UPDATE vectors SET vector = ? WHERE number = 1", (changed,))
    database.close()
    second = knowledge.build(workspace, "B", [documents], SETTINGS, fake())
    assert (second.embedded, second.cached) == (1, 4)
    for content in (b"no database at all", (workspace.root / FILE).read_bytes()[:5000] + b"x" * 9000):
        (workspace.root / FILE).write_bytes(content)
        third = knowledge.build(workspace, f"C{len(content)}", [documents], SETTINGS, fake())
        assert third.embedded >= 1
        kept = open_knowledge(workspace, third.artifact.ref).vectors
        np.testing.assert_array_equal(kept, open_knowledge(workspace, "A").vectors)
    assert knowledge.build(workspace, "D", [documents], SETTINGS, fake()).embedded == 0


def test_a_file_that_cannot_be_used_is_named(workspace: Workspace, documents: Path) -> None:
    (workspace.root / FILE).mkdir(parents=True)
    with pytest.raises(UserError, match=r"cache of vectors .*vectors\.sqlite cannot be used"):
        knowledge.build(workspace, "A", [documents], SETTINGS, fake())


def test_only_the_newest_vectors_are_kept(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vector_cache, "KEPT", 3)
    embedder, texts = fake(), ["one", "two", "three", "four"]
    vector_cache.keep(workspace, embedder, texts, embedder.embed_questions(texts))
    assert set(vector_cache.recall(workspace, embedder, texts)) == {"two", "three", "four"}


def test_more_texts_than_one_query_takes(workspace: Workspace) -> None:
    embedder = fake()
    texts = [f"text {number}" for number in range(2 * cache.AT_ONCE + 1)]
    vectors = embedder.embed_questions(texts)
    vector_cache.keep(workspace, embedder, texts, vectors)
    found = vector_cache.recall(workspace, embedder, [*texts, "unknown"])
    assert list(found) != []
    assert set(found) == set(texts)
    np.testing.assert_array_equal(np.stack([found[text] for text in texts]), vectors)


def test_another_size_of_passage_keeps_what_it_can(workspace: Workspace, documents: Path) -> None:
    knowledge.build(workspace, "A", [documents], SETTINGS, fake())
    knowledge.build(workspace, "A", [documents], BuildConfig(chunk_tokens=16, embedder="hash"), fake())
    back = knowledge.build(workspace, "A", [documents], SETTINGS, fake())
    assert (back.artifact.ref, back.embedded) == ("A@3", 0)
