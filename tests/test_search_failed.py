"""A search of which some trials fail: what is published of the others, and what the trials left are said to be."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import torch
from torch.nn.modules import module as modules

from data import jobs
from data.child import Reporter
from data.store import resolve
from data.workspace import Workspace
from sft.adapters import unfinished
from sft.checkpoints import seal
from sft.choice import Point, best, points, since_best
from sft.orders import order_search
from sft.search import search
from sft.sought import Trial, rows, standing
from sft.winner import best_of, home_of
from tests import tiny
from tests.test_sft_proofs import hooked
from tests.tiny import config

home, workspace = tiny.home, tiny.workspace


def ordered(workspace: Workspace, home: Path, name: str, rates: tuple[float, ...], ranks: tuple[int, ...]) -> jobs.Run:
    rows = str(home / "rows.jsonl")
    return order_search(workspace, name, config(home, epochs=9, criterion="loss"), rows, rows, rates, ranks)


def test_a_value_that_is_no_number_was_not_measured() -> None:
    evaluated = points([
        {"step": 1, "eval_loss": 2.0}, {"step": 2, "eval_loss": math.nan}, {"step": 3, "eval_loss": 1.0},
        {"step": 4, "eval_loss": math.inf}, {"step": 4, "eval_metric": 0.5},
    ])  # fmt: skip
    assert evaluated == [Point(1, 2.0), Point(3, 1.0), Point(4, None, 0.5)]
    assert best(evaluated, "loss") == Point(3, 1.0)
    assert since_best(evaluated, "loss") == 1


def test_a_validation_loss_that_is_no_number_hides_no_better_trial(workspace: Workspace, home: Path) -> None:
    def nonsense(layer: Any, inputs: Any, output: Any) -> Any:
        if isinstance(layer, torch.nn.Linear) and not layer.training and layer.out_features == 8:
            return output * math.nan
        return output

    run = ordered(workspace, home, "hidden", (1e-6, 0.02), (4, 8))
    with hooked(modules.register_module_forward_hook, nonsense):
        summary = search(workspace, run, Reporter(run))
    told = {(row["learning_rate"], row["rank"]): row for row in summary["rows_of_search"]}
    assert told[0.02, 4]["outcome"] == "chosen"
    assert summary["ended"] == "complete"
    for rate in (1e-6, 0.02):
        assert told[rate, 8]["outcome"] == "The validation loss became nan at step 3."
        assert told[rate, 8]["validation_loss"] is None
    files = list((run.folder / "trials").glob("*/round-*.json"))
    assert len(files) == 4 + 2 + 1, "one a trial and round"
    assert not any("NaN" in file.read_text() for file in files)
    assert "NaN" not in (resolve(workspace, "adapters", summary["name"]).path / "manifest.json").read_text()


def checkpoint(folder: Path, place: int, step: int) -> Path:
    """A whole checkpoint of a trial, as far as looking for one goes."""
    kept = home_of(folder, place) / "checkpoints" / f"checkpoint-{step}"
    kept.mkdir(parents=True)
    seal(kept)
    return kept


def test_a_trial_that_failed_is_only_kept_where_no_other_has_a_checkpoint(tmp_path: Path) -> None:
    curves = [({"step": 3, "eval_loss": loss},) for loss in (2.0, 1.0, 0.5)]
    fair, failed, best_failed = (
        Trial(0.1, rank, 8, 3, 9, Point(3, curve[0]["eval_loss"]), failed=why, curve=curve)
        for rank, curve, why in zip((2, 4, 8), curves, ("", "It broke.", "It broke."), strict=True)
    )
    trials = [failed, best_failed, fair]
    kept = [checkpoint(tmp_path, place, 3) for place in range(3)]
    assert best_of(tmp_path, trials, "loss") == (2, kept[2])
    shutil.rmtree(kept[2])
    assert best_of(tmp_path, trials, "loss") == (1, kept[1])


def breaks(at: Callable[[int], bool]) -> Callable[..., Any]:
    """A machine that computes nonsense in these training steps of the whole search."""
    steps = count(1)

    def nonsense(layer: Any, inputs: Any, output: Any) -> Any:
        broken = isinstance(layer, torch.nn.Embedding) and layer.training and at(next(steps))
        return output * math.nan if broken else output

    return nonsense


def test_a_search_of_which_all_trials_broke_publishes_the_last_good_checkpoint_as_failed(
    workspace: Workspace, home: Path
) -> None:
    run = ordered(workspace, home, "broken", (1e-6, 0.02), (4,))
    with hooked(modules.register_module_forward_hook, breaks(lambda step: step % 6 == 0)):  # the sixth of each trial
        summary = search(workspace, run, Reporter(run))
    assert (summary["ended"], summary["best_step"]) == ("failed", 3)
    assert any(note.endswith("did: The training loss became nan at step 6.") for note in summary["notes"])
    manifest = resolve(workspace, "adapters", summary["name"]).manifest()
    assert unfinished(manifest).startswith("failed at step")
    assert manifest["settings"]["learning_rate"] == 0.02


def test_where_the_trial_that_went_on_broke_the_other_is_kept_as_one_that_did_not_reach_its_end(
    workspace: Workspace, home: Path
) -> None:
    run = ordered(workspace, home, "paused", (1e-6, 0.02), (4,))
    with hooked(modules.register_module_forward_hook, breaks(lambda step: step == 23)):  # 9 + 9 are of the first round
        summary = search(workspace, run, Reporter(run))
    assert [row["outcome"] for row in summary["rows_of_search"]] == [
        "chosen", "The training loss became nan at step 14.",
    ]  # fmt: skip
    assert (summary["ended"], summary["steps"], summary["planned_steps"]) == ("stopped", 9, 27)
    assert "of the trials that did not fail (1 of 2), at step 9" in summary["reason"]
    assert "It paused after round 1, and every trial that went on failed." in summary["notes"]


class Watching(Reporter):
    """What a look at the trials' records says they have become, at every step of the search."""

    def __init__(self, run: jobs.Run) -> None:
        super().__init__(run)
        self.seen: list[list[str]] = []

    def step(self, done: float, total: float, text: str) -> None:
        self.seen.append([row["outcome"] for row in rows(list(standing(self.run.folder).values()))])
        super().step(done, total, text)


def test_a_trial_that_others_replaced_is_told_so_while_the_search_goes_on(workspace: Workspace, home: Path) -> None:
    run, places = ordered(workspace, home, "watched", (1e-6, 0.02), (4,)), 2
    reporter = Watching(run)
    search(workspace, run, reporter)
    second_round = [outcomes for outcomes in reporter.seen if len(outcomes) == places]
    assert len(second_round) == 18, "of the 27 steps the first round took 9"
    assert all(outcomes == ["others were better after round 1", "under way"] for outcomes in second_round)
