"""What a fine-tune will take, before it is launched: a few real steps on the rows themselves, then arithmetic."""

from __future__ import annotations

import math
import os
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from transformers import TrainerCallback

from data.child import Reporter, threads
from data.jobs import Run
from data.shell import duration
from data.workspace import Workspace
from sft.batches import epoch_order, in_epoch
from sft.devices import training_precision
from sft.footprint import Peak, available
from sft.memory import told
from sft.progress import Progress
from sft.rows import Prepared, Row
from sft.speed import ROOM, speed
from sft.task import Task, settle
from sft.trainer import EVALUATIONS, build

PASSES = 2  # over the measured batches: the first warms up


@dataclass(frozen=True)
class Plan:
    """The batches of one epoch as row numbers, and how many steps the whole training has."""

    batches: list[list[int]]
    steps: int


def estimate(workspace: Workspace, run: Run, reporter: Reporter) -> dict[str, Any]:
    """Carry out an "estimate" run: its order is a fine-tune's. Returns what is shown (see ``_told``).

    Nothing is published. Raises UserError for data or a model of no use, Stopped when so asked.
    """
    free = available("cpu")
    task = settle(workspace, run, reporter)
    device = task.model.device.name
    if device != "cpu":
        free = available(device)
    plan = planned(task)
    chosen = measured_batches(task.train.rows, plan.batches)
    rows = tuple(task.train.rows[number] for batch in chosen for number in batch)
    held = sorted(task.validation.rows, key=len)[-2 * task.config.batch_size :]
    short = replace(task.config, epochs=float(PASSES), patience=0)
    with Peak(device) as peak:
        # the same trainer as a real run's, on few rows; its own checkpoints and evaluations are left out
        trainer = build(task.model, short, Prepared(rows, 0), Prepared(tuple(held), 0), run.folder / "trial",
                        Progress(reporter, 0), fresh=True)  # fmt: skip
        trainer.args.save_strategy = "no"
        trainer.args.eval_strategy = "no"
        clock = _Clock()
        trainer.add_callback(clock)
        trainer.train()
    timed = _timed(clock.seconds, rows, task)
    return _told(task, plan, timed, clock.evaluation, held, peak, free)


class _Clock(TrainerCallback):
    """Seconds of each step, and of the evaluation at the start."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.evaluation: float | None = None
        self._begun = 0.0

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._begun = time.perf_counter()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.seconds.append(time.perf_counter() - self._begun)

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any], **_: Any) -> None:
        self.evaluation = logs.get("eval_runtime", self.evaluation)


def planned(task: Task) -> Plan:
    """The batches of the first epoch, as the trainer will draw them, and the number of steps of all epochs."""
    rows, config = task.train, task.config
    assert config.epochs is not None
    each = rows.rehearsed // math.ceil(config.epochs)
    epoch = in_epoch(len(rows.rows), rows.rehearsed, each, 0)
    order = epoch_order([len(rows.rows[number]) for number in epoch], config.batch_size, config.seed, 0)
    drawn = [epoch[place] for place in order]
    batches = [drawn[start : start + config.batch_size] for start in range(0, len(drawn), config.batch_size)]
    return Plan(batches, max(1, math.ceil(len(batches) * config.epochs)))


def measured_batches(rows: Sequence[Row], batches: Sequence[Sequence[int]]) -> list[Sequence[int]]:
    """The batches to measure: the largest, which needs the most memory, the middle one and the smallest."""
    sized = sorted(batches, key=lambda batch: -padded([rows[number] for number in batch]))
    return [sized[place] for place in sorted({0, len(sized) // 2, len(sized) - 1})]


def padded(rows: Sequence[Row]) -> int:
    """Tokens computed for a batch: its rows times its longest."""
    return len(rows) * max(map(len, rows))


def _timed(seconds: Sequence[float], rows: Sequence[Row], task: Task) -> list[tuple[int, float]]:
    """(tokens, seconds) of each measured step after the first pass, in the trainer's own order."""
    size, found = task.config.batch_size, []
    for epoch in range(PASSES):
        order = epoch_order([len(row) for row in rows], size, task.config.seed, epoch)
        found += [
            padded([rows[place] for place in order[start : start + size]]) for start in range(0, len(order), size)
        ]
    warm = len(found) // PASSES
    return list(zip(found[warm:], seconds[warm:], strict=False))


def line(points: Sequence[tuple[int, float]]) -> tuple[float, float]:
    """(seconds of an empty step, seconds per token) by least squares, neither below zero."""
    tokens, seconds = zip(*points, strict=True)
    if len(set(tokens)) > 1:
        slope, start = statistics.linear_regression(tokens, seconds)
        if slope >= 0 and start >= 0:
            return start, slope
    return 0.0, sum(seconds) / sum(tokens)


def _told(
    task: Task, plan: Plan, timed: Sequence[tuple[int, float]], evaluation: float | None, held: Sequence[Row],
    peak: Peak, free: int,
) -> dict[str, Any]:  # fmt: skip
    start, slope = line(timed)
    rows = task.train.rows
    sizes = [padded([rows[number] for number in batch]) for batch in plan.batches]
    step = statistics.fmean(start + slope * size for size in sizes)
    useful = sum(len(rows[number]) for batch in plan.batches for number in batch)
    once = (evaluation or 0.0) * sum(map(len, task.validation.rows)) / max(1, sum(map(len, held)))
    evaluations = min(EVALUATIONS, plan.steps) + 1 if task.validation.rows else 0
    found = {
        "device": task.model.device.name, "peak_bytes": peak.most, "growth_bytes": peak.most - peak.start,
        "loaded_bytes": peak.start, "available_bytes": free, "fits": peak.most <= ROOM * free,
        "steps": plan.steps, "measured_steps": len(timed), "longest_batch_tokens": max(sizes),
        "step_seconds": step, "longest_step_seconds": start + slope * max(sizes),
        "evaluations": evaluations, "evaluation_seconds": once,
        "total_seconds": step * plan.steps + once * evaluations,
        "padding_share": 1 - useful / sum(sizes), "batch_size": task.config.batch_size,
        "fitting_batch": fitting(task.config.batch_size, peak.start, peak.most, ROOM * free),
        "reasons": _reasons(task),
    }  # fmt: skip
    return found | {"sentences": sentences(found)}


def fitting(batch: int, loaded: float, most: float, room: float) -> int:
    """The largest batch of at most ``batch`` rows that should fit: what grew while training is taken to grow with the
    rows. At least 1, which may still be too much."""
    if most <= room:
        return batch
    return max(1, math.floor(batch * max(0.0, room - loaded) / max(1.0, most - loaded)))


def _reasons(task: Task) -> dict[str, str]:
    device, cores = task.model.device, os.cpu_count() or 1
    precision, why = training_precision(device)
    found = {"device": f"{device.name}: {device.reason}", "dtype": f"{precision}: {why}"}
    found["threads"] = f"{threads()} of {cores} cores, so that the page stays quick"
    found["batch"] = f"{task.config.batch_size} rows a step, as set; rows of like length share a batch"
    chosen = speed(task.model, task.config, task.train).reasons
    return found | {name.replace("_", " "): reason for name, reason in chosen.items()} | {
        name: task.facts["reasons"][name] for name in ("learning_rate", "epochs") if name in task.facts["reasons"]
    }  # fmt: skip


def sentences(found: dict[str, Any]) -> list[str]:
    """An estimate for people, the same on the page and in the shell."""
    need, free = told(found["peak_bytes"]), told(found["available_bytes"])
    memory = f"Memory: {need} at its peak, of {free} available on this {found['device']}."
    if not found["fits"]:
        memory = f"Memory: it needs {need}, and only {free} are available on this {found['device']}. "
        smaller = found["fitting_batch"]
        memory += (
            f"A batch of {smaller} rows should fit." if smaller < found["batch_size"] else "Choose a smaller base."
        )
    step = f"Each step takes about {found['step_seconds']:.2f} s (n = {found['measured_steps']} measured), "
    step += f"{found['longest_step_seconds']:.2f} s on the longest batch of {found['longest_batch_tokens']} tokens."
    total = f"In all about {duration(found['total_seconds'])}: {found['steps']} steps"
    if found["evaluations"]:
        total += f" and {found['evaluations']} evaluations of about {found['evaluation_seconds']:.1f} s each"
    return [memory, step, total + ".", f"Padding: {100 * found['padding_share']:.1f} % of the computed tokens."]
