"""A search of settings on the page Fine-tune: found after a reload and from Runs, with the trial under way."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from data import jobs
from data.disk import append_jsonl
from data.workspace import Workspace, open_workspace
from sft.choice import Point
from sft.config import TrainConfig
from sft.sought import rows, settled
from tests.test_pages import at, table, texts
from tests.test_tune_page import alive, bar
from tests.test_tuned_page import made

ASKED = {"learning_rates": [0.001, 0.01], "ranks": [8]}
REASON = "the best validation loss 1.200 (n = 24 rows) of 2 trials, at step 9"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("CROSSOVER_HOME", str(tmp_path / "workspace"))
    return open_workspace(tmp_path / "workspace")


def search(home: Workspace, state: str, **more: Any) -> jobs.Run:
    """A search whose second trial has begun, and that is in this state."""
    run = jobs.order(home, "search", "sought", asdict(TrainConfig()), {"search": ASKED})
    append_jsonl(run.folder / "progress.jsonl", [
        {"trial": 0, "step": 0, "validation_loss": 2.5}, {"trial": 0, "step": 0, "check_seconds": 1.0},
        {"trial": 0, "step": 3, "loss": 2.25}, {"trial": 0, "step": 3, "validation_loss": 2.125},
        {"trial": 1, "step": 1, "loss": 1.875}, {"trial": 1, "step": 2, "loss": 1.75},
    ])  # fmt: skip
    alive(run, state, **more)
    return jobs.load(home, run.id)


def test_a_running_search_stands_in_sight_after_a_reload_with_the_trial_under_way(home: Workspace) -> None:
    run = search(home, "running", text="trial 2 (learning rate 0.01, rank 8): step 2 of 9, epoch 2.0, loss 1.750",
                 done=0.5, total=1.3, seconds_left=75.0)  # fmt: skip
    app = at("tune")
    assert not app.exception
    assert app.query_params["run"] == run.id
    assert not any(box.get("progress") for box in app.expander), "no closed box hides it"
    assert "step 2 of 9, epoch 2.0, loss 1.750, about 1 min 15 s left" in bar(app)
    assert "Trial 2 of 2 (learning rate 0.01, rank 8), step 2: training loss 1.750." in texts(app)


def test_a_search_that_died_near_the_end_of_memory_says_so(home: Workspace) -> None:
    run = search(home, "running", needed_bytes=30 * 10**9, available_bytes=20 * 10**9, pid_started=0.0)  # is gone
    app = at("tune", run=run.id)
    assert not app.exception
    assert "Memory may have run out (about 30.0 GB needed, 20.0 GB there)" in texts(app)


def test_the_link_of_the_page_runs_leads_to_the_result_of_a_search_though_a_newer_one_is_there(home: Workspace) -> None:
    made(home, "sought")
    summary = {"name": "sought@1", "reason": REASON, "notes": ["validation rows of a file."], "metric": "exact_match",
               "metric_n": 24, "rows_of_search": rows(settled(TrainConfig(), *ASKED.values()), 1)}  # fmt: skip
    run, _ = search(home, "done", summary=summary), search(home, "done")
    link = at("runs", run=run.id).get("page_link")[-1].proto
    assert (link.label, link.query_string) == ("Its result, on the page Fine-tune", f"run={run.id}")
    app = at("tune", run=run.id)
    assert not app.exception
    assert f"sought@1: {REASON}." in texts(app)
    assert "Validation rows of a file." in texts(app)
    assert list(table(app, "Outcome")["Outcome"]) == ["not begun", "chosen"]
    assert app.button(key="tune_done_compare")


def test_the_metric_of_a_trial_is_named_and_counted_as_everywhere(home: Workspace) -> None:
    first, second = settled(TrainConfig(), *ASKED.values())
    point = {"step": 9, "eval_metric": 0.5, "eval_metric_low": 0.25, "eval_metric_high": 0.75, "eval_metric_n": 24}
    trials = [first, replace(second, best=Point(9, 1.2, 0.5), curve=(point,))]
    summary = {"name": "sought@1", "reason": REASON, "notes": [], "metric": "token_f1", "metric_n": 24,
               "rows_of_search": rows(trials, 1)}  # fmt: skip
    shown = table(at("tune", run=search(home, "done", summary=summary).id), "Outcome")
    assert shown["Token F1, % (n = 24)"].iloc[1] == "50.0 (25.0 to 75.0)"


def test_a_search_beside_a_fine_tune_and_one_that_ended_early_are_named(home: Workspace) -> None:
    tuning = jobs.order(home, "train", "tuned", {}, {})
    alive(tuning, "running", text="step 3 of 9", done=3, total=9)
    run = search(home, "queued", text=f"waiting for the device, which {tuning.id} is using")
    assert f"waiting for the device, which {tuning.id} is using" in texts(at("tune", run=tuning.id))
    alive(run, "stopped", summary={"name": None, "notes": ["No tuned model was made of it."]})
    assert "Not finished: sought (stopped)." in texts(at("tune", run=tuning.id))
    app = at("tune", run=run.id)
    assert "No tuned model was made of it." in texts(app)
    assert app.button(key=f"resume_{run.id}")
