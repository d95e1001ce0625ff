"""One fine-tune from order to artifact: settle it, train, keep the best checkpoint, publish it."""

from __future__ import annotations

import errno
import time
from pathlib import Path
from typing import Any

from data.child import Reporter
from data.errors import Stopped, UserError
from data.jobs import Run
from data.store import Artifact
from data.workspace import Workspace
from sft.adapters import Trained, made_by, publish_trained
from sft.checkpoints import last_whole
from sft.progress import Progress, validation_losses
from sft.task import Task, settle
from sft.trainer import build


def train(workspace: Workspace, run: Run, reporter: Reporter) -> dict[str, Any]:
    """Carry out the order of a "train" run; returns its summary. Goes on from the last whole checkpoint, if any.

    A stop publishes the best checkpoint so far and raises Stopped with the summary. Raises UserError for unusable data,
    an unusable model, a loss that is no number, and a full disk.
    """
    if earlier := made_by(workspace, run.id):
        return earlier.manifest()["summary"]
    started = time.monotonic()
    task = settle(workspace, run, reporter)
    home = run.folder / "checkpoints"
    resumed = last_whole(home)
    progress = Progress(reporter, task.config.patience)
    trainer = build(task.model, task.config, task.train, task.validation, home, progress, resumed is None)
    try:
        trainer.train(resume_from_checkpoint=str(resumed) if resumed else None)
    except Stopped:
        pass  # during an evaluation: what was saved before it stands
    except UserError as error:
        kept = _publish(workspace, task, trainer, "failed", time.monotonic() - started)
        also = f" The best checkpoint before that was kept as {kept.ref}." if kept else ""
        raise UserError(error.what, error.fix + also) from error
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise UserError("The disk is full.", "Free some space, then resume this run.") from error
    ended = "stopped" if progress.stopped else "early" if progress.early else "complete"
    artifact = _publish(workspace, task, trainer, ended, time.monotonic() - started)
    if progress.stopped:
        raise Stopped(artifact.manifest()["summary"] if artifact else {"name": None})
    assert artifact is not None, "a run that came to its end has saved at least once"
    return artifact.manifest()["summary"]


def _publish(workspace: Workspace, task: Task, trainer: Any, ended: str, seconds: float) -> Artifact | None:
    """The checkpoint of lowest validation loss (without validation: the last) as an artifact; None if none is saved."""
    state = trainer.state
    best = Path(state.best_model_checkpoint or "") if state.best_model_checkpoint else None
    folder = best if best and best.is_dir() else last_whole(Path(trainer.args.output_dir))
    if folder is None:
        return None
    losses = validation_losses(state.log_history)
    step = int(folder.name.rpartition("-")[2])
    curve = [{key: entry[key] for key in CURVE if key in entry} for entry in state.log_history]
    trained = Trained(
        folder=folder,
        tokenizer=task.model.tokenizer,
        facts=task.facts | {
            "curve": [point for point in curve if len(point) > 1],
            "trained_parameters": sum(p.numel() for p in trainer.model.parameters() if p.requires_grad),
        },
        summary={
            "run": task.run.id, "ended": ended, "steps": state.global_step, "planned_steps": state.max_steps,
            "best_step": step, "validation_loss": dict(losses).get(step), "seconds": round(seconds, 1),
            "context": task.facts["context"], **task.train.counts(), "notes": _notes(task, losses, step),
        },
        question_keys=task.question_keys,
        taught=task.taught,
    )  # fmt: skip
    return publish_trained(workspace, task.run.name, trained)


CURVE = ("step", "loss", "eval_loss", "learning_rate")


def _notes(task: Task, losses: list[tuple[int, float]], step: int) -> list[str]:
    """What a reader of the result should know, in sentences."""
    notes = [task.facts["validation"] + "."]
    if task.train.too_long:
        notes.append(f"{task.train.too_long} rows longer than {task.config.max_length} tokens were left out.")
    if task.facts["template_note"]:
        notes.append(task.facts["template_note"] + ".")
    if losses and losses[0][0] == 0 and dict(losses).get(step, 0.0) >= losses[0][1]:
        notes.append("Validation loss never fell below the untuned base's: these rows taught nothing that transfers.")
    return notes
