"""A difference between two systems as a sentence that a person can act on, claiming no more than the data shows."""

from __future__ import annotations

import math
from dataclasses import dataclass

from eval.significance import SURE
from eval.statistics import FEW_GROUPS, Estimate


@dataclass(frozen=True)
class Difference:
    """Mean of first − second (hundredths) over the same questions. ``p`` is None under 20 units; ``p_holm`` allows for
    ``pairs`` pairs looked at together; ``detectable`` is the smallest difference that would have shown; ``units`` says
    what is independent, in words.
    """

    first: str
    second: str
    estimate: Estimate
    units: str
    p: float | None = None
    p_holm: float | None = None
    test: str = ""
    detectable: float = math.inf
    pairs: int = 1

    @property
    def sign(self) -> int:
        """1 if the first is clearly ahead, -1 if the second is, 0 if one cannot tell."""
        one = self.estimate
        if self.p_holm is None or self.p_holm >= SURE or one.low <= 0 <= one.high:
            return 0
        return 1 if one.mean > 0 else -1


def verdict(one: Difference, what: str) -> str:
    """Who beats whom by how many points of ``what``, or why one cannot tell."""
    points, low, high = (100 * value for value in (one.estimate.mean, one.estimate.low, one.estimate.high))
    difference = (
        f"{one.first} minus {one.second} is {points:+.1f} points of {what} ({low:+.1f} to {high:+.1f}; {one.units})"
    )
    if one.estimate.groups < FEW_GROUPS:
        few = f"Few independent groups ({one.estimate.groups}), indicative only"
        return f"{few}: {difference}."
    if one.sign:
        ahead, behind = (one.first, one.second) if one.sign > 0 else (one.second, one.first)
        low, high = sorted((abs(low), abs(high)))
        return f"{ahead} beats {behind} by {abs(points):.1f} points of {what} ({low:.1f} to {high:.1f}; {one.units})."
    return f"Cannot tell {one.first} from {one.second}: {difference}. {_why(one)}"


def _why(one: Difference) -> str:
    outside = not one.estimate.low <= 0 <= one.estimate.high
    if outside and one.p is not None and one.p < SURE:
        return f"Among {one.pairs} pairs so much is to be expected by chance (Holm p = {one.p_holm:.3f})."
    if outside and one.p is not None:
        return f"The interval leaves out 0, but the test of the same questions does not confirm it (p = {one.p:.3f})."
    return f"With so many only a difference above {math.ceil(100 * one.detectable):.0f} points would show."
