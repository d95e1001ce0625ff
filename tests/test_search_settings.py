"""A search over learning rate and rank: who goes on, what is kept, and that the best is an ordinary fine-tune."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch.nn.modules import module as modules

from data import jobs
from data.child import Reporter
from data.disk import read_json
from data.errors import Stopped, UserError
from data.store import resolve, versions
from data.workspace import Workspace
from eval.checkpoint import measure
from sft.adapters import QUESTIONS
from sft.checks import Measured
from sft.choice import Point
from sft.config import TrainConfig
from sft.orders import order_search
from sft.search import NOTHING_YET, search
from sft.sought import Trial, goes_on, rounds, settled, standing
from tests import tiny
from tests.test_sft_proofs import hooked, small_machine
from tests.tiny import config, tune

home, workspace = tiny.home, tiny.workspace
RATES, RANKS = (1e-6, 0.02), (2, 8)


def test_the_best_third_goes_on_three_times_as_far() -> None:
    plan = rounds(9)
    assert plan.counts == (9, 3, 1)
    assert plan.spans == ((0.0, 1 / 9), (1 / 9, 1 / 3), (1 / 3, 1.0))
    assert plan.trainings == pytest.approx(9 / 9 + 3 * 2 / 9 + 2 / 3), "2.3 fine-tunes instead of 9"
    assert rounds(2).counts == (2, 1)


def test_the_criterion_chooses_and_a_failed_trial_never_goes_on() -> None:
    def trial(loss: float, metric: float, failed: str = "") -> Trial:
        return Trial(0.1, 8, 16, best=Point(3, loss, metric), failed=failed)

    trials = [trial(0.5, 0.2), trial(0.9, 0.8), trial(0.1, 0.9, "The loss became nan."), trial(0.6, 0.8)]
    assert goes_on(trials, [0, 1, 2, 3], "loss", 1) == [0]
    assert goes_on(trials, [0, 1, 2, 3], "metric", 1) == [3], "of equal metrics the lower loss"
    assert goes_on(trials, [0, 1], "metric", 5) == [0, 1]


def test_pairs_that_cannot_be_searched_are_refused_with_a_sentence() -> None:
    assert [(t.learning_rate, t.rank, t.alpha) for t in settled(TrainConfig(), (0.1, 0.1), (4, 8))] == [
        (0.1, 4, 8), (0.1, 8, 16),
    ]  # fmt: skip
    with pytest.raises(UserError, match=r"A search over 1 pair of settings"):
        settled(TrainConfig(), (0.1,), (8,))
    with pytest.raises(UserError, match=r"A search over 25 pairs"):
        settled(TrainConfig(), tuple(n / 1000 for n in range(1, 26)), (8,))
    with pytest.raises(UserError, match=r"learning rate is -1\."):
        settled(TrainConfig(), (0.1, -1.0), (8,))
    with pytest.raises(UserError, match=r"rank is 0\."):
        settled(TrainConfig(), (0.1,), (0, 8))
    with pytest.raises(UserError, match=r"The method full has no rank to search over"):
        settled(TrainConfig(method="full"), (0.1,), (4, 8))


def ordered(workspace: Workspace, home: Path, name: str) -> jobs.Run:
    rows = str(home / "rows.jsonl")
    return order_search(workspace, name, config(home, epochs=9, criterion="loss"), rows, rows, RATES, RANKS)


class StopsAfter(Reporter):
    """A reporter whose user asks for a stop after so many steps of all trials."""

    left = 12

    def step(self, done: float, total: float, text: str) -> None:
        self.left -= 1
        if not self.left:
            jobs.request_stop(self.run)
        super().step(done, total, text)


def test_the_best_trial_is_the_fine_tune_it_would_have_been_alone_also_after_a_stop(
    workspace: Workspace, home: Path
) -> None:
    run = ordered(workspace, home, "sought")
    with pytest.raises(Stopped) as stop:
        search(workspace, run, StopsAfter(run), measure)
    before = standing(run.folder)
    assert 0 < len(before) < 6
    halted = stop.value.summary
    assert (halted["name"], halted["ended"]) == ("sought@1", "stopped"), "the best so far is kept"
    assert "when the search was stopped" in halted["reason"]
    became = {row["outcome"] for row in halted["rows_of_search"]}
    assert became == {"chosen", "stopped before its end"}
    losses = [trial.best.loss for trial in before.values() if trial.best]
    assert halted["validation_loss"] == resolve(workspace, "adapters", "sought@1").manifest()["summary"][
        "validation_loss"] <= min(loss for loss in losses if loss is not None)  # fmt: skip
    (run.folder / "stop").unlink()
    summary = search(workspace, run, Reporter(run), measure)
    assert summary["name"] == "sought@2"
    table = summary["rows_of_search"]
    chosen = [row for row in table if row["outcome"] == "chosen"]
    assert [row["learning_rate"] for row in chosen] == [0.02]
    assert len(table) == 4
    assert sorted(row["steps"] for row in table) == [3, 3, 9, 27], "a ninth, a third, all of 27 steps"
    assert chosen[0]["steps"] == chosen[0]["planned"] == 27
    assert chosen[0]["validation_loss"] == min(row["validation_loss"] for row in table)
    assert "n = 24 rows" in summary["reason"]
    alone = tune(workspace, home, "alone", epochs=9, patience=0, rank=chosen[0]["rank"], learning_rate=0.02)
    best, same = (
        load_file(resolve(workspace, "adapters", ref).path / "adapter_model.safetensors")
        for ref in (summary["name"], alone.ref)
    )
    assert best.keys() == same.keys()
    assert all(torch.equal(best[key], same[key]) for key in best)
    assert taught(workspace, summary["name"]) == taught(workspace, alone.ref)
    assert taught(workspace, alone.ref)["facts"] == list("01234567"), "a bench tells taught questions from others"
    plain = alone.manifest()["summary"]
    assert set(plain) <= set(summary)
    assert set(plain["notes"]) <= set(summary["notes"])
    assert summary["metric"] == "exact_match"
    assert 0 <= summary["metric_low"] <= summary["metric_mean"] <= summary["metric_high"] <= 1
    assert summary["metric_n"] == 24
    trials = standing(run.folder)
    assert all(any("eval_loss" in point for point in trial.curve) for trial in trials.values()), "each curve is kept"
    manifest = resolve(workspace, "adapters", summary["name"]).manifest()
    assert manifest["settings"]["learning_rate"] == 0.02
    assert manifest["reasons"]["rank"] == summary["reason"]
    assert manifest["curve"][0]["step"] == 0, "the untuned base, which only the first trial measured"
    assert search(workspace, run, Reporter(run))["name"] == summary["name"], "a finished search is not done again"


def test_the_model_of_a_search_tells_its_metric_with_interval_and_n_and_what_is_doubtful(
    workspace: Workspace, home: Path
) -> None:
    rows = str(home / "rows.jsonl")
    run = order_search(workspace, "measured", config(home, epochs=1), rows, rows, (0.01, 0.02), (4,))
    summary = search(workspace, run, Reporter(run), lambda metric, pairs: Measured(0.5, 0.25, 0.75, len(pairs)))
    told = [summary[f"metric{part}"] for part in ("", "_mean", "_low", "_high", "_n")]
    assert told == ["exact_match", 0.5, 0.25, 0.75, 24]
    manifest = resolve(workspace, "adapters", summary["name"]).manifest()
    assert manifest["settings"]["patience"] == 0, "no trial stops early, whatever was ordered"
    assert "the best exact match 50.0 % (95 % interval 25.0 to 75.0, n = 24 answers; " in summary["reason"]
    assert any(note.startswith("24 of 24 validation questions stand word for word") for note in summary["notes"])


def taught(workspace: Workspace, ref: str) -> dict[str, Any]:
    """What a tuned model says of the questions it was taught."""
    return read_json(resolve(workspace, "adapters", ref).path / QUESTIONS)


def test_a_search_stopped_before_its_first_check_keeps_the_step_reached(workspace: Workspace, home: Path) -> None:
    run = ordered(workspace, home, "hasty")
    reporter = StopsAfter(run)
    reporter.left = 2
    with pytest.raises(Stopped) as stop:
        search(workspace, run, reporter)
    assert (stop.value.summary["name"], stop.value.summary["steps"]) == ("hasty@1", 2)
    assert "no trial had been checked when the search was stopped" in stop.value.summary["reason"]


def test_a_search_stopped_before_its_first_checkpoint_says_that_there_is_no_model(
    workspace: Workspace, home: Path
) -> None:
    run = ordered(workspace, home, "hastier")
    jobs.request_stop(run)
    with pytest.raises(Stopped) as stop:
        search(workspace, run, Reporter(run))
    assert stop.value.summary["name"] is None
    assert stop.value.summary["notes"] == [NOTHING_YET]
    assert versions(workspace, "adapters", "hastier") == []


def no_room_for_rank(rank: int) -> Callable[..., None]:
    """A machine whose memory runs out where an adapter of this rank is trained."""

    def check(layer: Any, inputs: Any) -> None:
        if isinstance(layer, torch.nn.Linear) and layer.training and layer.out_features == rank:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    return check


def test_a_trial_for_which_memory_does_not_suffice_fails_in_words_and_the_others_go_on(
    workspace: Workspace, home: Path
) -> None:
    run = ordered(workspace, home, "narrow")
    with hooked(modules.register_module_forward_pre_hook, no_room_for_rank(8)):
        summary = search(workspace, run, Reporter(run))
    told = {(row["learning_rate"], row["rank"]): row["outcome"] for row in summary["rows_of_search"]}
    assert {told[rate, 8] for rate in RATES} == {"Memory does not suffice for 8 rows at once."}
    assert told[0.02, 2] == "chosen"
    assert summary["ended"] == "complete"


def test_a_search_of_which_no_trial_fits_in_memory_says_what_to_do(workspace: Workspace, home: Path) -> None:
    run = ordered(workspace, home, "tight")
    with (
        hooked(modules.register_module_forward_pre_hook, small_machine(4)),
        pytest.raises(UserError, match=r"The first: Memory does not suffice for 8 rows at once\. Use a smaller batch"),
    ):
        search(workspace, run, Reporter(run))


class FullDisk(Reporter):
    """At the first checkpoint there is no room for the optimizer's state: its file leads to /dev/full."""

    def step(self, done: float, total: float, text: str) -> None:
        folder = self.folder / "trials" / "0" / "checkpoints" / "checkpoint-3"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "optimizer.pt").unlink(missing_ok=True)
        (folder / "optimizer.pt").symlink_to("/dev/full")
        super().step(done, total, text)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_not_the_trials_failure_so_a_resume_trains_it_again(workspace: Workspace, home: Path) -> None:
    run = ordered(workspace, home, "full")
    with pytest.raises(UserError, match=r"after step 3 could not be written.*Free some space, then resume"):
        search(workspace, run, FullDisk(run))
    assert standing(run.folder) == {}
    summary = search(workspace, run, Reporter(run))
    assert summary["ended"] == "complete"
    assert standing(run.folder)[0].failed == ""


def test_without_validation_rows_a_search_is_refused(workspace: Workspace, home: Path) -> None:
    few = tiny.written(home / "few.jsonl", tiny.facts()[:6])
    run = order_search(workspace, "few", config(home), str(few), None, RATES, RANKS)
    with pytest.raises(UserError, match=r"A search chooses by validation rows, and there are none"):
        search(workspace, run, Reporter(run))
