"""What a fine-tune will take: the arithmetic, and the measured memory against a real run's."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from torch.nn.modules import module as modules

from data import child, jobs
from data.child import Reporter
from data.errors import Stopped, UserError
from data.schema import Example
from data.workspace import Workspace
from sft import __main__ as shell
from sft.ahead import Plan, measured_steps, padded
from sft.estimate import estimate, fitting, line, sentences
from sft.orders import order_estimate, order_training
from sft.rows import Row
from tests import tiny
from tests.test_sft_proofs import hooked, small_machine
from tests.tiny import ROOT, config, facts, tiny_model, written

home, workspace = tiny.home, tiny.workspace
FACTOR = 1.5  # how far the estimated growth of memory may be from a real run's, either way
BATCH = 96


def rows(*lengths: int) -> list[Row]:
    return [Row(str(number), [1] * (length - 1), [2], False) for number, length in enumerate(lengths)]


def test_a_step_is_a_fixed_part_and_a_part_per_token() -> None:
    assert line([(100, 1.2), (200, 2.2), (400, 4.2)]) == pytest.approx((0.2, 0.01))
    assert line([(100, 2.0), (200, 1.0)]) == pytest.approx((0.0, 0.01)), "noise never gives a negative part"
    assert line([(100, 2.0)]) == pytest.approx((0.0, 0.02))


def test_the_largest_step_is_measured_for_it_needs_the_most_memory() -> None:
    made = rows(5, 90, 10, 10, 40, 41)
    assert padded([made[1], made[0]], batch=2) == 180
    assert padded([made[1], made[0]], batch=1) == 95
    assert measured_steps(made, Plan([[0, 2], [1, 3], [4, 5]], 2, 3)) == [[1, 3], [4, 5], [0, 2]]
    assert measured_steps(made, Plan([[0, 1]], 2, 1)) == [[0, 1]]


def test_a_batch_that_fits_is_proposed_when_memory_is_short() -> None:
    assert fitting(16, loaded=100, most=500, room=1000) == 16
    assert fitting(16, loaded=100, most=900, room=500) == 8
    assert fitting(16, loaded=600, most=900, room=500) == 1


def test_the_sentences_name_memory_time_and_what_to_do() -> None:
    found = {
        "peak_bytes": 9_000_000_000, "available_bytes": 4_000_000_000, "device": "cpu", "fits": False, "batch_size": 16,
        "fitting_batch": 5, "step_seconds": 2.0, "measured_steps": 3, "longest_step_seconds": 4.0, "steps": 100,
        "longest_tokens": 800, "total_seconds": 220.0, "evaluations": 10, "evaluation_seconds": 2.0,
        "padding_share": 0.052,
    }  # fmt: skip
    memory, step, total, padding = sentences(found)
    assert memory.endswith("it needs 9.0 GB, and only 4.0 GB are available on this cpu. A batch of 5 rows should fit.")
    assert "2.00 s (n = 3 measured)" in step
    assert total == "In all about 3 min 40 s: 100 steps and 10 evaluations of about 2.0 s each."
    assert padding == "Padding: 5.2 % of the computed tokens."
    assert sentences(found | {"fitting_batch": 16})[0].endswith("Choose a smaller base.")


def test_an_estimate_plans_the_steps_that_the_run_then_takes_and_leaves_no_model(
    workspace: Workspace, home: Path
) -> None:
    file = str(home / "evident.jsonl")  # in a crowd, with rehearsals: the epochs are not all rows
    run = order_estimate(workspace, "plan", config(home, epochs=3), file, file)
    found = estimate(workspace, run, Reporter(run))
    real = order_training(workspace, "planned", config(home, epochs=3), file, file)
    from sft.train import train

    assert found["steps"] == train(workspace, real, Reporter(real))["planned_steps"]
    assert 0 <= found["padding_share"] < 0.5
    assert found["measured_steps"] >= 2
    assert {"dtype", "threads", "batch", "gradient checkpointing", "packing"} <= set(found["reasons"])
    assert not (workspace.folder("adapters") / "plan").exists()
    assert not list(run.folder.glob("trial/checkpoint-*"))


def test_an_estimate_obeys_a_stop(workspace: Workspace, home: Path) -> None:
    run = order_estimate(workspace, "halt", config(home), str(home / "rows.jsonl"))
    jobs.request_stop(run)
    with pytest.raises(Stopped):
        estimate(workspace, run, Reporter(run))
    child.run(workspace, run.id, lambda this, reporter: estimate(workspace, this, reporter), True)
    assert jobs.load(workspace, run.id).state == "stopped"


def test_an_estimate_for_which_memory_does_not_suffice_is_a_sentence(workspace: Workspace, home: Path) -> None:
    run = order_estimate(workspace, "tight", config(home), str(home / "rows.jsonl"))
    with (
        hooked(modules.register_module_forward_pre_hook, small_machine(4)),
        pytest.raises(UserError, match=r"Memory does not suffice for 8 rows at once\. Use a smaller batch size"),
    ):
        estimate(workspace, run, Reporter(run))


def test_a_bad_setting_is_refused_before_an_estimate_is_ordered(workspace: Workspace, home: Path) -> None:
    with pytest.raises(UserError, match=r"batch size is 0\."):
        order_estimate(workspace, "bad", config(home, batch_size=0), str(home / "rows.jsonl"))


def test_the_shell_estimates_rows_of_other_columns_and_says_what_they_take_and_why(
    workspace: Workspace, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("CROSSOVER_HOME", str(workspace.root))
    path = tmp_path / "german.jsonl"
    path.write_text("".join(json.dumps({"Frage": e.question, "Antwort": e.answers[0]}) + "\n" for e in facts()))
    arguments = ["estimate", "--train", str(path), "--model", str(home / "tiny"), "--asked", "0"]
    before = list(workspace.folder("adapters").iterdir())
    assert shell.main(shell.parser(), [*arguments, "--map", "question=Frage", "--map", "answers=Antwort"]) == 0
    said = capsys.readouterr().out
    for part in ("Memory: ", "Each step takes about ", "In all about ", "Padding: ", "  dtype: ", "  threads: ",
                 "  learning rate: usual for lora on a base of 0.0M parameters"):  # fmt: skip
        assert part in said, part
    assert list(workspace.folder("adapters").iterdir()) == before
    assert shell.main(shell.parser(), arguments) == 2, "without the columns the rows cannot be read"


REAL = """
import sys, json
from data import jobs
from data.child import Reporter
from data.options import from_saved
from data.workspace import open_workspace
from sft.config import TrainConfig
from sft.footprint import Peak
import sft.train
from sft.task import settle
workspace = open_workspace()
run = jobs.load(workspace, sys.argv[1])
reporter = Reporter(run)
# libraries and model in memory, as where the estimate begins to count
settle(workspace, run, reporter, from_saved(run.order['config'], TrainConfig))
with Peak("cpu") as peak:
    sft.train.train(workspace, run, reporter)
print(json.dumps(peak.most - peak.start))
"""


def test_the_estimated_memory_is_near_a_real_runs(
    workspace: Workspace, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Long rows in one large batch, so that what training adds is far more than what the allocator happens to keep."""
    base, size = tiny_model(tmp_path / "wide", "llama"), 2 * BATCH
    questions = [Example(str(n), f"{n} " + "xq" * 30, ("closed",)) for n in range(size)]
    file = str(written(tmp_path / "long.jsonl", questions))
    monkeypatch.setenv("CROSSOVER_HOME", str(workspace.root))
    asked = config(home, model=str(base), batch_size=BATCH, epochs=2)
    run = order_estimate(workspace, "memory", asked, file)
    assert jobs.start(workspace, run).wait(timeout=300) == 0, jobs.log_tail(run)
    guessed = jobs.load(workspace, run.id).status["summary"]["growth_bytes"]
    real = order_training(workspace, "memory", asked, file)
    command = [sys.executable, "-c", REAL, real.id]
    done = subprocess.run(command, cwd=ROOT, env=jobs.child_environment(), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    needed = json.loads(done.stdout.splitlines()[-1])
    assert needed > 100_000_000, "the rows are long enough for the comparison to mean something"
    assert needed / FACTOR < guessed < needed * FACTOR, (guessed, needed)
