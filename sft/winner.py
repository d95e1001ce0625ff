"""The best trial of a search as a tuned model that knows of its search."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from data.workspace import Workspace
from sft.checkpoints import last_whole
from sft.choice import WORDS
from sft.outcome import Outcome, publish_outcome
from sft.progress import best_checkpoint
from sft.sought import Rounds, Trial, bounds, merit, rows
from sft.task import Task

TOO_GOOD = "Chosen and scored on the same rows, so the score is somewhat too good; test questions tell in a comparison."

PATIENCE = "rounds end the trials of a search, so none stops early"


def home_of(folder: Path, place: int) -> Path:
    """The folder of one trial in a search's."""
    return folder / "trials" / str(place)


def best_of(folder: Path, trials: Sequence[Trial], by: str) -> tuple[int, Path] | None:
    """The trial of the best score among those that have a whole checkpoint (of equals, the first), and that
    checkpoint. One that failed comes after all that did not. None where no trial has a checkpoint."""

    def rank(place: int) -> tuple[bool, tuple[float, float]]:
        return not trials[place].failed, merit(trials[place], by)

    for place in sorted(range(len(trials)), key=rank, reverse=True):
        home = home_of(folder, place) / "checkpoints"
        newest = last_whole(home)
        if kept := best_checkpoint(home, list(trials[place].curve), by) or newest:
            return place, kept
    return None


def publish_best(
    workspace: Workspace, task: Task, trials: Sequence[Trial], found: tuple[int, Path], ended: str, seconds: float,
    plan: Rounds,
) -> dict[str, Any]:  # fmt: skip
    """Publish the trial and checkpoint that ``best_of`` found; returns the search's summary."""
    (place, checkpoint), by = found, task.criteria.keep
    best = trials[place]
    reason = _reason(task, trials, best, ended)
    ended, cut = _end(best, ended)
    search = {
        "rows_of_search": rows(trials, place), "criterion": by, "reason": reason, "rounds": list(plan.counts),
    }  # fmt: skip
    outcome = Outcome(
        ended, checkpoint, best.steps, best.planned, _history(trials, place), best.trained_parameters, seconds,
        notes=(f"Chosen with {best.words}: {reason}." + (f" {TOO_GOOD}" if best.best else ""), *cut),
        facts={
            "settings": task.facts["settings"] | best.settings() | {"patience": 0},
            "reasons": task.facts["reasons"] | {"learning_rate": reason, "rank": reason, "patience": PATIENCE},
            "search": search,
        },
    )  # fmt: skip
    return publish_outcome(workspace, task, outcome).manifest()["summary"] | search


def _end(best: Trial, ended: str) -> tuple[str, tuple[str, ...]]:
    """How the training of the trial that is kept ended, and a note where that was not at its end."""
    if best.failed:
        return "failed", (f"Its training failed, as that of every trial with a checkpoint did: {best.failed}",)
    if ended == "complete" and best.steps < best.planned:  # whoever went on in its stead failed
        return "stopped", (f"It paused after round {best.dropped}, and every trial that went on failed.",)
    return ended, ()


def _history(trials: Sequence[Trial], place: int) -> list[dict[str, Any]]:
    """The log of one trial. Only the first measured the untuned base (step 0), which is the same for all."""
    base = [row for row in trials[0].curve if row["step"] == 0] if place else []
    return [*base, *trials[place].curve]


def _reason(task: Task, trials: Sequence[Trial], best: Trial, ended: str) -> str:
    """Why this trial, with its score and n."""
    able = [trial for trial in trials if best.failed or not trial.failed]
    some = len(able) < len(trials)
    if best.best is None:
        return (f"no trial{' that did not fail' * some} had been checked when the search was stopped, and this is the "
                "first that had a checkpoint")  # fmt: skip
    score = f"validation loss {best.best.loss:.3f} (n = {len(task.validation.rows)} rows)"
    if task.criteria.keep == "metric" and best.best.metric is not None and task.exam:
        mean, low, high = (f"{100 * value:.1f}" for value in (best.best.metric, *bounds(best).values()))
        score = f"{WORDS[task.exam.metric]} {mean} % (95 % interval {low} to {high}, "
        score += f"n = {len(task.exam.questions)} answers; of equal ones the lowest loss)"
    checked = sum(trial.best is not None for trial in able)
    among = f"the trials that did not fail ({len(able)} of {len(trials)})" if some else f"{len(trials)} trials"
    if ended == "stopped":
        among += f", of which {checked} had been checked when the search was stopped"
    return f"the best {score} of {among}, at step {best.best.step}"
