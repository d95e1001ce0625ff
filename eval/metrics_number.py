"""Answers that are numbers: squared and absolute error and R² (scikit-learn), over the answers that hold a number.

An answer without a number has no error, so the share that has one, the parse rate, stands beside: a system that answers
only what is easy looks better than it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from data.schema import Answer, Example
from eval.metrics import parse_number, said
from eval.statistics import estimate, figure, saved

Figures = dict[str, dict[str, Any] | None]


def measures(pairs: Sequence[tuple[Example, Answer]], groups: Sequence[str]) -> Figures:
    """Parse rate, MAE, MSE, RMSE and R² with their intervals. With several references the nearest one is wanted."""
    read = [_read(example, answer) for example, answer in pairs]
    told: Figures = {"parse_rate": saved(estimate([float(one is not None) for one in read], groups))}
    known = [(one, group) for one, group in zip(read, groups, strict=True) if one]
    if not known:
        return told
    wanted, given = (np.array([one[part] for one, _ in known]) for part in (0, 1))
    off, own = given - wanted, [group for _, group in known]
    features = np.column_stack([np.ones(len(off)), np.abs(off), off**2, wanted, wanted**2])
    values = _values(wanted, given)
    return told | {name: saved(figure(features, OF_TOTALS[name], own, value)) for name, value in values.items()}


def distance(example: Example, answer: Answer) -> float | None:
    """How far one answer's number is from the nearest right one; None where either holds no number."""
    read = _read(example, answer)
    return abs(read[1] - read[0]) if read else None


def _read(example: Example, answer: Answer) -> tuple[float, float] | None:
    """(wanted, given), or None where either holds no number."""
    given = parse_number(said(answer))
    references = [number for text in example.answers if (number := parse_number(text)) is not None]
    if given is None or not references:
        return None
    return min(references, key=lambda one: abs(one - given)), given


def _values(wanted: np.ndarray, given: np.ndarray) -> dict[str, float]:
    from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score

    squared = float(mean_squared_error(wanted, given))
    varied = len(set(wanted.tolist())) > 1  # R² divides by the spread of what is wanted
    told = {"mae": float(mean_absolute_error(wanted, given)), "mse": squared, "rmse": squared**0.5}
    return told | ({"r2": float(r2_score(wanted, given))} if varied else {})


def _r2(totals: np.ndarray) -> np.ndarray:
    n, _, squared, wanted, wanted_squared = totals.T
    spread = wanted_squared - wanted**2 / n
    return np.where(spread > 1e-9 * wanted_squared, 1 - squared / np.where(spread > 0, spread, 1), np.nan)


OF_TOTALS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "mae": lambda totals: totals[:, 1] / totals[:, 0], "mse": lambda totals: totals[:, 2] / totals[:, 0],
    "rmse": lambda totals: np.sqrt(totals[:, 2] / totals[:, 0]), "r2": _r2,
}  # fmt: skip
