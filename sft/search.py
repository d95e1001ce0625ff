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
from data.disk import read_json, write_json
from data.errors import Stopped, UserError
from data.jobs import Run
from data.options import from_saved
from data.workspace import Workspace
from sft.adapters import made_by
from sft.checkpoints import last_whole
from sft.checks import Measure
from sft.choice import best, points
from sft.config import TrainConfig
from sft.kinds import base_network
from sft.progress import Progress, best_checkpoint
from sft.sought import Trial, goes_on, merit, publish_best, rounds, settled
from sft.task import Task, settle
from sft.train import CURVE
from sft.trainer import build


def search(workspace: Workspace, run: Run, reporter: Reporter, measure: Measure | None = None) -> dict[str, Any]:
    """Carry out a "search" run; returns its summary. Finished rounds of trials are never computed again.

    The trial of the best validation score is published as a tuned model. Raises UserError without validation rows and
    when every trial failed, Stopped when so asked.
    """
    if earlier := made_by(workspace, run.id):
        known = earlier.manifest()
        return known["summary"] | known["search"]
    config = from_saved(run.order["config"], TrainConfig)
    task = settle(workspace, run, reporter, config, measure)
    if not task.validation.rows:
        raise UserError("A search chooses by validation rows, and there are none.",
                        "Name a validation file, or use at least 20 training rows.")  # fmt: skip
    asked, started = run.order["inputs"]["search"], time.monotonic()
    trials = settled(config, asked["learning_rates"], asked["ranks"])
    plan, by = rounds(len(trials)), task.criteria.keep
    going, done = list(range(len(trials))), 0.0
    for number, (before, share) in enumerate(plan.spans):
        if number:
            chosen = goes_on(trials, going, by, plan.counts[number])
            trials = [replace(trial, dropped=number) if place in going and place not in chosen else trial
                      for place, trial in enumerate(trials)]  # fmt: skip
            going = chosen
        for place in going:
            part = _Part(reporter, place, (done, share - before, plan.trainings), trials[place].words)
            trials[place] = _advance(task, run, trials[place], place, number, share, part)
            done += share - before
    winner = max(range(len(trials)), key=lambda place: (merit(trials[place], by), -place))
    if trials[winner].best is None:
        raise UserError(f"No trial could be trained. The first: {trials[0].failed}", "Search lower learning rates.")
    home = run.folder / "trials" / str(winner) / "checkpoints"
    checkpoint = best_checkpoint(home, list(trials[winner].curve), by) or last_whole(home)
    seconds = time.monotonic() - started
    return publish_best(workspace, task, run, trials, checkpoint, winner, seconds, plan)


def _advance(task: Task, run: Run, trial: Trial, place: int, number: int, share: float, part: _Part) -> Trial:
    """Train one trial up to a share of its steps, unless a finished earlier attempt did."""
    home = run.folder / "trials" / str(place)
    kept = home / f"round-{number}.json"
    if kept.exists():
        return Trial.restored(read_json(kept))
    config, model = replace(task.config, **trial.settings()), task.model
    # every trial begins with the base's own weights, whatever earlier ones did to those in memory
    model.network = base_network(model, config)
    resumed = last_whole(home / "checkpoints")
    progress = Progress(part, 0, task.criteria, task.exam, model.device.name)  # type: ignore[arg-type]
    fresh = resumed is None and place == 0  # the untuned base is measured once
    trainer = build(model, config, task.train, task.validation, home / "checkpoints", progress, fresh)
    try:
        _carry_on(trainer, resumed, share)
    except UserError as error:
        trial = replace(trial, failed=error.what)
    if progress.stopped:
        raise Stopped()
    trial = _measured(trial, trainer, task.criteria.keep)
    home.mkdir(parents=True, exist_ok=True)
    write_json(kept, trial.saved())
    return trial


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
    kept = [{key: row[key] for key in CURVE if key in row} for row in history]
    return replace(
        trial, steps=trainer.state.global_step, planned=trainer.state.max_steps or trial.planned,
        best=best([point for point in points(history) if point.step], by) or trial.best,
        curve=tuple(row for row in kept if len(row) > 1) or trial.curve,
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


class _Part:
    """A job's reporter as one trial sees it: its steps are a part of the whole search's, its curve names it.

    ``span``: how much of the search is done before, how much this part is of it, and the whole, in fine-tunes.
    """

    def __init__(self, whole: Reporter, trial: int, span: tuple[float, float, float], words: str) -> None:
        self._whole, self.trial, self.words = whole, trial, words
        self.done, self.share, self.total = span
        self._first: float | None = None

    def step(self, done: float, total: float, text: str) -> None:
        """One step of the trial is done. Raises Stopped if so asked."""
        self._first = done - 1 if self._first is None else self._first
        gained = min(self.share, (done - self._first) / total)
        self._whole.step(self.done + gained, self.total, f"trial {self.trial + 1} ({self.words}): {text}")

    def metric(self, **values: Any) -> None:
        """A measurement of this trial."""
        self._whole.metric(trial=self.trial, **values)

    def write(self, **values: Any) -> None:
        """What a trial does now is what the search does now; its own best step is not the search's."""
        if "text" in values:
            self._whole.write(text=f"trial {self.trial + 1} ({self.words}): {values['text']}")

    def expect(self, seconds_left: float | None) -> None:
        """A trial's own time left says nothing of the search's, which is reckoned from the share done."""

    def should_stop(self) -> bool:
        """True once the search is asked to stop."""
        return self._whole.should_stop()
