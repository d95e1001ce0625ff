"""The steps of a fine-tune that has not begun: which rows each will hold, and which of them tell what it will take."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sft.batches import epoch_order, in_epoch, step_sizes
from sft.config import TrainConfig
from sft.rows import Row
from sft.task import Task


@dataclass(frozen=True)
class Plan:
    """The optimizer steps of one epoch as row numbers, the rows computed at once, and how many steps there are in all.

    A step's rows are computed in parts of ``batch`` rows (see ``TrainConfig.accumulation``).
    """

    epoch: list[list[int]]
    batch: int
    steps: int


def planned(task: Task) -> Plan:
    """The steps of the first epoch, as the trainer will draw them, and the number of steps of all epochs."""
    rows, config = task.train, task.config
    assert config.epochs is not None
    each = rows.rehearsed // math.ceil(config.epochs)
    epoch = in_epoch(len(rows.rows), rows.rehearsed, each, 0)
    steps = [[epoch[place] for place in step] for step in steps_of([rows.rows[number] for number in epoch], config, 0)]
    return Plan(steps, config.batch_size, max(1, math.ceil(len(steps) * config.epochs)))


def steps_of(rows: Sequence[Row], config: TrainConfig, epoch: int) -> list[list[int]]:
    """The rows of each optimizer step of an epoch, in the trainer's order."""
    together = config.batch_size * config.accumulation
    order = epoch_order([len(row) for row in rows], together, config.seed, epoch)
    return [order[start : start + together] for start in range(0, len(order), together)]


def measured_steps(rows: Sequence[Row], plan: Plan) -> list[list[int]]:
    """The steps to measure: the largest, which needs the most memory, the middle one and the smallest."""
    sized = sorted(plan.epoch, key=lambda step: -padded([rows[number] for number in step], plan.batch))
    return [sized[place] for place in sorted({0, len(sized) // 2, len(sized) - 1})]


def padded(rows: Sequence[Row], batch: int) -> int:
    """Tokens computed for a step in batches of ``batch`` rows (see ``sft.batches.step_sizes``)."""
    return sum(step_sizes([len(row) for row in rows], batch))
