"""How sure a mean is. The resampling unit is the group of questions about one passage, where that is known.

Questions about the same passage are not independent: resampling single questions would give intervals that are too
narrow. So intervals come from a percentile bootstrap over whole groups (Davison and Hinkley 1997, section 3.8); with
one question a group and right-or-wrong scores, from Wilson's formula (1927), which also holds when all are right.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from data.disk import text_hash
from data.schema import Example

RESAMPLES = 9_999
SEED = 20_231
Z95 = 1.959963984540054
FEW_GROUPS = 20


@dataclass(frozen=True)
class Estimate:
    """A mean with its 95 % interval, over ``n`` questions in ``groups`` independent groups."""

    mean: float
    low: float
    high: float
    n: int
    groups: int


def group_of(example: Example) -> str:
    """The independent unit an example belongs to: its gold passage, else its fact, else itself."""
    if example.evidence:
        return text_hash(" ".join(example.evidence.split()))
    return example.fact or example.id


def wilson(right: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % score interval of a share."""
    share, z2 = right / n, Z95 * Z95
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def estimate(values: Sequence[float], groups: Sequence[str]) -> Estimate | None:
    """Mean and interval of per-question scores; None without any. The same input always gives the same interval."""
    n = len(values)
    if not n:
        return None
    mean = sum(values) / n
    sums, sizes = _by_group(values, groups)
    if len(sizes) == n and set(values) <= {0.0, 1.0}:
        low, high = wilson(round(sum(values)), n)
    elif len(set(values)) == 1 and 0 <= values[0] <= 1:
        low, high = _all_equal(values[0], len(sizes))
    else:
        low, high = _percentiles(sums, sizes)
    return Estimate(mean, low, high, n, len(sizes))


def _all_equal(value: float, groups: int) -> tuple[float, float]:
    """Resampling equal values gives no width: use what Wilson says of as many groups all right, or all wrong."""
    low, high = wilson(groups, groups) if value >= 0.5 else wilson(0, groups)
    return min(low, value), max(high, value)


def paired(first: Sequence[float], second: Sequence[float], groups: Sequence[str]) -> Estimate | None:
    """Mean difference first − second over the same questions, with its interval."""
    differences = [a - b for a, b in zip(first, second, strict=True)]
    if not differences:
        return None
    sums, sizes = _by_group(differences, groups)
    if len(set(differences)) == 1:  # no spread to resample: as sure as so many equal groups can make it, no surer
        slack = wilson(0, len(sizes))[1]
        low, high = max(-1.0, differences[0] - slack), min(1.0, differences[0] + slack)
    else:
        low, high = _percentiles(sums, sizes)
    return Estimate(sum(differences) / len(differences), low, high, len(differences), len(sizes))


def sign_flip(first: Sequence[float], second: Sequence[float], groups: Sequence[str]) -> float:
    """Two-sided p-value of no difference: how often random signs of whole groups give a mean as far from zero.

    A paired randomisation test (Fisher 1935, "The Design of Experiments", section 21) with the same 9,999 draws each
    time; the observed signs count as one more draw, so the value is never 0.
    """
    sums, _ = _by_group([a - b for a, b in zip(first, second, strict=True)], groups)
    random = np.random.default_rng(SEED)
    as_far = 1
    for start in range(0, RESAMPLES, 500):
        signs = random.choice((-1.0, 1.0), size=(min(500, RESAMPLES - start), len(sums)))
        as_far += int(np.sum(np.abs(signs @ sums) >= abs(sums.sum()) - 1e-9))
    return as_far / (RESAMPLES + 1)


def standard_error(values: Sequence[float], groups: Sequence[str]) -> float:
    """Standard error of a mean whose questions come in groups (Liang and Zeger 1986); infinite for a single group.

    sqrt(G / (G - 1) * sum over groups of (sum of the group's deviations from the mean)^2) / n
    """
    sums, sizes = _by_group(values, groups)
    if len(sums) < 2:
        return math.inf
    off = sums - sizes * (sums.sum() / sizes.sum())
    return float(math.sqrt(len(sums) / (len(sums) - 1) * float(off @ off)) / sizes.sum())


def _by_group(values: Sequence[float], groups: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    _, places = np.unique(np.asarray(groups), return_inverse=True)
    return np.bincount(places, weights=values), np.bincount(places).astype(float)


def _percentiles(sums: np.ndarray, sizes: np.ndarray) -> tuple[float, float]:
    """The 2.5th and 97.5th percentile of the mean over resampled groups, in slices that keep memory small."""
    random = np.random.default_rng(SEED)
    means = []
    for start in range(0, RESAMPLES, 500):
        drawn = random.integers(0, len(sums), size=(min(500, RESAMPLES - start), len(sums)))
        means.append(sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1))
    low, high = np.percentile(np.concatenate(means), [2.5, 97.5])
    return float(low), float(high)


def verdict(first: str, second: str, difference: Estimate, what: str) -> str:
    """The sentence a person can act on, in points of ``what`` (hundredths)."""
    points, low, high = (100 * value for value in (difference.mean, difference.low, difference.high))
    counted = f"{difference.n} questions in {difference.groups} independent groups"
    if difference.n == difference.groups:
        counted = f"{difference.n} independent questions"
    if difference.groups < FEW_GROUPS:
        return (
            f"Few independent groups ({difference.groups}), indicative only: {first} minus {second} is "
            f"{points:+.1f} points of {what} ({low:+.1f} to {high:+.1f})."
        )
    if low <= 0 <= high:
        return (
            f"Cannot tell {first} from {second}: {points:+.1f} points of {what} ({low:+.1f} to {high:+.1f}; {counted})."
        )
    ahead, behind = (first, second) if points > 0 else (second, first)
    low, high = sorted((abs(low), abs(high)))
    return f"{ahead} beats {behind} by {abs(points):.1f} points of {what} ({low:.1f} to {high:.1f}; {counted})."
