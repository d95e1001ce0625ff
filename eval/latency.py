"""How long one answer takes: at most 30 sampled questions, asked one at a time, warm, the systems taking turns.

Batched answers say how much a machine gets done in an hour; a person who waits for one answer waits for this. Systems
take turns question by question, so that a machine that slows down slows all of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from data.disk import append_jsonl, read_jsonl
from data.schema import Answerer, Example
from eval.asking import Tally
from eval.systems import System

FILE = "latency.jsonl"
MOST, SEED = 30, 0
PARTS = ("retrieving", "prefill", "decoding", "total")


def sample(examples: Sequence[Example], most: int = MOST) -> list[Example]:
    """The questions that are timed: a random sample, always the same of the same questions."""
    if len(examples) <= most:
        return list(examples)
    return [examples[place] for place in sorted(Random(SEED).sample(range(len(examples)), most))]


def groups(systems: Sequence[System]) -> list[list[System]]:
    """Systems that can take turns: those of one base model, for only one is in memory at a time."""
    return [[s for s in systems if s.model == model] for model in dict.fromkeys(s.model for s in systems)]


def to_come(folder: Path, systems: Iterable[str], examples: Sequence[Example]) -> tuple[int, int]:
    """How many questions are still to be timed, and how many an earlier try has timed."""
    done = len(_timed(folder))
    return max(0, len(list(systems)) * len(sample(examples)) - done), done


def _timed(folder: Path) -> set[tuple[str, str]]:
    return {(row["system"], row["example"]) for row in read_jsonl(folder / FILE)}


def measure(
    folder: Path, systems: Sequence[System], examples: Sequence[Example], answerer: Callable[[System], Answerer],
    tally: Tally,
) -> None:  # fmt: skip
    """Time every system on every sampled question that is not timed yet; one line each, at once on disk."""
    done, chosen, warm = _timed(folder), sample(examples), set[str]()
    for turn, example in enumerate(chosen):
        start = turn % len(systems)  # nobody always comes first
        for system in [*systems[start:], *systems[:start]]:
            if (system.name, example.id) in done:
                continue
            asked = answerer(system)
            if system.name not in warm:
                asked.answer([example])
                warm.add(system.name)
            row = {"system": system.name, "example": example.id, **_times(system, asked, example)}
            append_jsonl(folder / FILE, [row])
            tally.done += 1
            tally.say(f"{system.name}: timing single answers, {tally.done} of {tally.total}")


def _times(system: System, asked: Answerer, example: Example) -> dict[str, Any]:
    """Seconds of one answer. "retrieving" is None where nothing is searched, "prefill" where nobody can tell it."""
    begun = time.perf_counter()
    answer = asked.answer([example])[0]
    total = time.perf_counter() - begun
    read, first = answer.retrieve_seconds, answer.prefill_seconds
    decoding = max(0.0, answer.seconds - read - (first or 0.0))
    searched = read if system.context == "retrieved" else None
    parts = {"retrieving": searched, "prefill": first, "decoding": decoding, "total": total}
    return {"available": answer.available, "new_tokens": answer.new_tokens, **parts}


def summary(rows: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """{system: {part: {"median", "p95", "n"}}} in seconds; parts that a system does not have are left out."""
    by: dict[str, list[Mapping[str, Any]]] = {}
    for row in {(row["system"], row["example"]): row for row in rows}.values():
        if row["available"]:
            by.setdefault(row["system"], []).append(row)
    return {name: {part: found for part in PARTS if (found := _spread(own, part))} for name, own in by.items()}


def _spread(rows: Sequence[Mapping[str, Any]], part: str) -> dict[str, Any] | None:
    values = [row[part] for row in rows if row[part] is not None]
    if not values:
        return None
    median, high = np.percentile(values, [50, 95])
    return {"median": round(float(median), 6), "p95": round(float(high), 6), "n": len(values)}
