"""Questions to passages: by meaning (dense), by words (BM25), or both lists fused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from data.errors import UserError
from data.schema import Hit
from rag import lexical
from rag.embed import Embedder
from rag.files import Knowledge, check_embedder
from rag.index import nearest
from rag.settings import METHODS, PACKAGED

RRF_K = 60  # Cormack, Clarke and Büttcher (2009), "Reciprocal Rank Fusion outperforms Condorcet ...", SIGIR
DEPTH = 50  # how far down each list is looked at before fusing

Ranked = list[tuple[int, float]]
"""(place of a passage, score), best first."""

# Cosine of the nearest passage, measured with passages of 160 tokens. Below 0.3 lie 3 % of 914 questions on six
# encyclopedia articles and 1 % of 167 on a help desk, but 82 to 95 % of questions asked of the wrong collection.
NOTHING_BELOW = {PACKAGED: 0.3}


@dataclass(frozen=True)
class Found:
    """The hits of one question. ``best_cosine`` is the nearest passage's (None when no vectors were compared)."""

    hits: list[Hit]
    best_cosine: float | None
    relevant: bool


def nothing_relevant(best_cosine: float, embedder: str) -> bool:
    """True if even the nearest passage is as far from the question as passages on other subjects are.

    Only claimed for embedders whose threshold was measured.
    """
    return best_cosine < NOTHING_BELOW.get(embedder, -1.0)


def fuse(rankings: Sequence[Ranked]) -> Ranked:
    """Reciprocal rank fusion: a passage's score is the sum of 1 / (60 + its rank) over the lists that hold it."""
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, (place, _) in enumerate(ranking, 1):
            scores[place] = scores.get(place, 0.0) + 1.0 / (RRF_K + rank)
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))


class KnowledgeRetriever:
    """A data.schema.Retriever over one version of a knowledge base.

    Raises UserError when the version was made with another embedder; ``note`` says if only the number format differs.
    """

    def __init__(self, knowledge: Knowledge, embedder: Embedder, method: str = "fused") -> None:
        if method not in METHODS:
            raise UserError(f"There is no search method {method!r}.", f"Choose one of: {', '.join(METHODS)}.")
        self.knowledge, self.embedder, self.method = knowledge, embedder, method
        self.note = check_embedder(knowledge, embedder)

    def search(self, questions: Sequence[str], k: int) -> list[list[Hit]]:
        """At most ``k`` hits per question, best first. Scores are cosine, BM25 or RRF scores by method."""
        return [found.hits for found in self.find(questions, k)]

    def find(self, questions: Sequence[str], k: int) -> list[Found]:
        """The same, with what is needed to say that nothing relevant was found."""
        depth = max(k, DEPTH)
        dense: list[Ranked] = [[] for _ in questions]
        if self.method != "bm25":
            dense = nearest(self.knowledge.nearest_index, self.embedder.embed_questions(questions), depth)
        return [self._found(question, ranking, k, depth) for question, ranking in zip(questions, dense, strict=True)]

    def _found(self, question: str, dense: Ranked, k: int, depth: int) -> Found:
        if not question.strip():
            return Found([], None, False)
        words = lexical.best(self.knowledge.word_index, question, depth) if self.method != "dense" else []
        ranking = fuse([dense, words]) if self.method == "fused" else dense or words
        hits = [Hit(rank, score, self.knowledge.passages[place]) for rank, (place, score) in enumerate(ranking[:k], 1)]
        cosine = dense[0][1] if dense else None
        near = cosine is None or not nothing_relevant(cosine, self.embedder.id)
        return Found(hits, cosine, bool(hits) and near)
