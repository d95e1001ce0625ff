"""Could the difference between two systems be chance? Paired tests over independent groups, and what n could show.

The unit is the same as that of the interval: with several questions a group, signs of whole groups are flipped; only
where every group is one question, right or wrong, the exact McNemar test takes its place.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from eval.resampling import RESAMPLES, SEED, by_group, places
from eval.statistics import FEW_GROUPS, standard_error

SURE = 0.05
POWER = 0.8
LEAST_GROUPS = 6  # a two-sided sign test cannot go below 0.05 with fewer that differ: 2 / 2^5 = 0.0625
FLIPS = 2_000_000


def sign_flip(first: Sequence[float], second: Sequence[float], groups: Sequence[str]) -> float:
    """Two-sided p-value of no difference: how often random signs of whole groups give a mean as far from zero.

    A paired randomisation test (Fisher 1935, "The Design of Experiments", section 21) with the same 9,999 draws each
    time; the observed signs count as one more draw, so the value is never 0.
    """
    differences = np.array([a - b for a, b in zip(first, second, strict=True)], dtype=float)
    return sign_flips(differences[:, None], groups)[0]


def sign_flips(differences: np.ndarray, groups: Sequence[str]) -> list[float]:
    """``sign_flip`` of every column of differences, shape (questions, pairs); NaN: a question that a pair lacks."""
    where, count = places(groups)
    sums = by_group(np.nan_to_num(differences), where, count)
    seen = np.abs(sums.sum(axis=0)) - 1e-9
    random, as_far, step = np.random.default_rng(SEED), np.ones(sums.shape[1]), max(1, FLIPS // count)
    for start in range(0, RESAMPLES, step):
        drawn = random.integers(0, 2, size=(min(step, RESAMPLES - start), count), dtype=np.int8)
        as_far += np.sum(np.abs((2.0 * drawn - 1.0) @ sums) >= seen, axis=0)
    return [float(value) for value in as_far / (RESAMPLES + 1)]


def mcnemar(only_first: int, only_second: int) -> float:
    """Exact two-sided McNemar test (1947): of the questions that one system alone got right, is either's share half?"""
    from scipy.special import bdtr

    discordant = only_first + only_second
    return min(1.0, 2 * float(bdtr(min(only_first, only_second), discordant, 0.5))) if discordant else 1.0


def p_values(differences: np.ndarray, groups: Sequence[str]) -> list[tuple[float, str] | None]:
    """(p-value, name of the test) of each column of differences; None where there are fewer than 20 groups."""
    names = np.asarray(groups)
    found: list[tuple[float, str] | None] = []
    flipped: list[float] | None = None
    for number, column in enumerate(differences.T):
        has = np.isfinite(column)
        own = len(set(names[has]))
        if own < FEW_GROUPS:
            found.append(None)
        elif own == has.sum() and np.isin(column[has], (-1.0, 0.0, 1.0)).all():
            found.append((mcnemar(int((column[has] == 1).sum()), int((column[has] == -1).sum())), "McNemar"))
        else:
            flipped = flipped or sign_flips(differences, groups)
            found.append((flipped[number], "sign flip"))
    return found


def holm(values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values (1979), in the order given: all together err with at most the chance of one."""
    order = sorted(range(len(values)), key=lambda place: values[place])
    adjusted, highest = [1.0] * len(values), 0.0
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, (len(values) - rank) * values[place]))
        adjusted[place] = highest
    return adjusted


def detectable(differences: Sequence[float], groups: Sequence[str]) -> float:
    """The smallest true difference that so many questions would have shown with 80 % power at the 5 % level.

    (t(0.975) + t(0.80)) * standard error, with groups − 1 degrees of freedom: Bloom (1995), "Minimum Detectable
    Effects", Evaluation Review 19(5). Right-or-wrong scores are tested exactly: one question more (the continuity
    correction of Edwards 1948), and at least 6 groups that differ, all one way.
    """
    from scipy.special import stdtrit

    count = len(set(groups))
    if count < 2:
        return math.inf
    reach = float(stdtrit(count - 1, 0.975) + stdtrit(count - 1, POWER))
    found = reach * standard_error(differences, groups)
    steps = set(differences) <= {-1.0, 0.0, 1.0}
    return max(found + 1 / len(differences), LEAST_GROUPS / count) if steps else found
