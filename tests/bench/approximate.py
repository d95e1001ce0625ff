"""Approximate search: what it finds of the ten nearest, and its time against comparing every vector.

On BENCH_PASSAGES (default 100,000) seeded vectors, and on as many passages of real text as are embedded in
BENCH_MINUTES (default 5). The text is what every machine with this program has, the documentation inside its installed
packages; or what BENCH_TEXTS names: folders of documents, or JSON lines (also gzipped) with a column "context" or
"text", several of them with the system's path separator between.
"""

from __future__ import annotations

import ast
import gzip
import json
import os
import time
import warnings
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from data.documents import read_documents
from data.schema import Document
from rag import index
from rag.chunk import chunk
from rag.embed import Embedder
from tests.bench.rows import Row
from tests.bench.search import ONE_BY_ONE, PASSAGES, TEST_SET, crowd, side_by_side

MINUTES = float(os.environ.get("BENCH_MINUTES", "5"))
SIZE = 24  # tokens a passage: about a sentence, so that five minutes give many
BATCH, PROBES, PROBE_WORDS = 1024, 300, 12
LEAST = 200  # characters of a docstring that counts as a text


def measure() -> Iterator[Row]:
    vectors, queries = crowd(PASSAGES, TEST_SET)
    yield from _row("seeded", index.exact(vectors), queries[:200], queries[200:])
    yield from _real()


def _row(name: str, exact: Any, probes: np.ndarray, queries: np.ndarray) -> Iterator[Row]:
    """Recall on questions that the index was not measured on."""
    started = time.perf_counter()
    chosen = index.choose(index.vectors_of(exact), lambda: probes, exact_up_to=0)
    what = f"{exact.ntotal:,} {name} passages, {chosen.kind} (made in {time.perf_counter() - started:.0f} s)"
    recall = index.recall_at_10(chosen.index, queries)
    yield Row(f"{what}: recall@10", f"{recall:.4f}", "≥ 0.95 (aim 0.99)", recall >= 0.95)
    ratio = side_by_side(
        lambda n: chosen.index.search(queries[n : n + 1], 10), lambda n: exact.search(queries[n : n + 1], 10),
        min(ONE_BY_ONE, len(queries)),
    )  # fmt: skip
    said = f"{100 * ratio:.1f} %"
    yield Row(f"{name}: time of an approximate query against FAISS Flat", said, "≤ 20 % (aim 5 %)", ratio <= 0.2)


def _real() -> Iterator[Row]:
    embedder, until = Embedder.load(), time.monotonic() + 60 * MINUTES
    left = passages(texts(), embedder)
    done: list[str] = []
    exact = faiss.IndexFlatIP(embedder.dim)
    while time.monotonic() < until and (some := sorted(islice(left, BATCH), key=len)):
        exact.add(embedder.embed(some))  # sorted by length: a batch is padded to its longest
        done += some
    step = max(1, len(done) // PROBES)
    asked = embedder.embed_questions([" ".join(text.split()[:PROBE_WORDS]) for text in done[::step][:PROBES]])
    yield from _row(f"real ({MINUTES:g} minutes)", exact, asked[::2], asked[1::2])


def passages(read: Iterator[str], embedder: Embedder) -> Iterator[str]:
    """Different passages of these texts, cut small."""
    seen: set[str] = set()
    for text in read:
        for one in chunk(Document("text.txt", text, "", ""), embedder.tokenizer, SIZE):
            if one.text not in seen:
                seen.add(one.text)
                yield one.text


def texts() -> Iterator[str]:
    """The texts that BENCH_TEXTS names, else the documentation inside the installed packages."""
    if named := os.environ.get("BENCH_TEXTS"):
        for path in map(Path, named.split(os.pathsep)):
            yield from _rows(path) if ".jsonl" in path.suffixes else _documents(path)
    else:
        yield from docstrings(Path(faiss.__file__).parents[1])


def _documents(path: Path) -> Iterator[str]:
    found, _ = read_documents([path], lambda done, total, file: None)
    return (document.text for document in found)


def _rows(path: Path) -> Iterator[str]:
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            yield row.get("context") or row["text"]


def docstrings(folder: Path) -> Iterator[str]:
    """The longer docstrings of the modules below a folder, in the order of their names."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for path in sorted(folder.rglob("*.py")):
        try:
            with warnings.catch_warnings(action="ignore"):  # of old escapes in foreign sources
                tree = ast.parse(path.read_bytes())
        except (SyntaxError, ValueError):  # templates and tests of parsers
            continue
        found = (ast.get_docstring(node) for node in ast.walk(tree) if isinstance(node, documented))
        yield from (text for text in found if text and len(text) >= LEAST)
