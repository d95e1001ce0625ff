"""Searching a knowledge base: narrowed by document, tag and date; nothing good enough; where each score came from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from data import child
from data.errors import UserError
from data.schema import Document, Hit, Origin
from data.workspace import Workspace
from rag import index, knowledge, lexical, orders
from rag.filters import EVERYTHING, Filter
from rag.knowledge import open_knowledge
from rag.labels import UNLABELLED, Labels, labelled
from rag.retrieve import Found, KnowledgeRetriever, told
from rag.settings import BuildConfig
from tests.test_rag import SETTINGS, fake

TEXTS = {
    "policies/returns.md": "Goods may be returned within thirty days.",
    "policies/old.md": "---\ntags: [archive, Returns]\ndate: 2024-02-01\n---\nGoods may be returned within ten days.",
    "notices/open-day.md": "---\ndate: 2026-05-05\n---\nThe fair comes every May.",
}


@pytest.fixture
def base(workspace: Workspace, tmp_path: Path) -> Workspace:
    for name, text in TEXTS.items():
        (tmp_path / "docs" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "docs" / name).write_text(text)
    knowledge.build(workspace, "K", [tmp_path / "docs"], SETTINGS, fake())
    extra = tmp_path / "tariff.txt"
    extra.write_text("The tariff for goods of ten kilos.")
    knowledge.add(workspace, "K", [extra], fake(), labels=Labels(("prices",), "2026-01-01"))
    return workspace


def find(
    workspace: Workspace, question: str, only: Filter = EVERYTHING, method: str = "fused", at_least: float | None = None
) -> Found:
    return KnowledgeRetriever(open_knowledge(workspace, "K"), fake(), method, only, at_least).find([question], 5)[0]


def names(found: Found) -> set[str]:
    return {hit.passage.document for hit in found.hits}


# --- filters ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["dense", "bm25", "fused"])
@pytest.mark.parametrize(
    ("only", "expected"),
    [
        (EVERYTHING, {"policies/returns.md", "policies/old.md", "tariff.txt"}),
        (Filter(documents=("policies/*",)), {"policies/returns.md", "policies/old.md"}),
        (Filter(documents=("policies/returns.md", "tariff.txt")), {"policies/returns.md", "tariff.txt"}),
        (Filter(tags=("returns",)), {"policies/old.md"}),
        (Filter(tags=("returns", "ARCHIVE")), {"policies/old.md"}),
        (Filter(since="2025-01-01"), {"tariff.txt"}),
        (Filter(until="2026-01-01"), {"policies/old.md", "tariff.txt"}),
        (Filter(documents=("policies/*",), since="2020-01-01", until="2024-02-01"), {"policies/old.md"}),
    ],
)
def test_a_filter_leaves_only_its_documents(base: Workspace, only: Filter, expected: set[str], method: str) -> None:
    found = find(base, "goods days", only, method)
    assert names(found) - {"notices/open-day.md"} == expected
    assert ("notices/open-day.md" in names(found)) == (
        method != "bm25" and only in (EVERYTHING, Filter(since="2025-01-01"))
    )


def test_a_filter_that_no_document_passes_is_a_mistake_and_not_an_empty_result(base: Workspace) -> None:
    with pytest.raises(
        UserError, match=r"No document of K@2 passes the filter\. Its tags: Returns, archive, prices; 3 of"
    ):
        find(base, "goods", Filter(tags=("price",)))
    with pytest.raises(UserError, match="The first date is 'May', which is not a date"):
        find(base, "goods", Filter(since="May"))
    assert names(find(base, "goods", Filter(since="20260101", until="20260102"))) == {"tariff.txt"}


def test_a_filter_holds_for_a_whole_test_set_as_for_one_question(base: Workspace) -> None:
    retriever = KnowledgeRetriever(open_knowledge(base, "K"), fake(), "fused", Filter(documents=("policies/*",)))
    many = retriever.search(["goods returned"] * 40, 3)
    assert [hit.passage.document for hit in many[39]] == [
        hit.passage.document for hit in retriever.search(["goods returned"], 3)[0]
    ]
    assert {hit.passage.document for hits in many for hit in hits} == {"policies/returns.md", "policies/old.md"}


def test_labels_come_from_the_head_and_the_order_and_survive_a_replacement(base: Workspace, tmp_path: Path) -> None:
    files = open_knowledge(base, "K").manifest["files"]
    assert (files["policies/old.md"]["tags"], files["policies/old.md"]["date"]) == (
        ["archive", "Returns"],
        "2024-02-01",
    )
    assert (files["policies/returns.md"]["tags"], files["policies/returns.md"]["date"]) == ([], "")
    (tmp_path / "tariff.txt").write_text("The tariff has changed.")
    knowledge.add(base, "K", [tmp_path / "tariff.txt"], fake())
    assert open_knowledge(base, "K").manifest["files"]["tariff.txt"]["tags"] == ["prices"]
    knowledge.add(base, "K", [tmp_path / "tariff.txt"], fake(), labels=Labels(("new",)))
    again = open_knowledge(base, "K")
    assert again.manifest["files"]["tariff.txt"]["tags"] == ["new"]
    assert [one.tags for one in again.documents if one.id == "tariff.txt"] == [("new",)]


def test_a_table_is_narrowed_to_and_removed_by_its_file_and_new_rows_keep_its_labels(
    base: Workspace, tmp_path: Path
) -> None:
    table = tmp_path / "prices.csv"
    table.write_text("good,days\nlamp,ten\n")
    knowledge.add(base, "K", [table], fake(), labels=Labels(("list",), "2026-02-01"))
    table.write_text("good,days\nlamp,ten\nkettle,six\n")
    knowledge.add(base, "K", [table], fake())
    rows = {"prices.csv#1", "prices.csv#2"}
    assert names(find(base, "good days", Filter(documents=("prices.csv",)))) == rows
    assert names(find(base, "good days", Filter(documents=("*.csv",), tags=("list",), since="2026-02-01"))) == rows
    assert names(find(base, "good days", Filter(documents=("prices.csv#2",)))) == {"prices.csv#2"}
    run = orders.order_remove(base, "K", ["prices.csv"])
    assert child.run(base, run.id, orders.work(base, lambda _: fake()), needs_device=False) == 0
    assert set(open_knowledge(base, "K").manifest["files"]) == {*TEXTS, "tariff.txt"}


def test_heads_as_people_write_them() -> None:
    def label(head: str, name: str = "a.md", given: Labels = UNLABELLED) -> Document:
        return labelled(Document(name, f"---\n{head}\n---\nText", "", ""), given)

    assert label("tags:\n  - one\n  - 'two words'\ntitle: x").tags == ("one", "two words")
    assert label("tags: one, two").tags == ("one", "two")
    assert label("date: '2026-03-31'\ntags: []").date == "2026-03-31"
    assert label("tags: [one]", given=Labels(("one", "two"), "2025-01-01")).tags == ("one", "two")
    assert label("date: 2026-03-31", given=Labels(date="2025-01-01")).date == "2025-01-01"
    assert label("tags: [one]", name="a.txt").tags == ()
    soon = label("date: soon")
    assert soon.date == ""
    assert soon.warnings == ("date not used: The date in its head is 'soon', which is not a date.",)
    with pytest.raises(UserError, match="The date given is 'soon'"):
        label("", given=Labels(date="soon"))


# --- nothing good enough ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["dense", "fused"])
def test_passages_further_than_the_threshold_are_left_out_and_counted(base: Workspace, method: str) -> None:
    every = find(base, "goods returned within ten days", method=method)
    cosines = sorted((hit.origin.cosine or 0.0 for hit in every.hits), reverse=True)
    some = find(base, "goods returned within ten days", method=method, at_least=cosines[1])
    assert [hit.passage for hit in some.hits] == [h.passage for h in every.hits if (h.origin.cosine or 0) >= cosines[1]]
    assert (len(some.hits), some.below) == (2, len(every.hits) - 2)
    none = find(base, "goods returned within ten days", method=method, at_least=0.999)
    assert (none.hits, none.relevant, none.best_cosine) == ([], False, every.best_cosine)


def test_by_words_the_threshold_is_a_word_score(base: Workspace) -> None:
    every = find(base, "returned goods", method="bm25")
    least = every.hits[0].score
    assert [hit.score for hit in find(base, "returned goods", method="bm25", at_least=least).hits] == [
        hit.score for hit in every.hits if hit.score >= least
    ]
    assert find(base, "returned goods", method="bm25", at_least=least + 0.01).hits == []


# --- where a score came from ------------------------------------------------------------------------------------------


def test_every_hit_says_where_its_score_came_from(base: Workspace) -> None:
    question = "goods returned within ten days"
    by_meaning = {hit.passage.id: hit for hit in find(base, question, method="dense").hits}
    by_words = {hit.passage.id: hit for hit in find(base, question, method="bm25").hits}
    fused = find(base, question)
    assert len(by_words) < len(fused.hits)  # so that some hit is missing from one list
    for hit in fused.hits:
        dense, words = by_meaning[hit.passage.id], by_words.get(hit.passage.id)
        assert (hit.origin.dense_rank, hit.origin.cosine) == (dense.rank, dense.score)
        assert (hit.origin.bm25_rank, hit.origin.bm25) == ((words.rank, words.score) if words else (None, None))
        ranks = [rank for rank in (hit.origin.dense_rank, hit.origin.bm25_rank) if rank]
        assert hit.origin.fused == hit.score == pytest.approx(sum(1 / (60 + rank) for rank in ranks))
    assert by_meaning[fused.hits[0].passage.id].origin.bm25_rank is None
    assert by_words[fused.hits[0].passage.id].origin == Origin(
        bm25_rank=1, bm25=by_words[fused.hits[0].passage.id].score
    )


def test_a_hit_found_by_words_alone_has_its_cosine_too(workspace: Workspace, tmp_path: Path) -> None:
    rows = [f"alpha beta number{n}" for n in range(60)] + ["zebra " + " ".join(f"other{n}" for n in range(40))]
    for number, row in enumerate(rows):
        (tmp_path / f"{number:02}.txt").write_text(row)
    paths = sorted(tmp_path.glob("*.txt"))
    knowledge.build(workspace, "K", paths, BuildConfig(chunk_tokens=200, embedder="hash"), fake())
    base = open_knowledge(workspace, "K")
    question = "alpha beta zebra"
    far = next(h for h in KnowledgeRetriever(base, fake()).search([question], 99)[0] if h.passage.document == "60.txt")
    true = float(base.vectors[60] @ fake().embed_questions([question])[0])
    assert far.origin.cosine == pytest.approx(true, abs=1e-6)
    assert far.origin.bm25_rank == 1


def test_where_a_score_came_from_in_words() -> None:
    assert (
        told(Origin(3, 0.6123, 1, 7.311, 0.03252))
        == "dense rank 3 (cosine 0.612), BM25 rank 1 (score 7.31), fused 0.0325"
    )
    assert told(Origin(None, 0.2, 1, 7.0, 0.0164)).startswith("not in the dense list (cosine 0.200), BM25 rank 1")
    assert told(Origin(bm25_rank=2, bm25=1.0)) == "BM25 rank 2 (score 1.00)"
    assert told(Hit(1, 1.0, None).origin) == ""  # type: ignore[arg-type]


# --- words ------------------------------------------------------------------------------------------------------------


def test_neighbouring_characters_count_as_a_word_where_there_are_no_spaces() -> None:
    # the second text holds both characters of the question's word, but not the word
    texts = ["京都は東にある大きな町だ", "東の町から京へ行く", "東京の町は大きくて人も多いので歩くと楽しい", "海の話"]
    words = lexical.make(texts)
    assert lexical.best(words, "東京", 10)[0][0] == 2
    thai = lexical.make(["ฉันชอบกินข้าว", "แมวดำนอนหลับ"])
    assert [place for place, _ in lexical.best(thai, "แมวดำ", 1)] == [1]


def test_the_best_by_words_are_the_same_however_many_are_wanted() -> None:
    random = np.random.default_rng(0)
    texts = [" ".join(f"w{n}" for n in random.integers(0, 30, 12)) for _ in range(500)]
    words = lexical.make(texts)
    everything = lexical.best(words, "w1 w2 w3", 500)
    assert everything == sorted(everything, key=lambda pair: (-pair[1], pair[0]))
    for k in (1, 7, 50):
        assert lexical.best(words, "w1 w2 w3", k) == everything[:k]
    allowed = random.random(500) < 0.2
    assert lexical.best(words, "w1 w2 w3", 9, allowed) == [pair for pair in everything if allowed[pair[0]]][:9]


# --- an approximate index, from the build to the search ---------------------------------------------------------------


def test_a_large_base_is_searched_approximately_and_records_why(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    for number in range(60):
        (tmp_path / "docs" / f"{number}.txt").write_text(f"Item{number} costs price{number} and weighs mass{number}.")
    settings = BuildConfig(chunk_tokens=32, exact_up_to=40, embedder="hash")
    built = knowledge.build(workspace, "K", [tmp_path / "docs"], settings, fake())
    record = open_knowledge(workspace, "K").manifest["index"]
    assert built.summary()["index"] == record
    assert record["kind"] == "IndexHNSWFlat"
    assert record["recall_at_10"] >= index.ENOUGH
    assert record["measured_on"] == 60
    assert names(find(workspace, "what does item7 cost price7")) >= {"7.txt"}
    assert find(workspace, "item7 price7").hits[0].passage.document == "7.txt"
    assert names(find(workspace, "item7 price7", Filter(documents=("9.txt",)))) == {"9.txt"}
    exact = knowledge.build(workspace, "K", [tmp_path / "docs"], BuildConfig(chunk_tokens=32, embedder="hash"), fake())
    assert exact.artifact.ref == "K@2"
    assert (open_knowledge(workspace, "K").manifest["index"]["kind"], exact.embedded) == ("IndexFlatIP", 0)


# --- all methods side by side -----------------------------------------------------------------------------------------


def test_side_by_side_shows_what_each_method_finds_by_itself(base: Workspace) -> None:
    question, only = "goods returned within ten days", Filter(documents=("policies/*", "tariff.txt"))
    least = {"dense": 0.2, "fused": 0.2, "bm25": 0.5}
    retriever = KnowledgeRetriever(open_knowledge(base, "K"), fake(), "fused", only, least["dense"])
    together = retriever.side_by_side(question, 2, least["bm25"])
    assert list(together) == ["fused", "dense", "bm25"]
    for method, found in together.items():
        alone = find(base, question, only, method, least[method])
        assert [(hit.rank, hit.score, hit.passage) for hit in found.hits] == [
            (hit.rank, hit.score, hit.passage) for hit in alone.hits[:2]
        ]
        assert (found.relevant, found.below, found.best_cosine) == (alone.relevant, alone.below, alone.best_cosine)
    best = together["bm25"].hits[0]
    assert best.origin.dense_rank == next(h.rank for h in find(base, question, only).hits if h.passage == best.passage)
    assert best.origin.bm25_rank == 1


def test_side_by_side_one_method_may_find_nothing_good_enough(base: Workspace) -> None:
    retriever = KnowledgeRetriever(open_knowledge(base, "K"), fake(), "fused", at_least=0.999)
    found = retriever.side_by_side("goods returned", 5)
    assert (found["dense"].hits, found["fused"].hits) == ([], [])
    assert not found["dense"].relevant
    assert found["bm25"].relevant
    assert found["bm25"].hits
    assert found["dense"].below == len(find(base, "goods returned", method="dense").hits)
