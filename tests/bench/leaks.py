"""Planted leaks: are the exact ones all found, and how well are the reworded ones told from other questions?"""

from __future__ import annotations

import time
from collections.abc import Iterator
from random import Random

from data.leakage import Leakage, audit
from data.nearness import Embed
from data.schema import Example
from rag.likeness import question_vectors
from tests.bench.planted import Planted, planted
from tests.bench.rows import Row

SHARES, DRAWS, MANY = (0.05, 0.2, 0.5), 4, 10_000


def measure() -> Iterator[Row]:
    """Exact and near leaks by share, on the half of the facts that set no threshold; then the time of a large audit."""
    for share in SHARES:
        sets = [planted(share, 1, draw) for draw in range(DRAWS)]
        found = [audit(one.test, one.train, question_vectors) for one in sets]
        exact = sum(len(one.exact) for one in sets)
        kept = sum(len(one.exact & set(audited.exact)) for one, audited in zip(sets, found, strict=True))
        yield Row(f"exact leaks found, {share:.0%} planted", f"{kept}/{exact}", "all", kept == exact)
    for words, embed in (("words and embeddings", question_vectors), ("words alone", None)):
        for half, said in ((0, "the half that set the thresholds"), (1, "the other half")):
            yield _near(half, f"near-duplicates by {words}, {said}", embed)
    yield _time()


def _near(half: int, what: str, embed: Embed | None) -> Row:
    sets = [planted(share, half, draw) for share in SHARES for draw in range(DRAWS)]
    right, wrong, missed = (sum(values) for values in zip(*(_counted(one, embed) for one in sets), strict=True))
    figures = f"precision {right}/{right + wrong}, recall {right}/{right + missed}"
    return Row(what, figures, "reported")


def _counted(one: Planted, embed: Embed | None) -> tuple[int, int, int]:
    """(reworded leaks found, honest questions taken for leaks, reworded leaks missed)."""
    found: Leakage = audit(one.test, one.train, embed)
    near = set(found.near)
    return len(near & one.near), len(near - one.near), len(one.near - near - set(found.exact))


def large(rows: int, seed: int = 0) -> tuple[list[Example], list[Example]]:
    """(test, train) of so many rows each; every second test question asks a training question politely."""
    r = Random(seed)
    words = [f"word{chr(97 + n % 26)}{n}x" for n in range(3_000)]
    often = [1 / (n + 1) for n in range(3_000)]

    def question() -> str:
        return f"What is the {' '.join(r.choices(words, often, k=8))} of hall {r.randint(0, 999)}?"

    train = [Example(f"train-{n}", question(), (str(n),)) for n in range(rows)]
    test = [
        Example(f"test-{n}", question() if n % 2 else f"Please: {train[n].question}", (str(n),)) for n in range(rows)
    ]
    return test, train


def _time() -> Row:
    test, train = large(MANY)
    begun = time.process_time()
    found = audit(test, train)
    seconds = time.process_time() - begun
    return Row(
        f"audit of {MANY:,} test against {MANY:,} training questions, {len(found.near):,} near, processor seconds",
        f"{seconds:.1f}", "< 10", seconds < 10,
    )  # fmt: skip
