"""How long a fine-tune will still take, evaluations and checkpoints counted. Pure; imports no heavy library."""

from __future__ import annotations

from collections.abc import Sequence

RECENT = 3  # checks are rare and like each other: the last few say what the next will take
LEAST = 20  # steps that are looked back on at least


def seconds_left(
    steps: Sequence[tuple[float, float]], checks: Sequence[float], size_left: float, checks_left: int
) -> float | None:
    """Seconds until the end, from the (seconds, size) of each optimizer step and the seconds of each check so far.

    The size of a step is how many tokens are computed in it: rows of unlike length make unlike steps, and which rows
    are still to come is known (``size_left``). A check is an evaluation with its answers and the checkpoint after it.
    The first step, which sets things up, is left out once others are known; after that the later half of the steps
    counts, at least ``LEAST``. None before the first step.
    """
    if not steps:
        return None
    usual = steps[1:] or steps
    recent = usual[-max(LEAST, len(usual) // 2) :]
    left = size_left * sum(seconds for seconds, _ in recent) / sum(size for _, size in recent)
    if checks:
        last = checks[-RECENT:]
        left += checks_left * sum(last) / len(last)
    return left


def size_left(epoch: Sequence[int], step: int, total: int) -> float:
    """The size of the steps after ``step``: known for this epoch (``epoch``), later ones are taken as alike."""
    steps_left, done = total - step, step % len(epoch)
    rest = epoch[done : done + steps_left] if done else []
    return sum(rest) + (steps_left - len(rest)) * sum(epoch) / len(epoch)


def checks_left(step: int, total: int, every: int) -> int:
    """Checks still to come once ``step`` is computed, its own included: one every so many steps, one at the end."""
    return total // every - (step - 1) // every + (1 if total % every else 0)
