"""Fine-tuning: a stop, a kill or a bad loss costs nothing that was finished."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from data import child, jobs
from data.child import Reporter
from data.errors import Stopped, UserError
from data.store import Artifact, resolve
from data.workspace import Workspace
from sft.checkpoints import is_whole, last_whole, seal
from sft.curve import lived
from sft.orders import order_training
from sft.train import train
from tests import tiny
from tests.tiny import ROOT, config, tiny_model

home, workspace, tuned = tiny.home, tiny.workspace, tiny.tuned


class StopsAt(Reporter):
    """A reporter whose user asks for a stop after so many steps."""

    at = 4

    def step(self, done: float, total: float, text: str) -> None:
        if done >= self.at:
            jobs.request_stop(self.run)
        super().step(done, total, text)


def test_a_stop_keeps_the_best_so_far_and_resuming_finishes(tuned: Artifact, workspace: Workspace, home: Path) -> None:
    rows = str(home / "rows.jsonl")
    run = order_training(workspace, "stopped", config(home), rows, rows)
    with pytest.raises(Stopped) as stopped:
        train(workspace, run, StopsAt(run))
    kept = stopped.value.summary
    assert kept["name"] == "stopped@1"
    assert (kept["ended"], kept["steps"]) == ("stopped", 4)
    assert resolve(workspace, "adapters", "stopped@1").manifest()["summary"]["ended"] == "stopped"
    (run.folder / "stop").unlink()
    finished = train(workspace, run, Reporter(run))
    assert (finished["name"], finished["ended"], finished["steps"]) == ("stopped@2", "complete", 18)
    never_stopped = load_file(tuned.path / "adapter_model.safetensors")
    resumed = load_file(resolve(workspace, "adapters", "stopped@2").path / "adapter_model.safetensors")
    assert all(torch.equal(never_stopped[key], resumed[key]) for key in resumed)
    assert train(workspace, run, Reporter(run))["name"] == "stopped@2"  # a finished run is not trained again


class StopsInCheck(Reporter):
    """A reporter whose user asks for a stop while the check after step four is running."""

    asked = False

    def step(self, done: float, total: float, text: str) -> None:
        super().step(done, total, text)
        self.asked = done == 4

    def should_stop(self) -> bool:
        return self.asked


def test_a_stop_during_a_check_loses_no_step_and_the_check_is_made_up_for(
    tuned: Artifact, workspace: Workspace, home: Path
) -> None:
    rows = str(home / "rows.jsonl")
    run = order_training(workspace, "unchecked", config(home), rows, rows)
    with pytest.raises(Stopped) as stopped:
        train(workspace, run, StopsInCheck(run))
    assert stopped.value.summary["steps"] == 4
    reached = last_whole(run.folder / "checkpoints")
    assert reached is not None
    assert reached.name == "checkpoint-4"
    finished = resolve(workspace, "adapters", train(workspace, run, Reporter(run))["name"])
    ours, theirs = (load_file(one.path / "adapter_model.safetensors") for one in (finished, tuned))
    assert all(torch.equal(ours[key], theirs[key]) for key in theirs)
    curves = [[(row["step"], row["eval_loss"]) for row in one.manifest()["curve"] if "eval_loss" in row]
              for one in (finished, tuned)]  # fmt: skip
    assert curves[0] == curves[1]
    assert 4 in dict(curves[0])


def test_a_half_written_checkpoint_is_never_resumed_from(tmp_path: Path) -> None:
    for step in (2, 10):
        (tmp_path / f"checkpoint-{step}").mkdir()
        (tmp_path / f"checkpoint-{step}" / "weights").write_text("1")
    seal(tmp_path / "checkpoint-2")
    assert last_whole(tmp_path) == tmp_path / "checkpoint-2"
    assert not (tmp_path / "checkpoint-10").exists()
    (tmp_path / "checkpoint-2" / "weights").write_text("2")
    assert not is_whole(tmp_path / "checkpoint-2")


def test_a_run_killed_with_kill_9_is_died_and_its_resumption_ends(workspace: Workspace, home: Path) -> None:
    """The child announces step 10 and waits there to be killed; checkpoints are made after every ninth step."""
    rows = str(home / "rows.jsonl")
    run = order_training(workspace, "killed", config(home, epochs=30, patience=0), rows, rows)
    command = [sys.executable, str(Path(__file__).with_name("held_train.py")), run.id, "10"]
    environment = {**os.environ, "CROSSOVER_HOME": str(workspace.root)}
    with open(run.folder / "log.txt", "wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True)
    while not any(row.get("step") == 10 for row in jobs.curve(run)):
        assert process.poll() is None, jobs.log_tail(run)
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    died = jobs.load(workspace, run.id)
    assert died.state == "died"
    assert last_whole(run.folder / "checkpoints") == run.folder / "checkpoints" / "checkpoint-9"
    assert child.run(workspace, run.id, lambda this, reporter: train(workspace, this, reporter), True) == 0
    ended = jobs.load(workspace, run.id)
    assert ended.state == "done"
    assert ended.status["summary"]["steps"] == 90
    measured = jobs.curve(ended)
    assert [p["resumed_from"] for p in measured if "resumed_from" in p] == [-1, 9]
    assert [p["step"] for p in measured if "validation_loss" in p].count(0) == 1
    assert [p["step"] for p in lived(measured) if "loss" in p] == list(range(1, 91))


def test_a_loss_that_is_no_number_ends_the_run_with_a_sentence(
    workspace: Workspace, home: Path, tmp_path: Path
) -> None:
    base = tiny_model(tmp_path / "broken")
    weights = load_file(base / "model.safetensors")
    save_file({k: v * float("nan") for k, v in weights.items()}, base / "model.safetensors", {"format": "pt"})
    run = order_training(workspace, "nan", config(home, model=str(base)), str(home / "rows.jsonl"))
    with pytest.raises(UserError, match=r"loss became nan at step 0.*lower learning rate"):
        train(workspace, run, Reporter(run))
