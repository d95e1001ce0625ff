"""Questions to passages: by meaning (dense), by words (BM25), or both lists fused."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from data.errors import UserError
from data.schema import Hit, Origin
from rag import index, lexical
from rag.embed import Embedder
from rag.files import Knowledge, check_embedder
from rag.filters import EVERYTHING, Filter, allowed
from rag.index import Ranked
from rag.settings import METHODS, PACKAGED
from rag.whole_set import AT_ONCE, nearest_of_all

RRF_K = 60  # Cormack, Clarke and Büttcher (2009), "Reciprocal Rank Fusion outperforms Condorcet ...", SIGIR
DEPTH = 50  # how far down each list is looked at before fusing
LONGEST = 20_000  # characters of a typed question: a million took 84 s, while every other search waited

# Cosine of the nearest passage, measured with passages of 160 tokens. Below 0.3 lie 3 % of 914 questions on six
# encyclopedia articles and 1 % of 167 on a help desk, but 82 to 95 % of questions asked of the wrong collection.
NOTHING_BELOW = {PACKAGED: 0.3}


@dataclass(frozen=True)
class Took:
    """Seconds of the three steps of a search: making the question's vector (None where none is made), going through
    the index, and fetching the passages. Of questions searched together, each one's share."""

    vector: float | None
    search: float
    passages: float


@dataclass(frozen=True)
class Found:
    """The hits of one question. ``best_cosine`` is the nearest passage's (None when no vectors were compared).

    ``below`` counts the passages that were found but scored less than the least score asked for. ``vector`` is the
    question's own: float32, shape (dim,); None with the method "bm25".
    """

    hits: list[Hit]
    best_cosine: float | None
    relevant: bool
    below: int = 0
    vector: np.ndarray | None = field(default=None, compare=False)
    took: Took | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Lists:
    """What one question found by each method; ``cosines`` of all places in either list, {} when none were computed."""

    dense: Ranked
    words: Ranked
    cosines: dict[int, float] = field(default_factory=dict)


def nothing_relevant(best_cosine: float, embedder: str) -> bool:
    """True if even the nearest passage is as far from the question as passages on other subjects are.

    Only claimed for embedders whose threshold was measured.
    """
    return best_cosine < NOTHING_BELOW.get(embedder, -1.0)


def check_question(question: str) -> None:
    """Raise UserError for a typed question that asks nothing, or is so long that others would wait for it."""
    if not question.strip():
        raise UserError("The question is empty.", "Ask something that the documents may answer.")
    if len(question) > LONGEST:
        what = f"The question has {len(question):,} characters; the limit of a search is {LONGEST:,}."
        raise UserError(what, "Ask for one thing, in a few sentences.")


def legible(question: str) -> str:
    """The question with a mark in the place of every half character, which no tokenizer and no file takes."""
    return question.encode("utf-8", "replace").decode()


def fuse(rankings: Sequence[Ranked]) -> Ranked:
    """Reciprocal rank fusion: a passage's score is the sum of 1 / (60 + its rank) over the lists that hold it."""
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, (place, _) in enumerate(ranking, 1):
            scores[place] = scores.get(place, 0.0) + 1.0 / (RRF_K + rank)
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))


def told(origin: Origin) -> str:
    """Where a score came from, in words; empty for a passage that was handed over."""
    parts = []
    if origin.cosine is not None:
        place = f"dense rank {origin.dense_rank}" if origin.dense_rank else "not in the dense list"
        parts.append(f"{place} (cosine {origin.cosine:.3f})")
    if origin.bm25 is not None:
        parts.append(f"BM25 rank {origin.bm25_rank} (score {origin.bm25:.2f})")
    if origin.fused is not None:
        parts.append(f"fused {origin.fused:.4f}")
    return ", ".join(parts)


class KnowledgeRetriever:
    """A data.schema.Retriever over one version of a knowledge base.

    ``only`` narrows the search to some documents. ``at_least`` is the least cosine of question and passage that counts
    as found (with the method "bm25": the least BM25 score); nothing at all may be left. Raises UserError when the
    version was made with another embedder or no document passes the filter; ``note`` says if only the number format
    differs.
    """

    def __init__(
        self, knowledge: Knowledge, embedder: Embedder, method: str = "fused", only: Filter = EVERYTHING,
        at_least: float | None = None,
    ) -> None:  # fmt: skip
        if method not in METHODS:
            raise UserError(f"There is no search method {method!r}.", f"Choose one of: {', '.join(METHODS)}.")
        self.knowledge, self.embedder, self.method, self.at_least = knowledge, embedder, method, at_least
        self.note = check_embedder(knowledge, embedder)
        self.allowed = allowed(knowledge, only)

    def search(self, questions: Sequence[str], k: int) -> list[list[Hit]]:
        """At most ``k`` hits per question, best first. Scores are cosine, BM25 or RRF scores by method."""
        return [found.hits for found in self.find(questions, k)]

    def find(self, questions: Sequence[str], k: int) -> list[Found]:
        """The same, with what is needed to say that nothing relevant was found."""
        questions = [legible(question) for question in questions]
        began = time.perf_counter()
        vectors = None if self.method == "bm25" else self.embedder.embed_questions(questions)
        embedded = time.perf_counter()
        lists = self._lists(questions, vectors, max(k, DEPTH))
        searched = time.perf_counter()
        found = [
            self._found(question, one, k, self.method, self.at_least)
            for question, one in zip(questions, lists, strict=True)
        ]
        ended, share = time.perf_counter(), 1 / max(1, len(questions))
        took = Took(None if vectors is None else (embedded - began) * share, (searched - embedded) * share,
                    (ended - searched) * share)  # fmt: skip
        own = [None] * len(found) if vectors is None else list(vectors)
        return [replace(one, vector=vector, took=took) for one, vector in zip(found, own, strict=True)]

    def side_by_side(self, question: str, k: int, words_at_least: float | None = None) -> dict[str, Found]:
        """What each method finds for one question, from one computation of both lists; a hit knows its place in both.

        ``words_at_least`` is the least BM25 score of the method "bm25", as ``at_least`` is the least cosine of the
        others. The retriever's own method must be "fused", which needs both lists.
        """
        question = legible(question)
        lists = self._lists([question], self.embedder.embed_questions([question]), max(k, DEPTH))[0]
        least = {method: words_at_least if method == "bm25" else self.at_least for method in METHODS}
        return {method: self._found(question, lists, k, method, least[method]) for method in METHODS}

    def ready(self) -> None:
        """Read from disk what a search needs, so that its time is not counted as searching."""
        _ = self.knowledge.passages
        if self.method != "dense":
            _ = self.knowledge.word_index
        if self.method != "bm25":
            _ = self.knowledge.nearest_index

    def _lists(self, questions: Sequence[str], vectors: np.ndarray | None, depth: int) -> list[Lists]:
        words: list[Ranked] = [[] for _ in questions]
        if self.method != "dense":
            words = [lexical.best(self.knowledge.word_index, asked, depth, self.allowed) for asked in questions]
        if vectors is None:
            return [Lists([], ranking) for ranking in words]
        rows = zip(self._nearest(vectors, depth), words, vectors, strict=True)
        return [Lists(dense, by_words, self._cosines(dense, by_words, vector)) for dense, by_words, vector in rows]

    def _nearest(self, vectors: np.ndarray, depth: int) -> list[Ranked]:
        """A whole test set is searched at once, and then exactly, also where the index is approximate."""
        nearest = nearest_of_all if len(vectors) >= AT_ONCE else index.nearest
        return nearest(self.knowledge.nearest_index, vectors, depth, self.allowed)

    def _cosines(self, dense: Ranked, words: Ranked, vector: np.ndarray) -> dict[int, float]:
        known = dict(dense)
        others = [place for place, _ in words if place not in known]
        cosines = index.vectors_of(self.knowledge.nearest_index)[others] @ vector
        return {**known, **dict(zip(others, cosines.tolist(), strict=True))}

    def _found(self, question: str, lists: Lists, k: int, method: str, at_least: float | None) -> Found:
        if not question.strip():
            return Found([], None, False)
        alone = {"dense": lists.dense, "bm25": lists.words}
        ranking = alone[method] if method in alone else fuse(list(alone.values()))
        counted = {} if method == "bm25" else lists.cosines
        good = [(place, score) for place, score in ranking if at_least is None or counted.get(place, score) >= at_least]
        cosine = lists.dense[0][1] if lists.dense and method != "bm25" else None
        near = cosine is None or not nothing_relevant(cosine, self.embedder.id)
        return Found(self._hits(good[:k], lists, method), cosine, bool(good) and near, len(ranking) - len(good))

    def _hits(self, ranking: Ranked, lists: Lists, method: str) -> list[Hit]:
        dense = {place: rank for rank, (place, _) in enumerate(lists.dense, 1)}
        words = {place: (rank, score) for rank, (place, score) in enumerate(lists.words, 1)}
        hits = []
        for rank, (place, score) in enumerate(ranking, 1):
            word_rank, bm25 = words.get(place, (None, None))
            fused = score if method == "fused" else None
            origin = Origin(dense.get(place), lists.cosines.get(place), word_rank, bm25, fused)
            hits.append(Hit(rank, score, self.knowledge.passages[place], origin))
        return hits
