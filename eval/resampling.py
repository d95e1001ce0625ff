"""The cluster bootstrap: what any figure would have been on other questions drawn like these.

Whole groups are drawn with replacement (Davison and Hinkley 1997, section 3.8), because questions of one group are not
independent. A figure is a function of totals over all questions (a mean is sum / count, macro F1 a function of hits per
class), so it is enough to resample totals: one matrix product for many figures at once.

Percentiles alone are too narrow for few groups: their levels are moved outward so that they match Student's t for a
mean (the "expanded percentile interval", Hesterberg 2015, The American Statistician 69(4), section 4.4).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

RESAMPLES = 9_999
FEWER = 1_999  # for slices and corpus measures, of which there are many: the ends move by some 3 % of the half width
SEED = 20_231
CELLS = 4_000_000  # groups drawn at a time, which keeps memory small


def places(groups: Sequence[str]) -> tuple[np.ndarray, int]:
    """The group of each question as a number from 0, and how many groups there are."""
    names, found = np.unique(np.asarray(groups, dtype=object).astype(str), return_inverse=True)
    return found, len(names)


def by_group(features: np.ndarray, where: np.ndarray, count: int) -> np.ndarray:
    """Totals of each group: ``features`` has shape (questions, figures), the result (groups, figures)."""
    order = np.argsort(where, kind="stable")
    starts = np.searchsorted(where[order], np.arange(count))
    return np.add.reduceat(features[order], starts, axis=0)


def totals(features: np.ndarray, where: np.ndarray, count: int, resamples: int = RESAMPLES) -> np.ndarray:
    """Totals over resampled groups, shape (resamples, figures). The same input always gives the same draws."""
    sums = by_group(np.asarray(features, dtype=float), where, count)
    random, found, step = np.random.default_rng(SEED), [], max(1, CELLS // count)
    for start in range(0, resamples, step):
        rows = min(step, resamples - start)
        drawn = random.integers(0, count, size=(rows, count), dtype=np.int32)
        drawn += np.arange(rows, dtype=np.int32)[:, None] * np.int32(count)
        times = np.bincount(drawn.ravel(), minlength=rows * count).reshape(rows, count)
        found.append(times.astype(float) @ sums)
    return np.concatenate(found)


def interval(draws: np.ndarray, groups: int) -> tuple[np.ndarray, np.ndarray]:
    """The ends of the 95 % interval of figures, from their values in the resamples (first axis). ``groups`` from 2."""
    low, high = np.nanpercentile(draws, levels(groups), axis=0)
    return low, high


def levels(groups: int) -> tuple[float, float]:
    """The two percentiles that make 95 % with so many groups: 2.5 and 97.5 with very many, further out with few."""
    from scipy.special import ndtr, stdtrit

    reach = math.sqrt(groups / (groups - 1)) * float(stdtrit(groups - 1, 0.975))
    return 100 * float(ndtr(-reach)), 100 * float(ndtr(reach))
