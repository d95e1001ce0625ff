"""How long a fine-tune will still take, evaluations and checkpoints counted. Pure; imports no heavy library."""

from __future__ import annotations

from collections.abc import Sequence

RECENT = 3  # checks are rare and like each other: the last few say what the next will take
LEAST = 20  # steps that are looked back on at least, as rows of unlike length make unlike steps


def seconds_left(steps: Sequence[float], checks: Sequence[float], steps_left: int, checks_left: int) -> float | None:
    """Seconds until the end, from the seconds that each optimizer step and each check took so far, in order.

    A check is an evaluation with its answers and the checkpoint after it. The first step, which sets things up, is left
    out once others are known; after that the later half of the steps counts, at least ``LEAST``. None before the first
    step.
    """
    if not steps:
        return None
    usual = steps[1:] or steps
    recent = usual[-max(LEAST, len(usual) // 2) :]
    left = steps_left * sum(recent) / len(recent)
    if checks:
        last = checks[-RECENT:]
        left += checks_left * sum(last) / len(last)
    return left


def checks_left(step: int, total: int, every: int) -> int:
    """Checks still to come after ``step``: one every so many steps, and one at the end."""
    return total // every - step // every + (1 if total % every and step < total else 0)
