"""Fine-tuning: the same weights however a run was cut up, and the best checkpoint kept whatever goes wrong."""

from __future__ import annotations

import fcntl
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch.nn.modules import module as modules

from data import child, jobs
from data.child import Reporter
from data.errors import UserError
from data.schema import Example
from data.store import resolve, versions
from data.workspace import Workspace
from eval.checkpoint import measure
from sft.checkpoints import last_whole
from sft.checks import Measured
from sft.config import TrainConfig
from sft.curve import lived
from sft.orders import order_training
from sft.shortage import in_parts, ran_out
from sft.train import train
from tests import tiny
from tests.tiny import ROOT, config

home, workspace = tiny.home, tiny.workspace
Weights = dict[str, torch.Tensor]


def ordered(workspace: Workspace, home: Path, name: str, **values: Any) -> jobs.Run:
    rows = str(home / "rows.jsonl")
    return order_training(workspace, name, config(home, **values), rows, rows)


def weights(workspace: Workspace, ref: str) -> Weights:
    return load_file(resolve(workspace, "adapters", ref).path / "adapter_model.safetensors")


def trained(workspace: Workspace, home: Path, name: str, **values: Any) -> Weights:
    run = ordered(workspace, home, name, **values)
    return weights(workspace, train(workspace, run, Reporter(run), measure)["name"])


def losses(run: jobs.Run) -> dict[int, float]:
    return {row["step"]: row["loss"] for row in lived(jobs.curve(run)) if "loss" in row}


def equal(first: Weights, second: Weights) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[key], second[key]) for key in first)


@contextmanager
def hooked(register: Callable[[Any], Any], hook: Callable[..., Any]) -> Iterator[None]:
    """A hook that torch calls for every module: stands for a machine that is small, or computes nonsense."""
    handle = register(hook)
    try:
        yield
    finally:
        handle.remove()


def test_a_run_killed_at_a_random_step_and_resumed_has_the_weights_of_one_never_killed(
    workspace: Workspace, home: Path
) -> None:
    """With dropout, whose random numbers must go on as well; questions are asked at every checkpoint on the way."""
    step = random.SystemRandom().randrange(1, 18)
    never = trained(workspace, home, "never", dropout=0.1)
    run = ordered(workspace, home, "killed", dropout=0.1)
    environment = {**os.environ, "CROSSOVER_HOME": str(workspace.root), "OMP_NUM_THREADS": str(torch.get_num_threads())}
    command = [sys.executable, str(Path(__file__).with_name("killed_train.py")), run.id, str(step)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]
    assert max(losses(run), default=0) == step - 1, "the step it died after was not told any more"
    summary = train(workspace, run, Reporter(run), measure)
    assert summary["steps"] == 18
    assert equal(weights(workspace, summary["name"]), never), f"killed after step {step}"
    assert list(losses(run)) == list(range(1, 19)), "the curve has every step once"


def test_a_batch_of_eight_equals_four_batches_of_two_added_up(workspace: Workspace, home: Path) -> None:
    whole = ordered(workspace, home, "whole", epochs=3)
    parts = ordered(workspace, home, "parts", epochs=3, batch_size=2, accumulation=4)
    other = ordered(workspace, home, "other", epochs=3, batch_size=2)
    names = [train(workspace, run, Reporter(run))["name"] for run in (whole, parts, other)]
    curves = [losses(run) for run in (whole, parts, other)]
    assert list(curves[0]) == list(curves[1]) == list(range(1, 10))
    assert len(curves[2]) == 36
    for step, loss in curves[0].items():
        assert curves[1][step] == pytest.approx(loss, rel=0.02), step
    first, second, third = (torch.cat([w.flatten() for w in weights(workspace, name).values()]) for name in names)
    apart, far = (first - second).norm() / first.norm(), (first - third).norm() / first.norm()
    assert apart < 0.1 < far


def test_the_peak_of_the_task_metric_is_kept_and_training_stops_after_it(workspace: Workspace, home: Path) -> None:
    """The measure that is handed down plants an overfit run: its answers are best at the third checkpoint."""
    planted = iter([0.0, 0.2, 0.5, 0.9, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0])

    def judge(metric: str, pairs: Sequence[tuple[Example, str]]) -> Measured:
        assert metric == "exact_match"
        assert {example.id for example, _ in pairs} <= {f"{n}-{w}" for n in range(8) for w in range(3)}
        mean = next(planted)
        return Measured(mean, max(0.0, mean - 0.1), mean + 0.1, len(pairs))

    run = ordered(workspace, home, "overfit", patience=3, stopping="metric")
    summary = train(workspace, run, Reporter(run), judge)
    assert (summary["best_step"], summary["ended"], summary["steps"]) == (6, "early", 12)
    assert (summary["metric"], summary["metric_mean"], summary["metric_n"]) == ("exact_match", 0.9, 24)
    by_loss = min((row for row in jobs.curve(run) if "validation_loss" in row), key=lambda row: row["validation_loss"])
    assert by_loss["step"] != 6, "the loss alone would have kept another"
    assert [row["step"] for row in jobs.curve(run) if "mean" in row] == [0, 2, 4, 6, 8, 10, 12], "0 is the base"
    manifest = resolve(workspace, "adapters", summary["name"]).manifest()
    assert manifest["criterion"]["keep"] == "metric"
    assert manifest["criterion"]["asked"] == "24 of 24 validation prompts (seed 0)"


def test_answers_at_checkpoints_change_nothing_and_are_those_of_the_finished_model(
    workspace: Workspace, home: Path
) -> None:
    seen: list[list[str]] = []

    def judge(metric: str, pairs: Sequence[tuple[Example, str]]) -> Measured:
        seen.append([text for _, text in sorted((example.question, text) for example, text in pairs)])
        return measure(metric, pairs)

    run = ordered(workspace, home, "asked", criterion="loss", patience=0)
    summary = train(workspace, run, Reporter(run), judge)
    silent = ordered(workspace, home, "silent", patience=0)
    unasked = train(workspace, silent, Reporter(silent))
    assert summary["best_step"] == unasked["best_step"]
    assert equal(weights(workspace, summary["name"]), weights(workspace, unasked["name"]))

    from data.prompts import INSTRUCTION, question_turn
    from data.schema import DecodeSettings
    from sft.model import LocalModel

    view = LocalModel.load(str(home / "tiny")).tuned(resolve(workspace, "adapters", summary["name"]))
    asked = [question_turn(example.question, instruction=INSTRUCTION)
             for example in sorted(tiny.facts(), key=lambda example: example.question)]  # fmt: skip
    longest = max(len(view.model.tokens.answer(name)) for name in tiny.NAMES)
    texts = [one.text for one in view.generate(asked, DecodeSettings(longest + 4))]
    assert seen[summary["best_step"] // 2] == texts
    assert seen[0] != texts, "step 0 is the untuned base"


def test_a_bad_loss_ends_the_run_at_that_step_and_the_last_good_checkpoint_is_kept(
    workspace: Workspace, home: Path
) -> None:
    calls = iter(range(1, 100))

    def nonsense(layer: Any, inputs: Any, output: Any) -> Any:
        if isinstance(layer, torch.nn.Embedding) and layer.training and next(calls) == 5:
            return output * float("inf")
        return output

    run = ordered(workspace, home, "bad")
    with (
        hooked(modules.register_module_forward_hook, nonsense),
        pytest.raises(UserError, match=r"training loss became (nan|inf) at step 5\..*lower learning.*kept as bad@1"),
    ):
        train(workspace, run, Reporter(run), measure)
    kept = resolve(workspace, "adapters", "bad@1").manifest()["summary"]
    assert kept["best_step"] in (2, 4)
    assert all(bool(torch.isfinite(value).all()) for value in weights(workspace, "bad@1").values())
    assert max(losses(run)) == 4


class FullDisk(Reporter):
    """At the second checkpoint there is no room for the optimizer's state: its file leads to /dev/full."""

    def step(self, done: float, total: float, text: str) -> None:
        if done == 3:
            folder = self.folder / "checkpoints" / "checkpoint-4"
            folder.mkdir()
            (folder / self.file).symlink_to("/dev/full")
        super().step(done, total, text)

    file = "optimizer.pt"


class FullAtLast(FullDisk):
    """The same for the file that is written last, by other means."""

    file = "trainer_state.json"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("full", [FullDisk, FullAtLast])
def test_a_full_disk_at_a_checkpoint_leaves_nothing_half_written_and_can_be_resumed(
    workspace: Workspace, home: Path, full: type[FullDisk]
) -> None:
    run = ordered(workspace, home, f"full-{full.__name__}")
    with pytest.raises(UserError, match=r"after step 4 could not be written.*Free some space, then resume"):
        train(workspace, run, full(run))
    checkpoints = run.folder / "checkpoints"
    assert [path.name for path in checkpoints.iterdir() if path.is_dir()] == ["checkpoint-2"]
    assert last_whole(checkpoints) == checkpoints / "checkpoint-2"
    assert versions(workspace, "adapters", run.name) == []
    finished = train(workspace, run, Reporter(run))
    assert finished["steps"] == 18


def small_machine(most: int) -> Callable[..., None]:
    """A machine whose memory holds so many rows in training."""

    def check(layer: Any, inputs: Any) -> None:
        if isinstance(layer, torch.nn.Embedding) and layer.training and inputs[0].shape[0] > most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    return check


def test_out_of_memory_halves_the_batch_once_says_so_and_computes_the_same(workspace: Workspace, home: Path) -> None:
    run, plain = ordered(workspace, home, "small", epochs=2), ordered(workspace, home, "roomy", epochs=2)
    with hooked(modules.register_module_forward_pre_hook, small_machine(4)):
        summary = train(workspace, run, Reporter(run))
    said = "Memory ran out with 8 rows at once: 4 at once, 2 times for each step, compute the same."
    assert summary["notes"][0] == said
    assert jobs.load(workspace, run.id).status["note"] == said
    settings = resolve(workspace, "adapters", summary["name"]).manifest()["settings"]
    assert (settings["batch_size"], settings["accumulation"]) == (4, 2)
    train(workspace, plain, Reporter(plain))
    for step, loss in losses(plain).items():
        assert losses(run)[step] == pytest.approx(loss, rel=0.02)


def test_memory_that_does_not_suffice_for_half_the_batch_either_is_a_sentence(workspace: Workspace, home: Path) -> None:
    run = ordered(workspace, home, "tight", epochs=2)
    with (
        hooked(modules.register_module_forward_pre_hook, small_machine(2)),
        pytest.raises(UserError, match=r"Memory does not suffice for 4 rows at once.*smaller batch size"),
    ):
        train(workspace, run, Reporter(run))


def test_smaller_parts_keep_the_rows_of_a_step() -> None:
    sizes = [(16, 8, 2), (15, 5, 3), (7, 1, 7), (2, 1, 2)]
    for rows, part, times in sizes:
        smaller = in_parts(TrainConfig(batch_size=rows, accumulation=3))
        assert smaller
        assert (smaller.batch_size, smaller.accumulation) == (part, 3 * times)
    assert in_parts(TrainConfig(batch_size=1)) is None
    assert ran_out(MemoryError())
    assert ran_out(RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"))
    assert not ran_out(RuntimeError("shapes differ"))


def wait_for(workspace: Workspace, run: jobs.Run, fits: Callable[[jobs.Run], bool], seconds: float = 300) -> jobs.Run:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if fits(now := jobs.load(workspace, run.id)):
            return now
        time.sleep(0.1)
    raise AssertionError(f"still {jobs.load(workspace, run.id).status}\n{jobs.log_tail(run)}")


def test_a_second_fine_tune_waits_for_the_device_and_several_processes_end_with_one_adapter(
    workspace: Workspace, home: Path
) -> None:
    """Two processes on this processor (torchrun, gloo) share out every batch, so they learn what one learns."""
    alone = ordered(workspace, home, "alone", epochs=3)
    train(workspace, alone, Reporter(alone), measure)
    run = ordered(workspace, home, "pair", epochs=3, processes=2)
    with open(workspace.root / "device.lock", "a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.truncate(0)
        lock.write("the-first-run")
        lock.flush()
        process = jobs.start(workspace, run)
        waiting = wait_for(workspace, run, lambda now: "waiting" in now.status.get("text", ""))
        assert waiting.state == "queued"
        assert waiting.status["text"] == "waiting for the device, which the-first-run is using"
    assert process.wait(300) == 0, jobs.log_tail(run)
    done = jobs.load(workspace, run.id)
    assert done.state == "done", jobs.log_tail(run)
    assert done.status["threads_reason"].startswith("2 processes share")
    assert versions(workspace, "adapters", "pair") == [1]
    for step, loss in losses(alone).items():
        assert losses(run)[step] == pytest.approx(loss, rel=0.02)
    one, two = (torch.cat([w.flatten() for w in weights(workspace, name).values()]) for name in ("alone", "pair"))
    assert (one - two).norm() / one.norm() < 0.1


def test_a_stop_of_several_processes_ends_them_together_and_keeps_the_best(workspace: Workspace, home: Path) -> None:
    """The stop is asked for after step 7, three checks into the run; then the run is resumed by two processes again."""
    run = ordered(workspace, home, "halted", processes=2, patience=0)
    script = str(Path(__file__).with_name("ranked_train.py"))
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", script, run.id]
    environment = {**os.environ, "CROSSOVER_HOME": str(workspace.root), "OMP_NUM_THREADS": "1"}
    done = subprocess.run([*command, "7"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    stopped = jobs.load(workspace, run.id)
    assert stopped.state == "stopped", done.stderr[-3000:]
    kept = stopped.status["summary"]
    assert (kept["ended"], kept["steps"], kept["name"]) == ("stopped", 7, "halted@1")
    checks = {row["step"]: (row["mean"], -row["validation_loss"]) for row in together(jobs.curve(run)) if row["step"]}
    assert sorted(checks) == [2, 4, 6]
    assert kept["best_step"] == max(checks, key=lambda step: checks[step])
    assert versions(workspace, "adapters", "halted") == [1], "one adapter, of the process that reports"
    assert jobs.start(workspace, run).wait(300) == 0, jobs.log_tail(run)
    ended = jobs.load(workspace, run.id)
    assert (ended.state, ended.status["summary"]["steps"]) == ("done", 18), jobs.log_tail(run)
    assert [row["resumed_from"] for row in jobs.curve(run) if "resumed_from" in row] == [-1, 7]


def together(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The validation loss and the answers of each check in one row."""
    losses = {row["step"]: row["validation_loss"] for row in rows if "validation_loss" in row}
    return [{**row, "validation_loss": losses[row["step"]]} for row in rows if "mean" in row]


def test_threads_say_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CROSSOVER_THREADS", raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", jobs.child_environment()["OMP_NUM_THREADS"])
    assert child.threads() == max(1, (os.cpu_count() or 2) - 1)
    assert "one" in child.threads_reason()
    monkeypatch.setenv("CROSSOVER_THREADS", "3")
    assert jobs.child_environment()["OMP_NUM_THREADS"] == "3"
    assert child.threads_reason() == "CROSSOVER_THREADS asks for it"
