"""Searching many passages exactly: one question, narrowed, a whole test set, by words; each against the plain way.

BENCH_PASSAGES (default 100,000) is how many. Vectors and words are seeded. Approximate search is a part of its own.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from data.schema import Passage
from data.store import Artifact
from rag import index, lexical
from rag.embed import Embedder
from rag.files import Knowledge
from rag.filters import EVERYTHING, Filter
from rag.retrieve import KnowledgeRetriever
from rag.whole_set import nearest_of_all
from tests.bench.indexing import timed
from tests.bench.rows import Row

PASSAGES = int(os.environ.get("BENCH_PASSAGES", "100000"))
DIM, TEST_SET, ONE_BY_ONE, PER_DOCUMENT, WORD_QUERIES = 384, 1000, 100, 10, 5


def measure() -> Iterator[Row]:
    vectors, queries = crowd(PASSAGES, TEST_SET)
    exact = index.exact(vectors)
    yield from _one(exact, queries)
    yield from _whole(exact, queries)
    yield from _words()


def crowd(count: int, asked: int) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors, a hundred around each centre, and questions that lie between passages."""
    drawn = np.random.default_rng(0)
    centres = drawn.standard_normal((max(1, count // 100), DIM), np.float32)
    vectors = unit(
        centres[drawn.integers(0, len(centres), count)] + 0.8 * drawn.standard_normal((count, DIM), np.float32)
    )
    near = vectors[drawn.integers(0, count, asked)]
    return vectors, unit(near + 0.03 * drawn.standard_normal((asked, DIM), np.float32))


def unit(rows: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def side_by_side(ours: Callable[[int], object], theirs: Callable[[int], object], rounds: int) -> float:
    """Median of ours / theirs in seconds, in turns, so that whatever else the machine does hits both."""
    ours(0), theirs(0)
    pairs = [(timed(lambda n=n: ours(n)), timed(lambda n=n: theirs(n))) for n in range(rounds)]  # type: ignore[misc]
    return float(np.median([one / other for one, other in pairs]))


# --- exact ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ready(Embedder):
    """Hands out vectors that are already there: a search is timed without the embedding model."""

    def embed_questions(self, texts: Any) -> np.ndarray:
        return self.model[[int(text) for text in texts]]


def _one(exact: Any, queries: np.ndarray) -> Iterator[Row]:
    """Through the retriever: ids to passages, cosines, ranks and filters included."""
    embedder = Ready("seeded", "", DIM, "float32", "", "cpu", 256, None, queries)  # type: ignore[arg-type]
    base = _knowledge(exact.ntotal)
    base.__dict__["nearest_index"] = exact  # as if it had been read from disk
    every = f"all {exact.ntotal:,} passages"
    for name, only in (
        (every, EVERYTHING),
        ("half of the documents", Filter(tags=("half",))),
        ("a mask that lets all pass", Filter(tags=("all",))),
    ):
        retriever = KnowledgeRetriever(base, embedder, "dense", only)
        ratio = side_by_side(
            lambda n, r=retriever: r.search([str(n)], 10), lambda n: exact.search(queries[n : n + 1], 10), ONE_BY_ONE
        )  # type: ignore[misc]
        what = f"one exact query, {name}, against raw FAISS Flat"
        yield Row(what, f"{ratio:.2f}x", "≤ 1.2x (aim 1.05x)", ratio <= 1.2)


def _knowledge(count: int) -> Knowledge:
    ids = [f"{n}.txt" for n in range(-(-count // PER_DOCUMENT))]
    files = {name: {"tags": ["all", "half"] if n % 2 else ["all"]} for n, name in enumerate(ids)}
    made = {"id": "seeded", "weights_hash": "", "dtype": "float32"}
    base = Knowledge(Artifact("knowledge", "seeded", 1, Path()), {"files": files, "embedder": made})
    base.__dict__["passages"] = tuple(Passage(str(n), ids[n // PER_DOCUMENT], "", 0, 0) for n in range(count))
    return base


def _whole(exact: Any, queries: np.ndarray) -> Iterator[Row]:
    nearest_of_all(exact, queries, 10)
    seconds = min(timed(lambda: nearest_of_all(exact, queries, 10)) for _ in range(3)) / len(queries)
    alone = timed(lambda: [exact.search(query[None], 10) for query in queries[:ONE_BY_ONE]]) / ONE_BY_ONE
    found = nearest_of_all(exact, queries, 10)
    true, _ = exact.search(queries, 10)
    recall = np.mean(
        [score >= row[-1] - 1e-5 for ranking, row in zip(found, true, strict=True) for _, score in ranking]
    )
    yield Row(
        f"{len(queries)} questions at once, against FAISS Flat one by one", f"{alone / seconds:.1f}x",
        "≥ 5x (aim 10x)", alone >= 5 * seconds,
    )  # fmt: skip
    yield Row("recall@10 of it", f"{recall:.4f}", "1.0000", bool(recall == 1))


# --- words ------------------------------------------------------------------------------------------------------------


def _words() -> Iterator[Row]:
    drawn = np.random.default_rng(1)
    vocabulary = np.array([f"w{n}" for n in range(30_000)])
    common = 1 / np.arange(1, len(vocabulary) + 1)
    drawn_words = drawn.choice(vocabulary, (PASSAGES, 60), p=common / common.sum())
    texts = [" ".join(row) for row in drawn_words]
    questions = [" ".join(drawn.choice(row, 8)) for row in drawn_words[:WORD_QUERIES]]
    ours = lexical.make(texts)
    theirs = Dictionaries([lexical.words(text) for text in texts])
    ratio = side_by_side(
        lambda n: theirs.best(lexical.words(questions[n]), 10),
        lambda n: lexical.best(ours, questions[n], 10),
        WORD_QUERIES,
    )
    what = "BM25 queries/s against one dictionary a passage (rank-bm25's way)"
    yield Row(what, f"{ratio:.0f}x", "≥ 50x (aim 150x)", ratio >= 50)


class Dictionaries:
    """Okapi BM25 the way rank-bm25 0.2 does it: for each word of a question, every passage's dictionary is asked."""

    def __init__(self, corpus: list[list[str]]) -> None:
        self.counts = [Counter(words) for words in corpus]
        self.lengths = np.array([len(words) for words in corpus])
        holding = Counter(word for counts in self.counts for word in counts)
        self.idf = {word: np.log((len(corpus) - n + 0.5) / (n + 0.5)) for word, n in holding.items()}

    def best(self, asked: list[str], k: int) -> list[int]:
        scores = np.zeros(len(self.counts))
        for word in asked:
            found = np.array([counts.get(word) or 0 for counts in self.counts])
            spread = 1.5 * (0.25 + 0.75 * self.lengths / self.lengths.mean())
            scores += self.idf.get(word, 0) * (found * 2.5 / (found + spread))
        return np.argsort(scores)[::-1][:k].tolist()
