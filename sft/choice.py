"""Which checkpoint is kept, and when to stop: pure functions of a run's evaluations. Imports no heavy library.

The untuned base is the point of step 0. It is no checkpoint, so it is never kept, but training that is worse than it
counts as no improvement.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

WORDS = {"exact_match": "exact match", "token_f1": "token F1"}  # the task metrics
CRITERIA = ("auto", "metric", "loss")
ENOUGH = 20  # answers that a metric needs before it may choose


@dataclass(frozen=True)
class Point:
    """One evaluation: after ``step`` optimizer steps, the validation loss and the task metric (None: not measured)."""

    step: int
    loss: float | None = None
    metric: float | None = None


@dataclass(frozen=True)
class Criteria:
    """What chooses the checkpoint (``keep``): "metric", "loss" or "last"; and what stops early (``stop``): one of
    these, or "both" (metric and loss stand still)."""

    keep: str
    stop: str
    reason: str


def criteria_for(keep: str, stop: str, validated: bool, asked: int) -> Criteria:
    """The criteria meant by the settings, for a run with validation rows or none, and ``asked`` questions at each
    checkpoint."""
    if not validated:
        return Criteria("last", "last", "there are no validation rows, so the last checkpoint is kept")
    chosen, reason = keep, "asked for"
    if keep == "auto" and asked >= ENOUGH:
        chosen, reason = "metric", "it is what the model is for; loss alone misleads"
    elif keep == "auto":
        chosen, reason = "loss", f"{asked} questions are asked at a checkpoint, fewer than the {ENOUGH} a metric needs"
    elif keep == "metric" and not asked:
        chosen, reason = "loss", "no question is asked at checkpoints"
    stopping = chosen if stop == "auto" or (stop == "metric" and not asked) else stop
    if stop == "auto" and chosen == "metric":  # a metric of few questions stands still by chance while the loss falls
        stopping = "both"
    return Criteria(chosen, stopping, reason)


def points(rows: Iterable[dict[str, Any]]) -> list[Point]:
    """The evaluations in a trainer's log, by step; loss and metric of a step come in entries of their own.

    A value that is no number was not measured: nothing can be ranked by it.
    """
    found: dict[int, Point] = {}
    for row in rows:
        measured = {key: row[key] for key in ("eval_loss", "eval_metric") if key in row and math.isfinite(row[key])}
        if measured:
            known = found.get(row["step"], Point(row["step"]))
            loss, metric = measured.get("eval_loss", known.loss), measured.get("eval_metric", known.metric)
            found[row["step"]] = Point(row["step"], loss, metric)
    return [found[step] for step in sorted(found)]


def best(evaluated: Sequence[Point], by: str) -> Point | None:
    """The best evaluation: the highest metric (of equal ones, the lowest loss), or the lowest loss; the earliest of
    equals; with "last", the last one. None without any that was measured."""
    if by == "last":
        return evaluated[-1] if evaluated else None
    known = [point for point in evaluated if (point.metric if by == "metric" else point.loss) is not None]
    return max(known, key=lambda point: (_merit(point, by), -point.step), default=None)


def _merit(point: Point, by: str) -> tuple[float, float]:
    loss = -math.inf if point.loss is None else -point.loss
    return (loss, 0.0) if by == "loss" or point.metric is None else (point.metric, loss)


def since_best(evaluated: Sequence[Point], by: str) -> int:
    """How many evaluations came after the best one; by "both": after the later of both best ones."""
    if by == "both":
        return min(since_best(evaluated, "metric"), since_best(evaluated, "loss"))
    top = best(evaluated, by)
    return sum(point.step > top.step for point in evaluated) if top else 0
