"""A small search over learning rate and rank by successive halving (Jamieson & Talwalkar 2016), as one job.

Every trial begins the very training it would do alone, schedule included; after each round the best third goes on from
where it paused. A trial that reaches the end is therefore the same, to the bit, as a fine-tune with its settings.
"""

from __future__ import annotations

import math
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerState

from data.child import Reporter
from data.denied import Denied
from data.disk import read_json, write_json
from data.errors import Stopped, UserError
from data.jobs import Run
from data.workspace import Workspace
from sft import shortage
from sft.adapters import made_by
from sft.checkpoints import Unwritable, lacks_check, last_whole
from sft.checks import Measure
from sft.choice import best, points
from sft.config import ordered
from sft.kinds import base_network
from sft.outcome import curve
from sft.part import Part
from sft.progress import Progress
from sft.sought import Rounds, Trial, goes_on, rounds, settled
from sft.task import Task, settle
from sft.trainer import build
from sft.winner import best_of, home_of, publish_best

NOTHING_YET = "The search was stopped before any trial had a whole checkpoint, so no tuned model was made of it."


def search(workspace: Workspace, run: Run, reporter: Reporter, measure: Measure | None = None) -> dict[str, Any]:
    """Carry out a "search" run; returns its summary. Finished rounds of trials are never computed again.

    The trial of the best validation score is published as a tuned model; one that failed only where no other has a
    checkpoint. Raises UserError without validation rows and when no trial could be trained. A stop publishes the best
    trial so far and raises Stopped with the summary.
    """
    if earlier := made_by(workspace, run.id):
        known = earlier.manifest()
        return known["summary"] | known["search"]
    config = ordered(run.order["config"])
    with shortage.in_words(config):
        task = settle(workspace, run, reporter, config, measure)
    if not task.validation.rows:
        raise UserError("A search chooses by validation rows, and there are none.",
                        "Name a validation file, or use at least 20 training rows.")  # fmt: skip
    asked, started = run.order["inputs"]["search"], time.monotonic()
    trials = settled(config, asked["learning_rates"], asked["ranks"])
    plan = rounds(len(trials))
    stopped = not _to_the_end(task, run, trials, plan, reporter)
    found = best_of(run.folder, trials, task.criteria.keep)
    if stopped and found is None:
        raise Stopped({"name": None, "notes": [NOTHING_YET]})
    if found is None or not (stopped or any(trial.best for trial in trials)):
        raise UserError(f"No trial could be trained. The first: {trials[0].failed}", trials[0].fix)
    ended = "stopped" if stopped else "complete"
    summary = publish_best(workspace, task, trials, found, ended, time.monotonic() - started, plan)
    if stopped:
        raise Stopped(summary)
    return summary


def _to_the_end(task: Task, run: Run, trials: list[Trial], plan: Rounds, reporter: Reporter) -> bool:
    """Train the trials of every round, each in its place of ``trials``. False where a stop came before the end."""
    going, done = list(range(len(trials))), 0.0
    for number, (before, share) in enumerate(plan.spans):
        if number:
            chosen = goes_on(trials, going, task.criteria.keep, plan.counts[number])
            for place in set(going) - set(chosen):
                trials[place] = replace(trials[place], dropped=number)
                # told at once to whoever looks: no later round writes of it
                write_json(_record(run, place, number - 1), trials[place].saved())
            going = chosen
        for place in going:
            part = Part(reporter, place, (done, share - before, plan.trainings), trials[place].words)
            trials[place], stopped = _advance(task, run, trials[place], place, number, share, part)
            if stopped:
                return False
            done += share - before
    return True


def _record(run: Run, place: int, number: int) -> Path:
    """Where it is written what a round left of a trial."""
    return home_of(run.folder, place) / f"round-{number}.json"


def _advance(
    task: Task, run: Run, trial: Trial, place: int, number: int, share: float, part: Part
) -> tuple[Trial, bool]:
    """Train one trial up to a share of its steps, unless a finished earlier attempt did; and whether a stop came."""
    home = home_of(run.folder, place)
    kept = _record(run, place, number)
    if kept.exists():
        return Trial.restored(read_json(kept)), False
    shortage.free()  # of what the trial before left, above all where memory ran out
    config, model = replace(task.config, **trial.settings()), task.model
    resumed = last_whole(home / "checkpoints")
    progress = Progress(part, 0, task.criteria, task.exam, model.device.name)  # type: ignore[arg-type]
    # the untuned base is measured once
    check_first = place == 0 if resumed is None else lacks_check(resumed)
    trainer: Any = None
    try:
        with shortage.in_words(config):
            # every trial begins with the base's own weights, whatever earlier ones did to those in memory
            model.network = base_network(model, config)
            trainer = build(model, config, task.train, task.validation, home / "checkpoints", progress, check_first)
            _carry_on(trainer, resumed, share)
    except Stopped:
        pass  # during a check; progress knows
    except (Unwritable, Denied):
        raise  # the disk's fault, not the trial's: a resume trains it again
    except UserError as error:
        trial = replace(trial, failed=error.what, fix=error.fix)
    if progress.stopped:
        return _at_checkpoint(trial, trainer, home / "checkpoints", task.criteria.keep), True
    if trainer:
        trial = _measured(trial, trainer, task.criteria.keep)
    home.mkdir(parents=True, exist_ok=True)
    write_json(kept, trial.saved())
    return trial, False


def _at_checkpoint(trial: Trial, trainer: Any, home: Path, by: str) -> Trial:
    """The trial as its newest whole checkpoint left it: what came after would be lost to whoever loads it."""
    newest = last_whole(home)
    if newest is None:
        return trial
    trainer.state = TrainerState.load_from_json(str(newest / "trainer_state.json"))
    return _measured(trial, trainer, by)


def _carry_on(trainer: Any, resumed: Path | None, share: float) -> None:
    """Train up to the end of a round; a round whose last checkpoint is there already only lacks its record."""
    if resumed:
        reached = TrainerState.load_from_json(str(resumed / "trainer_state.json"))
        if reached.global_step >= math.ceil(share * reached.max_steps):
            trainer.state = reached
            return
    trainer.add_callback(_Pause(share))
    trainer.train(resume_from_checkpoint=str(resumed) if resumed else None)


def _measured(trial: Trial, trainer: Any, by: str) -> Trial:
    """The trial with what its trainer has logged so far."""
    history = trainer.state.log_history
    return replace(
        trial, steps=trainer.state.global_step, planned=trainer.state.max_steps or trial.planned,
        best=best([point for point in points(history) if point.step], by) or trial.best,
        curve=tuple(curve(history)) or trial.curve,
        trained_parameters=sum(p.numel() for p in trainer.model.parameters() if p.requires_grad),
    )  # fmt: skip


class _Pause(TrainerCallback):
    """Ends a trial's round after a share of its steps, with a check and a checkpoint."""

    def __init__(self, share: float) -> None:
        self.share = share

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        # also when a stop was asked for at this very step: a round's last checkpoint always has its check
        if state.global_step >= math.ceil(self.share * state.max_steps):
            control.should_evaluate = control.should_save = control.should_training_stop = True
