"""One fine-tune from order to artifact: settle it, train, keep the chosen checkpoint, publish it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from transformers import TrainerState

from data.child import Reporter, threads, threads_reason
from data.denied import Denied
from data.errors import Stopped, UserError
from data.jobs import Run
from data.store import Artifact
from data.workspace import Workspace
from sft import ranks, shortage
from sft.adapters import made_by
from sft.checkpoints import Unwritable, lacks_check, last_whole, step_of
from sft.checks import Measure
from sft.config import TrainConfig, ordered
from sft.curve import RESUMED
from sft.outcome import Outcome, publish_outcome
from sft.progress import Progress, best_checkpoint
from sft.task import Task, settle
from sft.trainer import build


def train(workspace: Workspace, run: Run, reporter: Reporter, measure: Measure | None = None) -> dict[str, Any]:
    """Carry out the order of a "train" run; returns its summary. Goes on from the last whole checkpoint, if any.

    ``measure`` scores the answers at checkpoints; without it none are asked. A stop publishes the best checkpoint so
    far and raises Stopped with the summary. When memory runs out, the batch is halved once, with twice the
    accumulation. Raises UserError for unusable data, an unusable model, a loss that is no number, a full disk, and
    memory that does not suffice either way.
    """
    if earlier := made_by(workspace, run.id):
        return earlier.manifest()["summary"]
    config, started = ordered(run.order["config"]), time.monotonic()
    try:
        return _attempt(workspace, run, reporter, config, measure, started)
    except Exception as error:
        if not shortage.ran_out(error):
            raise
        shortage.log(error)
    smaller = shortage.in_parts(config)
    if smaller is None:
        raise shortage.too_large(config)
    shortage.free()  # here, where no exception holds the failed attempt in memory any more
    said = (f"Memory ran out with {config.batch_size} rows at once: {smaller.batch_size} at once, "
            f"{smaller.accumulation} times for each step, compute the same.")  # fmt: skip
    reporter.write(note=said)
    try:
        return _attempt(workspace, run, reporter, smaller, measure, started, (said,))
    except Exception as error:
        if not shortage.ran_out(error):
            raise
    raise shortage.too_large(smaller)


def _attempt(
    workspace: Workspace, run: Run, reporter: Reporter, config: TrainConfig, measure: Measure | None, started: float,
    notes: tuple[str, ...] = (),
) -> dict[str, Any]:  # fmt: skip
    """Train with these settings, from the last whole checkpoint on."""
    ranks.take_device()
    task = settle(workspace, run, reporter, config, measure)
    home = run.folder / "checkpoints"
    resumed = last_whole(home, tidy=ranks.rank() == 0)
    reporter.metric(**{RESUMED: step_of(resumed) if resumed else -1})
    reporter.write(criterion=task.facts["criterion"], threads=threads(), threads_reason=threads_reason())
    progress = Progress(reporter, task.config.patience, task.criteria, task.exam, task.model.device.name)
    reporter.write(text="setting up the training")
    trainer = build(task.model, task.config, task.train, task.validation, home, progress,
                    check_first=resumed is None or lacks_check(resumed))  # fmt: skip

    def publish(ended: str) -> Artifact | None:
        return _publish(workspace, task, trainer, ended, time.monotonic() - started, notes)

    try:
        _carry_on(trainer, progress, resumed)
    except Stopped:
        trainer.keep_here()
    except (Unwritable, Denied):
        raise
    except UserError as error:
        kept = publish("failed")
        also = f" The best checkpoint before that was kept as {kept.ref}." if kept else ""
        raise UserError(error.what, error.fix + also) from error
    artifact = publish("stopped" if progress.stopped else "early" if progress.early else "complete")
    if progress.stopped:
        raise Stopped(artifact.manifest()["summary"] if artifact else {"name": None})
    if ranks.rank():
        return {}
    assert artifact is not None, "a run that came to its end has saved at least once"
    return artifact.manifest()["summary"]


def _carry_on(trainer: Any, progress: Progress, resumed: Path | None) -> None:
    """Train to the end. A run that had stopped early and was killed before it could say so does not go on."""
    if resumed:
        reached = TrainerState.load_from_json(str(resumed / "trainer_state.json"))
        if progress.has_stalled(reached):
            trainer.state, progress.early = reached, True
            return
    trainer.train(resume_from_checkpoint=str(resumed) if resumed else None)


def _publish(
    workspace: Workspace, task: Task, trainer: Any, ended: str, seconds: float, notes: tuple[str, ...]
) -> Artifact | None:
    """The checkpoint that the criterion chooses (else the last) as an artifact; None if there is none.

    Of several processes the first publishes.
    """
    if ranks.rank():
        return None
    state, home = trainer.state, Path(trainer.args.output_dir)
    newest = last_whole(home)  # also clears away what is half-written
    folder = best_checkpoint(home, state.log_history, task.criteria.keep) or newest
    if folder is None:
        return None
    parameters = sum(p.numel() for p in trainer.model.parameters() if p.requires_grad)
    return publish_outcome(
        workspace, task,
        Outcome(ended, folder, state.global_step, state.max_steps, state.log_history, parameters, seconds, notes),
    )  # fmt: skip
