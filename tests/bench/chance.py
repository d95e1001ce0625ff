"""What the statistics promise, checked on comparisons whose truth is known, and how long scoring takes.

Questions come in groups of 1 to 8, and those of a group are alike: the group's own chance of a right answer is drawn
first. Seeds were fixed before the first run. BENCH_COMPARISONS (default 1,000) is how many are drawn of each kind.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import numpy as np

from data.schema import Answer, Example, Hit, Passage
from eval.pairs import differences
from eval.scoring import summarise
from eval.statistics import estimate
from tests.bench.rows import Row

COMPARISONS = int(os.environ.get("BENCH_COMPARISONS", "1000"))
SEED = 6
TRUTH = 0.6  # mean of a group's chance, drawn from Beta(1.8, 1.2)


def measure() -> Iterator[Row]:
    for name, largest in (("groups of 1 to 8 questions", 8), ("single questions", 1)):
        for groups in (30, 100):
            yield _equal_systems(name, largest, groups)
    for groups in (6, 10, 30, 60, 150):
        yield from _coverage(groups)
    yield from _speed()


def _groups(random: np.random.Generator, count: int, largest: int) -> tuple[np.ndarray, np.ndarray]:
    """The group of each question, and its chance of a right answer."""
    where = np.repeat(np.arange(count), random.integers(1, largest + 1, count))
    return where, random.beta(1.8, 1.2, count)[where]


def _equal_systems(name: str, largest: int, groups: int) -> Row:
    """Two systems of the same worth, each with good and bad groups of its own: how often is one said to win?"""
    random, called = np.random.default_rng(SEED), 0
    for _ in range(COMPARISONS):
        where, shared = _groups(random, groups, largest)
        own = [random.beta(1.8, 1.2, groups)[where] for _ in range(2)]
        examples = [Example(str(n), "q", ("a",), evidence=f"passage {one}") for n, one in enumerate(where)]
        right = {str(n): (random.random(len(where)) < (shared + own[n]) / 2).astype(float) for n in range(2)}
        called += bool(differences(examples, right)[0].sign)
    what = f"two equal systems called different, {groups} {name}, {COMPARISONS:,} comparisons"
    return Row(what, f"{100 * called / COMPARISONS:.1f} %", "≤ 6.4 %", called <= 0.064 * COMPARISONS)


def _coverage(groups: int) -> Iterator[Row]:
    random, held, naive = np.random.default_rng(SEED), 0, 0
    for _ in range(COMPARISONS):
        where, chance = _groups(random, groups, 8)
        right = (random.random(len(where)) < chance).astype(float).tolist()
        by_group, alone = estimate(right, where.astype(str)), estimate(right, [str(n) for n in range(len(right))])
        assert by_group
        assert alone
        held += by_group.low <= TRUTH <= by_group.high
        naive += alone.low <= TRUTH <= alone.high
    target = "93 to 97 %" if groups >= 30 else "shown; the page says: few independent groups, indicative only"
    met = groups < 30 or 0.93 <= held / COMPARISONS <= 0.97
    yield Row(f"intervals over {groups} groups hold the truth", f"{100 * held / COMPARISONS:.1f} %", target, met)
    what, failing = f"the same as if its questions were independent ({groups} groups)", naive / COMPARISONS
    yield Row(what, f"{100 * failing:.1f} %", "shown to fail: below 93 %", failing < 0.93)


def _speed() -> Iterator[Row]:
    """All measures that need no model, with all intervals, slices and pairs."""
    for systems, questions in ((1, 10_000), (4, 2_500)):
        examples, answers = _run(systems, questions)
        started = time.perf_counter()
        summarise(examples, answers)
        what = f"scoring {systems * questions:,} answers ({systems} systems, {questions:,} questions of four tasks)"
        seconds = time.perf_counter() - started
        yield Row(what, f"{seconds:.1f} s", "≤ 20 s on two cores", seconds <= 20)


def _run(systems: int, count: int) -> tuple[list[Example], dict[str, dict[str, Answer]]]:
    random = np.random.default_rng(SEED)
    vocabulary = np.array([f"word{n}" for n in range(3_000)])

    def text(words: int) -> str:
        return " ".join(random.choice(vocabulary, words))

    passages = [Passage(f"p{n}", f"d{n % 200}.md", text(60), 0, 400) for n in range(count // 2)]
    examples = [_example(n, passages[n % len(passages)], text) for n in range(count)]
    answers = {}
    for system in range(systems):
        answers[f"system {system}"] = {
            one.id: Answer(one.id, one.answers[0] if random.random() < 0.5 else text(3 if n % 4 else 25), 0.1, 300, 5,
                           hits=tuple(Hit(k + 1, 0.5, passages[(n + 3 * k) % len(passages)]) for k in range(4)))
            for n, one in enumerate(examples)
        }  # fmt: skip
    return examples, answers


def _example(number: int, passage: Passage, text: object) -> Example:
    task = ("text", "short", "label", "number")[number % 4]
    said = {"text": text(25), "short": " ".join(passage.text.split()[:3]), "label": f"class {number % 12}",  # type: ignore[operator]
            "number": str(number)}[task]  # fmt: skip
    form = {"number": "number", "label": "label:" + "|".join(f"class {n}" for n in range(12))}.get(task)
    return Example(str(number), text(12), (said,), passage.document, passage.text, task=task, format=form,  # type: ignore[operator]
                   tags=(f"tag {number % 6}",))  # fmt: skip
