"""Trying another way to cut a knowledge base without publishing it: passages, vectors and rankings in memory.

Vectors come from the version at hand and from the cache first, so that nothing is embedded twice; those computed here
are kept, and a version that is published later with the same settings finds them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from data.schema import Passage
from data.workspace import Workspace
from rag import index, lexical, vector_cache
from rag.chunk import in_context
from rag.embed import Embedder
from rag.files import Knowledge
from rag.index import Ranked
from rag.retrieve import DEPTH, fuse
from rag.reuse import Report, embed, split
from rag.settings import BuildConfig
from rag.whole_set import nearest_of_all


@dataclass(frozen=True)
class Draft:
    """The documents of a version, cut in one way. ``vectors``: float32 (passages, dim), in the passages' order.

    ``tokens`` counts each passage with its breadcrumb, as a prompt would hold it, by the embedder's own tokenizer.
    """

    passages: list[Passage]
    vectors: np.ndarray
    tokens: list[int]
    embedded: int
    cached: int


def unknown(workspace: Workspace, base: Knowledge, passages: Sequence[Passage], embedder: Embedder) -> int:
    """How many different texts of these passages have no vector yet, neither in ``base`` nor in the cache."""
    texts = {in_context(one) for one in passages}
    if base.manifest["embedder"]["dtype"] == embedder.dtype:
        texts -= {in_context(one) for one in base.passages}
    return len(texts) - len(vector_cache.recall(workspace, embedder, sorted(texts)))


def cut(
    workspace: Workspace, base: Knowledge, settings: BuildConfig, embedder: Embedder, report: Report
) -> list[Passage]:
    """The passages that these settings make of the documents of a version."""
    return split(workspace, base.documents, settings, embedder, base, report)


def draft(
    workspace: Workspace, base: Knowledge, passages: list[Passage], embedder: Embedder, report: Report
) -> Draft:  # fmt: skip
    """Passages with their vectors; only texts without a vector are embedded."""
    vectors, costs = embed(workspace, passages, embedder, base, report)
    encoded = embedder.tokenizer.encode_batch([in_context(one) for one in passages], add_special_tokens=False)
    return Draft(passages, vectors, [len(one.ids) for one in encoded], costs["embedded"], costs["cached"])


def rankings(
    drafted: Draft, questions: Sequence[str], asked: np.ndarray, methods: Sequence[str]
) -> dict[str, list[list[int]]]:
    """{method: for each question the places of at most 50 passages, best first}.

    The first k of each are what rag.retrieve finds for that k in such a version. ``asked``: the questions' vectors,
    float32 (questions, dim).
    """
    words = lexical.make([in_context(one) for one in drafted.passages])
    by_words = [lexical.best(words, question, DEPTH) for question in questions]
    dense = nearest_of_all(index.exact(drafted.vectors), asked, DEPTH)
    lists: dict[str, list[Ranked]] = {
        "bm25": by_words,
        "dense": dense,
        "fused": [fuse(pair) for pair in zip(dense, by_words, strict=True)],
    }
    return {method: [[place for place, _ in ranked[:DEPTH]] for ranked in lists[method]] for method in methods}
