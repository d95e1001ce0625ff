"""Every pair of systems over the same questions: difference, interval, p-value, Holm, and what n could have shown."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from data.schema import Example
from eval.sentences import Difference, verdict
from eval.significance import detectable, holm, p_values
from eval.statistics import estimates, group_of, saved, unit_words, units


def differences(
    examples: Sequence[Example], columns: Mapping[str, np.ndarray], chosen: Sequence[tuple[str, str]] | None = None
) -> list[Difference]:
    """The pairs of systems (all, or those ``chosen``) on the questions that both have a value for.

    ``columns``: {system: one measure of each question, NaN where it has none}. Pairs without a question are left out.
    Holm's adjustment is over all pairs returned.
    """
    pairs = list(combinations(columns, 2)) if chosen is None else list(chosen)
    table = np.column_stack([columns[a] - columns[b] for a, b in pairs]) if pairs else np.zeros((len(examples), 0))
    groups = [group_of(example) for example in examples]
    tested = p_values(table, groups)
    adjusted = iter(holm([one[0] for one in tested if one]))
    found = []
    rows = zip(pairs, table.T, estimates(table, groups, differences=True), tested, strict=True)
    for (first, second), column, estimate, test in rows:
        if estimate is None:
            continue
        has = [int(n) for n in np.flatnonzero(np.isfinite(column))]
        words = unit_words(units(examples[n] for n in has))
        found.append(Difference(
            first, second, estimate, words, test[0] if test else None, next(adjusted) if test else None,
            test[1] if test else "", detectable(column[has].tolist(), [groups[n] for n in has]), len(pairs),
        ))  # fmt: skip
    return found


def rows(
    examples: Sequence[Example], columns: Mapping[str, np.ndarray], metric: str, what: str, task: str | None = None
) -> list[dict[str, Any]]:
    """The same as JSON, each with its sentence and how it differs from document to document."""
    return [
        {
            "first": one.first, "second": one.second, "metric": metric, "task": task, **(saved(one.estimate) or {}),
            "units": one.units, "p": _rounded(one.p), "p_holm": _rounded(one.p_holm), "test": one.test,
            "pairs": one.pairs, "detectable": _rounded(one.detectable), "sign": one.sign,
            "documents": by_document(examples, columns[one.first] - columns[one.second]),
            "sentence": verdict(one, what),
        }
        for one in differences(examples, columns)
    ]  # fmt: skip


def _rounded(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(value, 6)


def by_document(examples: Sequence[Example], column: np.ndarray) -> dict[str, Any] | None:
    """How a difference spreads over documents: its mean in each, as count, standard deviation, lowest and highest.

    None where fewer than two documents are known.
    """
    parts: dict[str, list[float]] = {}
    for example, value in zip(examples, column, strict=True):
        if example.document and np.isfinite(value):
            parts.setdefault(example.document, []).append(float(value))
    means = [sum(part) / len(part) for part in parts.values()]
    if len(means) < 2:
        return None
    return {
        "n": len(means), "ahead": sum(mean > 0 for mean in means), "behind": sum(mean < 0 for mean in means),
        "sd": round(float(np.std(means, ddof=1)), 6), "low": round(min(means), 6), "high": round(max(means), 6),
    }  # fmt: skip
