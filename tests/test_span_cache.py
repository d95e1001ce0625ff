"""The cache of cuts: a text is split once, and a cut is only taken for a text that would be cut just so."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import pytest
from tokenizers import Tokenizer

from data.errors import Stopped
from data.schema import Document, Passage
from data.workspace import Workspace
from rag import reuse, span_cache
from rag.chunk import Cut, chunk, pieces
from rag.reuse import nothing
from rag.settings import BuildConfig
from tests.hashing import TOKENIZER, fake

FILE = "cache/spans.sqlite"
SETTINGS = BuildConfig(chunk_tokens=16, overlap_tokens=4, embedder="hash")
TEXT = "# Lamps\n\n## Old ones\n\n" + " ".join(f"Lamp {n} burns oil, gives light and costs little." for n in range(9))
DOCUMENTS = [
    Document("lamps.md", TEXT, "Lamps", "1"),
    Document("two/pages.txt", f"{TEXT[:120]}\f{TEXT[120:]}", "Pages", "2", page_starts=(0, 121)),
    Document("wide.txt", "Ein größeres 猫 zwischen Wörtern. " * 6, "Wide", "3"),
]


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of the documents that were really cut, as they are."""
    cut: list[str] = []

    def counting(document: Document, how: Cut) -> list[object]:
        cut.append(document.id)
        return list(pieces(document, how))

    monkeypatch.setattr("rag.reuse.pieces", counting)
    return cut


def split(workspace: Workspace, documents: list[Document], settings: BuildConfig = SETTINGS) -> list[Passage]:
    return reuse.split(workspace, documents, settings, fake(), None, nothing)


def afresh(documents: list[Document]) -> list[Passage]:
    return [one for document in documents for one in chunk(document, TOKENIZER, 16, 4)]


def test_the_same_text_is_cut_once_and_the_passages_are_those_of_cutting_it(
    workspace: Workspace, counted: list[str]
) -> None:
    first = split(workspace, DOCUMENTS)
    assert counted == [document.id for document in DOCUMENTS]
    assert split(workspace, DOCUMENTS) == first == afresh(DOCUMENTS)
    assert len(counted) == 3, "nothing was cut the second time"
    assert len({one.heading for one in first}) > 1
    assert {one.page for one in first} == {None, 1, 2}


def test_another_name_and_other_pages_are_another_passage_at_the_same_place(
    workspace: Workspace, counted: list[str]
) -> None:
    split(workspace, DOCUMENTS)
    moved = [replace(DOCUMENTS[1], id="else/where.txt", page_starts=())]
    assert split(workspace, moved) == afresh(moved)
    assert len(counted) == 3


@pytest.mark.parametrize(
    "other",
    [replace(DOCUMENTS[0], text=TEXT + " More."), replace(DOCUMENTS[0], id="lamps.txt")],
    ids=["another text", "headings do not count"],
)
def test_a_document_that_would_be_cut_otherwise_is_cut(
    workspace: Workspace, counted: list[str], other: Document
) -> None:
    split(workspace, [DOCUMENTS[0]])
    assert split(workspace, [other]) == afresh([other])
    assert counted == ["lamps.md", other.id]


@pytest.mark.parametrize("sizes", [{"chunk_tokens": 17}, {"overlap_tokens": 3}])
def test_other_sizes_are_another_cut(workspace: Workspace, counted: list[str], sizes: dict[str, int]) -> None:
    split(workspace, [DOCUMENTS[0]])
    split(workspace, [DOCUMENTS[0]], replace(SETTINGS, **sizes))
    assert counted == ["lamps.md"] * 2


def test_another_tokenizer_is_another_cut(workspace: Workspace) -> None:
    cut = Cut(TOKENIZER, 16)
    span_cache.keep(workspace, cut, [(DOCUMENTS[0], pieces(DOCUMENTS[0], cut))])
    same = Tokenizer.from_str(TOKENIZER.to_str())
    assert span_cache.recall(workspace, DOCUMENTS, Cut(same, 16)).keys() == {"lamps.md"}
    same.add_tokens(["burns oil"])
    assert span_cache.recall(workspace, DOCUMENTS, Cut(Tokenizer.from_str(same.to_str()), 16)) == {}


def test_other_rules_are_another_cut(workspace: Workspace, counted: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    split(workspace, [DOCUMENTS[0]])
    monkeypatch.setattr("rag.span_cache._code_hash", lambda: "the rules of another version")
    split(workspace, [DOCUMENTS[0]])
    assert counted == ["lamps.md"] * 2


def test_a_stopped_split_goes_on_where_it_was(workspace: Workspace, counted: list[str]) -> None:
    def stop(done: float, total: float, text: str) -> None:
        if text == "splitting wide.txt: 3 of 3":
            raise Stopped()

    with pytest.raises(Stopped):
        reuse.split(workspace, DOCUMENTS, SETTINGS, fake(), None, stop)
    assert counted == ["lamps.md", "two/pages.txt"]
    assert split(workspace, DOCUMENTS) == afresh(DOCUMENTS)
    assert counted == ["lamps.md", "two/pages.txt", "wide.txt"]


def test_a_damaged_row_and_a_damaged_file_are_cut_again(workspace: Workspace, counted: list[str]) -> None:
    split(workspace, DOCUMENTS)
    with sqlite3.connect(workspace.root / FILE) as database:
        (stored,) = database.execute("SELECT spans FROM spans WHERE number = 1").fetchone()
        other = stored.replace(b", ", b", 1", 1)  # well-formed, but another place
        assert other != stored
        database.execute("UPDATE spans SET spans = ? WHERE number = 1", (other,))
        database.execute("UPDATE spans SET spans = ? WHERE number = 2", (stored[:4],))
    database.close()
    assert split(workspace, DOCUMENTS) == afresh(DOCUMENTS)
    assert counted[3:] == ["lamps.md", "two/pages.txt"]
    (workspace.root / FILE).write_bytes(b"no database at all")
    assert split(workspace, DOCUMENTS) == afresh(DOCUMENTS)
    assert split(workspace, DOCUMENTS) == afresh(DOCUMENTS)
    assert len(counted) == 8, "the file was replaced, and remembers again"
    (workspace.root / FILE).unlink()
    assert split(workspace, DOCUMENTS) == afresh(DOCUMENTS)


def test_many_documents_are_asked_for_in_portions_and_stay_in_order(
    workspace: Workspace, counted: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.reuse.SPLIT_AT_ONCE", 2)
    rows = [Document(f"rows.csv#{n}", f"Row {n} of the table says {n * n}.", "", "") for n in range(7)]
    told: list[str] = []
    first = reuse.split(workspace, rows, SETTINGS, fake(), None, lambda done, total, text: told.append(text))
    assert first == afresh(rows)
    assert told[-1] == "splitting rows.csv#6: 7 of 7"
    assert split(workspace, [*rows[5:], *rows[:5]]) == afresh([*rows[5:], *rows[:5]])
    assert len(counted) == 7
