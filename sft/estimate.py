"""What a fine-tune will take, before it is launched: a few real steps on the rows themselves, then arithmetic."""

from __future__ import annotations

import math
import os
import statistics
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from transformers import TrainerCallback

from data.child import Reporter, threads
from data.errors import Stopped
from data.jobs import Run
from data.shell import duration
from data.workspace import Workspace
from sft import shortage
from sft.ahead import Plan, measured_steps, padded, planned, steps_of
from sft.arguments import EVALUATIONS
from sft.checks import Measure
from sft.config import TrainConfig, ordered
from sft.devices import training_precision
from sft.footprint import Peak, available
from sft.memory import ROOM, told
from sft.progress import Progress
from sft.rows import Prepared, Row
from sft.speed import speed
from sft.task import Task, settle
from sft.trainer import build

PASSES = 2  # over the measured steps: the first warms up
ASKED = 16  # questions of the one check that is measured; the others are reckoned from it


def estimate(workspace: Workspace, run: Run, reporter: Reporter, measure: Measure | None = None) -> dict[str, Any]:
    """Carry out an "estimate" run: its order is a fine-tune's. Returns what is shown (see ``_told``).

    Nothing is published. Raises UserError for data or a model of no use and where memory runs out, Stopped when so
    asked.
    """
    config = ordered(run.order["config"])
    with shortage.in_words(config):
        return _measured(workspace, run, reporter, config, measure)


def _measured(
    workspace: Workspace, run: Run, reporter: Reporter, config: TrainConfig, measure: Measure | None
) -> dict[str, Any]:
    free = available("cpu")
    task = settle(workspace, run, reporter, config, measure)
    device = task.model.device.name
    free = free if device == "cpu" else available(device)
    plan = planned(task)
    chosen = measured_steps(task.train.rows, plan)
    rows = tuple(task.train.rows[number] for step in chosen for number in step)
    held = sorted(task.validation.rows, key=len)[-2 * task.config.batch_size :]
    exam = task.exam and replace(task.exam, questions=task.exam.questions[:ASKED])
    short = replace(task.config, epochs=float(PASSES))
    progress = Progress(reporter, 0, task.criteria, exam, device)
    with Peak(device) as peak:
        # the same trainer as a real run's, on few rows and without checkpoints
        trainer = build(task.model, short, Prepared(rows, 0), Prepared(tuple(held), 0), run.folder / "trial", progress,
                        check_first=True)  # fmt: skip
        trainer.args.save_strategy = trainer.args.eval_strategy = "no"
        clock = _Clock()
        trainer.add_callback(clock)
        trainer.train()
    if progress.stopped:
        raise Stopped()
    timed = _timed(clock.seconds, rows, task.config)
    return _told(task, plan, timed, _check_seconds(task, trainer.state.log_history, held), peak, free)


class _Clock(TrainerCallback):
    """Seconds of each step."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self._begun = 0.0

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._begun = time.perf_counter()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.seconds.append(time.perf_counter() - self._begun)


def _timed(seconds: Sequence[float], rows: Sequence[Row], config: TrainConfig) -> list[tuple[int, float]]:
    """(tokens, seconds) of each measured step after the first pass, in the trainer's own order."""
    found = [
        padded([rows[place] for place in step], config.batch_size)
        for epoch in range(PASSES) for step in steps_of(rows, config, epoch)
    ]  # fmt: skip
    warm = len(found) // PASSES
    return list(zip(found[warm:], seconds[warm:], strict=False))


def _check_seconds(task: Task, history: Sequence[dict[str, Any]], held: Sequence[Row]) -> float:
    """Seconds of one whole check, from the one of a few rows that was measured: validation loss by tokens, answers by
    questions. 0 without validation rows."""
    whole = next((row["check_seconds"] for row in history if "check_seconds" in row), 0.0)
    loss = next((row["eval_runtime"] for row in history if "eval_runtime" in row), 0.0)
    asked = len(task.exam.questions) if task.exam else 0
    tokens = sum(map(len, task.validation.rows)) / max(1, sum(map(len, held)))
    return loss * tokens + (whole - loss) * asked / max(1, min(asked, ASKED))


def line(points: Sequence[tuple[int, float]]) -> tuple[float, float]:
    """(seconds of an empty step, seconds per token) by least squares, neither below zero."""
    tokens, seconds = zip(*points, strict=True)
    if len(set(tokens)) > 1:
        slope, start = statistics.linear_regression(tokens, seconds)
        if slope >= 0 and start >= 0:
            return start, slope
    return 0.0, sum(seconds) / sum(tokens)


def _told(
    task: Task, plan: Plan, timed: Sequence[tuple[int, float]], check: float, peak: Peak, free: int
) -> dict[str, Any]:  # fmt: skip
    """The figures of an estimate, with the sentences that say them."""
    start, slope = line(timed)
    rows = task.train.rows
    sizes = [padded([rows[number] for number in step], plan.batch) for step in plan.epoch]
    step = statistics.fmean(start + slope * size for size in sizes)
    useful = sum(len(rows[number]) for step in plan.epoch for number in step)
    evaluations = min(EVALUATIONS, plan.steps) + 1 if task.validation.rows else 0
    found = {
        "device": task.model.device.name, "peak_bytes": peak.most, "growth_bytes": peak.most - peak.start,
        "loaded_bytes": peak.start, "available_bytes": free, "fits": peak.most <= ROOM * free,
        "steps": plan.steps, "measured_steps": len(timed), "longest_tokens": max(sizes),
        "step_seconds": step, "longest_step_seconds": start + slope * max(sizes),
        "evaluations": evaluations, "evaluation_seconds": check,
        "total_seconds": step * plan.steps + check * evaluations,
        "padding_share": 1 - useful / sum(sizes), "batch_size": plan.batch,
        "fitting_batch": fitting(plan.batch, peak.start, peak.most, ROOM * free), "reasons": _reasons(task),
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
    times = f", {task.config.accumulation} times for each step" if task.config.accumulation > 1 else ""
    found["batch"] = f"{task.config.batch_size} rows at once{times}, as set; rows of like length share a batch"
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
    step += f"{found['longest_step_seconds']:.2f} s on the longest, of {found['longest_tokens']} tokens."
    total = f"In all about {duration(found['total_seconds'])}: {found['steps']} steps"
    if found["evaluations"]:
        total += f" and {found['evaluations']} evaluations of about {found['evaluation_seconds']:.1f} s each"
    return [memory, step, total + ".", f"Padding: {100 * found['padding_share']:.1f} % of the computed tokens."]
