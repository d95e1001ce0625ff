"""Which rows are computed together, in asking and in training: pure functions of their lengths."""

from __future__ import annotations

import random
from collections.abc import Sequence

MIXED_BATCHES = 50


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
    """The order of training rows in one epoch: shuffled, yet each batch of ``rows`` holds rows of like length.

    Rows are sorted by length within shuffled portions of ``MIXED_BATCHES`` batches, then whole batches are shuffled. It
    depends on nothing but the arguments, so a resumed run sees what an uninterrupted one would have seen.
    """
    chance = random.Random(f"{seed} {epoch}")
    order = list(range(len(lengths)))
    chance.shuffle(order)
    portion = rows * MIXED_BATCHES
    groups = []
    for start in range(0, len(order), portion):
        part = sorted(order[start : start + portion], key=lambda index: -lengths[index])
        groups += [part[place : place + rows] for place in range(0, len(part), rows)]
    full = [group for group in groups if len(group) == rows]
    chance.shuffle(full)
    return [index for group in full + [group for group in groups if len(group) < rows] for index in group]


def in_epoch(count: int, rehearsed: int, each: int, epoch: int) -> list[int]:
    """The rows of one epoch: all but the last ``rehearsed``, and of those ``each``, which no other epoch sees."""
    own = count - rehearsed
    return [*range(own), *range(own + each * epoch, own + each * (epoch + 1))]


def step_sizes(lengths: Sequence[int], rows: int) -> list[int]:
    """Tokens that are computed in each optimizer step of ``rows`` rows (with padding), for rows in training order."""
    groups = [lengths[place : place + rows] for place in range(0, len(lengths), rows)]
    return [len(group) * max(group) for group in groups]
