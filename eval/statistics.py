"""How sure a mean is, and what the independent unit of a comparison is.

Questions about the same passage are not independent: resampling single questions would give intervals that are too
narrow. So intervals come from a bootstrap over whole groups (eval.resampling); with one question a group and
right-or-wrong scores, from Wilson's formula (1927), which also holds when all are right.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from data.disk import text_hash
from data.schema import Example
from eval.resampling import FEWER, RESAMPLES, by_group, interval, places, totals

Z95 = 1.959963984540054
FEW_GROUPS = 20
KINDS = ("passage", "document", "question")


@dataclass(frozen=True)
class Estimate:
    """A mean (or another figure) with its 95 % interval, over ``n`` questions in ``groups`` independent groups."""

    mean: float
    low: float
    high: float
    n: int
    groups: int


def unit_of(example: Example) -> tuple[str, str]:
    """(kind, name) of the unit a question belongs to: its gold passage where known, else its document, else itself.

    A question in other words (the same ``fact``) is the same question.
    """
    if example.evidence:
        return "passage", text_hash(" ".join(example.evidence.split()))
    if example.document:
        return "document", example.document
    return "question", example.fact or example.id


def group_of(example: Example) -> str:
    """The name of the independent unit an example belongs to (see ``unit_of``)."""
    return "/".join(unit_of(example))


def units(examples: Iterable[Example]) -> dict[str, int]:
    """How many independent units of each kind some questions make; kinds that do not occur are left out."""
    found = {unit_of(example) for example in examples}
    return {kind: count for kind in KINDS if (count := sum(own == kind for own, _ in found))}


def unit_words(counts: dict[str, int]) -> str:
    """Units in words: "150 independent passages", "90 passages and 78 questions, independent of each other"."""
    said = [f"{count} {kind}{'s' if count != 1 else ''}" for kind, count in counts.items()]
    if len(said) == 1:
        number, name = said[0].split(" ", 1)
        return f"{number} independent {name}"
    return f"{', '.join(said[:-1])} and {said[-1]}, taken as independent" if said else "no questions"


def wilson(right: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % score interval of a share."""
    share, z2 = right / n, Z95 * Z95
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def estimate(values: Sequence[float], groups: Sequence[str]) -> Estimate | None:
    """Mean and interval of per-question scores; None without any. The same input always gives the same interval."""
    return estimates(np.asarray(values, dtype=float)[:, None], groups)[0]


def paired(first: Sequence[float], second: Sequence[float], groups: Sequence[str]) -> Estimate | None:
    """Mean difference first − second over the same questions, with its interval."""
    differences = np.array([a - b for a, b in zip(first, second, strict=True)], dtype=float)
    return estimates(differences[:, None], groups, differences=True)[0]


def estimates(
    table: np.ndarray, groups: Sequence[str], differences: bool = False, resamples: int = RESAMPLES
) -> list[Estimate | None]:
    """Mean and interval of each column of a table of shape (questions, figures).

    NaN stands for a question that a figure does not have: it is left out. ``differences`` says that the columns are
    differences between scores (from −1 to 1). Columns that lack the same questions share their resamples.
    """
    where, _ = places(groups) if len(groups) else (np.zeros(0, int), 0)
    found: list[Estimate | None] = [None] * table.shape[1]
    patterns: dict[bytes, list[int]] = {}
    for column in range(table.shape[1]):
        patterns.setdefault(np.isfinite(table[:, column]).tobytes(), []).append(column)
    for columns in patterns.values():
        has = np.isfinite(table[:, columns[0]])
        if not has.any():
            continue
        own, count = places(where[has])
        for column, one in zip(columns, _ends(table[has][:, columns], own, count, differences, resamples), strict=True):
            found[column] = one
    return found


def _ends(table: np.ndarray, where: np.ndarray, count: int, differences: bool, resamples: int) -> list[Estimate]:
    """The estimates of columns that all have the same questions."""
    known = [_without_resampling(column, count, differences) for column in table.T]
    open_ones = [number for number, ends in enumerate(known) if ends is None]
    if open_ones:
        ones = np.ones((len(table), 1))
        drawn = totals(np.hstack([table[:, open_ones], ones]), where, count, resamples)
        lows, highs = interval(drawn[:, :-1] / drawn[:, -1:], count)
        for number, low, high in zip(open_ones, lows, highs, strict=True):
            known[number] = (float(low), float(high))
    means = [float(column.sum() / len(column)) for column in table.T]
    return [Estimate(mean, *(ends or (mean, mean)), len(table), count) for mean, ends in zip(means, known, strict=True)]


def _without_resampling(values: np.ndarray, groups: int, differences: bool) -> tuple[float, float] | None:
    """The interval where resampling says nothing (no spread, a single group) or a formula says it better; else None."""
    first, same = float(values[0]), bool(np.all(values == values[0]))
    if differences:
        if same:  # as sure as so many equal groups can make it, no surer
            slack = wilson(0, groups)[1]
            return max(-1.0, first - slack), min(1.0, first + slack)
        return (-1.0, 1.0) if groups < 2 else None
    if len(values) == groups and np.isin(values, (0.0, 1.0)).all():
        return wilson(round(float(values.sum())), groups)
    if same and 0 <= first <= 1:
        return _all_equal(first, groups)
    if groups < 2:
        return (0.0, 1.0) if values.min() >= 0 and values.max() <= 1 else (-math.inf, math.inf)
    return (first, first) if same else None


def _all_equal(value: float, groups: int) -> tuple[float, float]:
    """Resampling equal values gives no width: use what Wilson says of as many groups all right, or all wrong."""
    low, high = wilson(groups, groups) if value >= 0.5 else wilson(0, groups)
    return min(low, value), max(high, value)


def figure(
    features: np.ndarray, of_totals: Callable[[np.ndarray], np.ndarray], groups: Sequence[str], value: float,
    most: float = math.inf,
) -> Estimate | None:  # fmt: skip
    """The interval of a figure that is a function of totals: BLEU, macro F1, R².

    ``features``: (questions, parts); ``of_totals``: (resamples, parts) to (resamples,), NaN where undefined; ``value``:
    the figure itself, from the library that defines it; ``most``: the highest it can be, 0 being the lowest (infinity:
    no such limits). None for fewer than two groups: nothing can be said then.
    """
    where, count = places(groups)
    if count < 2 or not math.isfinite(value):
        return None
    low, high = interval(of_totals(totals(features, where, count, FEWER)), count)
    ends = float(low), float(high)
    if ends[0] == ends[1] and math.isfinite(most):  # all right or all wrong: no spread to resample, yet not certain
        ends = tuple(most * end for end in _all_equal(value / most, count))  # type: ignore[assignment]
    return Estimate(value, *ends, len(features), count)


def standard_error(values: Sequence[float], groups: Sequence[str]) -> float:
    """Standard error of a mean whose questions come in groups (Liang and Zeger 1986); infinite for a single group.

    sqrt(G / (G - 1) * sum over groups of (sum of the group's deviations from the mean)^2) / n
    """
    where, count = places(groups)
    if count < 2:
        return math.inf
    table = np.column_stack([np.asarray(values, dtype=float), np.ones(len(where))])
    sums, sizes = by_group(table, where, count).T
    off = sums - sizes * (sums.sum() / sizes.sum())
    return float(math.sqrt(count / (count - 1) * float(off @ off)) / sizes.sum())


def saved(value: Estimate | None) -> dict[str, Any] | None:
    """An estimate as JSON, to 6 decimals; an end that is not known (a single group) is null."""
    if value is None:
        return None
    numbers = {k: round(v, 6) if isinstance(v, float) else v for k, v in asdict(value).items()}
    return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in numbers.items()}
