"""What a training came to, as a tuned model: the same words for a fine-tune and for the best trial of a search."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data.store import Artifact
from data.workspace import Workspace
from sft.adapters import Trained, publish_trained
from sft.checkpoints import step_of
from sft.choice import WORDS, Point, points
from sft.task import Task

CURVE = ("step", "loss", "eval_loss", "learning_rate", "grad_norm", "eval_metric", "eval_metric_low",
         "eval_metric_high", "eval_metric_n")  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """A training that has ended: how, the checkpoint that is kept (``folder``), and the trainer's log (``history``).

    ``notes`` come before those that every training has; ``facts`` are added to the task's.
    """

    ended: str
    folder: Path
    steps: int
    planned: int
    history: Sequence[dict[str, Any]]
    trained_parameters: int
    seconds: float
    notes: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)


def publish_outcome(workspace: Workspace, task: Task, outcome: Outcome) -> Artifact:
    """The kept checkpoint as the next version of the run's tuned model."""
    step, evaluated = step_of(outcome.folder), points(outcome.history)
    chosen = next((point for point in evaluated if point.step == step), Point(step))
    trained = Trained(
        folder=outcome.folder,
        tokenizer=task.model.tokenizer,
        facts=task.facts | {
            "curve": curve(outcome.history), "trained_parameters": outcome.trained_parameters, **outcome.facts,
        },
        summary={
            "run": task.run.id, "ended": outcome.ended, "steps": outcome.steps, "planned_steps": outcome.planned,
            "best_step": step, "validation_loss": chosen.loss, **_measured(task, outcome.history, step),
            "seconds": round(outcome.seconds, 1), "context": task.facts["context"], **task.train.counts(),
            "notes": [*outcome.notes, *_notes(task, evaluated, chosen)],
        },
        question_keys=task.question_keys,
        taught=task.taught,
    )  # fmt: skip
    return publish_trained(workspace, task.run.name, trained)


def curve(history: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What a tuned model keeps of a trainer's log: nothing that is no number, as a loss is where a training broke."""
    kept = [{key: row[key] for key in CURVE if key in row and math.isfinite(row[key])} for row in history]
    return [row for row in kept if len(row) > 1]


def _measured(task: Task, history: Sequence[dict[str, Any]], step: int) -> dict[str, Any]:
    """What the chosen checkpoint's answers were worth, with n and interval."""
    found = next((row for row in reversed(history) if row["step"] == step and "eval_metric" in row), None)
    if found is None or task.exam is None:
        return {}
    parts = {"mean": "eval_metric", "low": "eval_metric_low", "high": "eval_metric_high", "n": "eval_metric_n"}
    return {"metric": task.exam.metric} | {f"metric_{part}": found[key] for part, key in parts.items()}


def _notes(task: Task, evaluated: list[Point], chosen: Point) -> list[str]:
    """What a reader of the result should know, in sentences."""
    notes = [task.facts["validation"] + "."]
    if task.train.too_long:
        notes.append(f"{task.train.too_long} rows longer than {task.config.max_length} tokens were left out.")
    notes += task.facts["doubts"]
    if task.facts["template_note"]:
        notes.append(task.facts["template_note"] + ".")
    base = next((point for point in evaluated if point.step == 0), Point(0))
    if None not in (base.loss, chosen.loss) and chosen.loss >= base.loss:  # type: ignore[operator]
        notes.append("Validation loss never fell below the untuned base's: these rows taught nothing that transfers.")
    if task.exam and None not in (base.metric, chosen.metric) and chosen.metric <= base.metric:  # type: ignore[operator]
        notes.append(f"The {WORDS[task.exam.metric]} of its answers is no higher than the untuned base's.")
    return notes
