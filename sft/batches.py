"""Which rows are computed together, in asking and in training: pure functions of their lengths."""

from __future__ import annotations

import random
from collections.abc import Sequence

MIXED_STEPS = 50
PART_TOKENS = 100  # starting a part costs about as much as so many tokens (five layers, two cores)


def batches(lengths: Sequence[int], budget: int, most_rows: int = 128) -> list[list[int]]:
    """Group indices so that rows x longest row stays within ``budget`` tokens; every index appears exactly once.

    Sorted by length first, so that a batch holds little padding. A row longer than the budget is alone. Rows are few
    when prompts are long: on a CPU, large batches of long prompts are slower than one by one.
    """
    order = sorted(range(len(lengths)), key=lambda index: (lengths[index], index))
    groups: list[list[int]] = []
    for index in order:
        fits = groups and len(groups[-1]) < most_rows and (len(groups[-1]) + 1) * lengths[index] <= budget
        if fits:
            groups[-1].append(index)
        else:
            groups.append([index])
    return groups


def epoch_order(lengths: Sequence[int], rows: int, seed: int, epoch: int) -> list[int]:
    """The order of training rows in one epoch: shuffled, yet each step of ``rows`` holds rows of like length.

    Rows are sorted by length within shuffled portions of ``MIXED_STEPS`` steps, then whole steps are shuffled. Rows of
    like length are mostly of one kind, and steps of one kind teach more than mixed ones (docs/decisions/007). The order
    depends on nothing but the arguments, so a resumed run sees what an uninterrupted one would have seen.
    """
    chance = random.Random(f"{seed} {epoch}")
    order = list(range(len(lengths)))
    chance.shuffle(order)
    portion = rows * MIXED_STEPS
    groups = []
    for start in range(0, len(order), portion):
        part = sorted(order[start : start + portion], key=lambda index: -lengths[index])
        groups += [part[place : place + rows] for place in range(0, len(part), rows)]
    full = [group for group in groups if len(group) == rows]
    chance.shuffle(full)
    return [index for group in full + [group for group in groups if len(group) < rows] for index in group]


def parts(lengths: Sequence[int]) -> list[list[int]]:
    """The rows of a batch in parts of like length that are cheapest to compute; each index appears exactly once.

    A part costs its padded tokens and ``PART_TOKENS`` for starting one. The cheapest cut of the sorted rows, by dynamic
    programming over where a part begins.
    """
    order = sorted(range(len(lengths)), key=lambda index: (-lengths[index], index))
    best: list[tuple[int, int]] = [(0, 0)]  # of the first n rows: (cost, where their last part begins)
    for end in range(1, len(order) + 1):
        costs = ((best[begin][0] + _cost(lengths, order[begin:end]), begin) for begin in range(end))
        best.append(min(costs))
    found, end = [], len(order)
    while end:
        found.append(order[best[end][1] : end])
        end = best[end][1]
    return found[::-1]


def _cost(lengths: Sequence[int], rows: Sequence[int]) -> int:
    return PART_TOKENS + len(rows) * lengths[rows[0]]


def in_epoch(count: int, rehearsed: int, each: int, epoch: int) -> list[int]:
    """The rows of one epoch: all but the last ``rehearsed``, and of those ``each``, which no other epoch sees."""
    own = count - rehearsed
    return [*range(own), *range(own + each * epoch, own + each * (epoch + 1))]


def step_sizes(lengths: Sequence[int], rows: int) -> list[int]:
    """Tokens that are computed in each optimizer step of ``rows`` rows (with padding), for rows in training order."""
    groups = [lengths[place : place + rows] for place in range(0, len(lengths), rows)]
    return [sum(len(part) * max(group[index] for index in part) for part in parts(group)) for group in groups]
