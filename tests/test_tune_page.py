"""The page Fine-tune while one trains: its numbers, its curves, the kept checkpoint, and the others under way."""

from __future__ import annotations

import os
import platform
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from streamlit.testing.v1 import AppTest

from data import child, jobs
from data.disk import append_jsonl, write_json
from data.examples import save_examples
from data.schema import Example
from data.store import staging
from data.workspace import Workspace, open_workspace
from sft.adapters import finish
from sft.config import TrainConfig
from sft.orders import order_training
from tests.test_pages import at, table, texts
from ui import curve

RULE = {
    "keep": "metric", "stop": "loss", "reason": "it is what the model is for; loss alone misleads",
    "metric": "exact_match", "metric_reason": "the answers are short enough to be right or wrong (20 short)",
    "asked": "20 of 60 validation prompts (seed 0)",
}  # fmt: skip


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("CROSSOVER_HOME", str(tmp_path / "workspace"))
    return open_workspace(tmp_path / "workspace")


def alive(run: jobs.Run, state: str, **more: Any) -> None:
    """The status of a run whose process is this one."""
    me = psutil.Process(os.getpid())
    write_json(run.folder / "status.json", {
        "state": state, "pid": me.pid, "pid_started": me.create_time(), "host": platform.node(),
        "boot_id": jobs._boot_id(), **more,
    })  # fmt: skip


def measured(run: jobs.Run) -> None:
    """Twenty steps that a kill undid after the tenth, checked every tenth step."""
    rows: list[dict[str, Any]] = [{"resumed_from": -1}]
    for step in range(1, 31):
        if step == 21:
            rows.append({"resumed_from": 10})
        number = step if step <= 20 else step - 10
        rows.append({"step": number, "loss": 2 / step, "learning_rate": 2e-4, "gradient_norm": 1.25,
                     "step_seconds": 0.5, "tokens_per_second": 1234.5, "memory_bytes": 512_000_000})  # fmt: skip
        if number % 10 == 0:
            rows += [{"step": number, "validation_loss": 1.234},
                     {"step": number, "check_seconds": 2.0, "metric": "exact_match", "mean": 0.65, "low": 0.433,
                      "high": 0.819, "n": 20}]  # fmt: skip
    append_jsonl(run.folder / "progress.jsonl", rows)


def test_a_running_fine_tune_shows_every_number_with_its_n_and_why_a_checkpoint_is_kept(home: Workspace) -> None:
    run = jobs.order(home, "train", "tuned", {}, {})
    alive(run, "running", text="step 20 of 40", done=20, total=40, seconds_left=75.0, criterion=RULE, best_step=10,
          threads=1, threads_reason="of 2 cores, one stays free for the page", device="cpu", device_reason="only one",
          note="Memory ran out with 8 rows at once: 4 at once, 2 times for each step, compute the same.")  # fmt: skip
    measured(run)
    app = at("tune", run=run.id)
    assert not app.exception
    said = texts(app)
    for part in ("0.067", "1.234", "65.0 %", "43 to 82 %, n = 20", "1 min 15 s", "2.00e-04", "1.25", "1,234", "512 MB",
                 "Kept: the checkpoint after step 10, by the highest exact match", "loss alone misleads",
                 "Early stopping looks at the validation loss", "20 of 60 validation prompts (seed 0)",
                 "one stays free for the page", "Memory ran out with 8 rows at once"):  # fmt: skip
        assert part in said, part


def test_a_fine_tune_without_patience_is_not_said_to_stop_early(home: Workspace) -> None:
    run = jobs.order(home, "train", "tuned", {"patience": 0}, {})
    alive(run, "running", text="step 20 of 40", done=20, total=40, criterion=RULE, best_step=10)
    measured(run)
    said = texts(at("tune", run=run.id))
    assert "Kept: the checkpoint after step 10, by the highest exact match" in said
    assert "Early stopping" not in said


def test_a_run_that_ended_without_a_measurement_shows_no_empty_chart(home: Workspace) -> None:
    run = jobs.order(home, "train", "tuned", {}, {})
    write_json(run.folder / "status.json", {"state": "stopped", "text": "stopped on request"})
    app = at("tune", run=run.id)
    assert not app.exception
    assert "The first loss appears" not in texts(app)
    assert "Kept:" not in texts(app)


def test_two_launches_are_both_shown_and_the_second_says_what_it_waits_for(home: Workspace) -> None:
    first, second = (jobs.order(home, "train", name, {}, {}) for name in ("first", "second"))
    alive(first, "running", text="step 3 of 9", done=3, total=9, seconds_left=12.0)
    alive(second, "queued", text=f"waiting for the device, which {first.id} is using")
    app = at("tune", run=first.id)
    assert not app.exception
    said = texts(app)
    assert "**first**" in said
    assert "**second**" in said
    assert f"waiting for the device, which {first.id} is using" in said
    assert "step 3 of 9" in texts(at("tune", run=second.id)), "and the other way round"


def test_the_result_is_one_sentence_with_interval_and_n() -> None:
    summary = {"name": "tuned@1", "steps": 40, "best_step": 30, "validation_loss": 0.5, "metric": "exact_match",
               "metric_mean": 0.7, "metric_low": 0.5, "metric_high": 0.85, "metric_n": 20}  # fmt: skip
    assert curve.result(summary) == (
        "tuned@1: 40 steps; kept after step 30, validation loss 0.500, exact match 70.0 (50.0 to 85.0) % (n = 20)."
    )
    assert curve.result({"name": "tuned@1", "steps": 40, "validation_loss": None}) == "tuned@1: 40 steps."


GB = 1_000_000_000
MEMORY = "Memory may have run out (about {} needed, {} there): if so, a resume ends the same way, and a new fine-tune"


def killed(run: jobs.Run, row: dict[str, Any], **status: Any) -> str:
    """What the page says of a run whose process is gone, as its status and its last measurement were left."""
    write_json(run.folder / "status.json", {"state": "running", "text": "training", "device": "cpu",
                                            "device_reason": "only one", **status})  # fmt: skip
    append_jsonl(run.folder / "progress.jsonl", [{"resumed_from": -1}, {"step": 3, "loss": 1.0, **row}])
    app = at("tune", run=run.id)
    assert not app.exception
    return texts(app)


@pytest.mark.parametrize(
    ("row", "status", "sentence"),
    [
        (
            {"memory_bytes": 19 * GB, "available_bytes": 20 * GB},
            {"done": 3, "total": 9},
            MEMORY.format("19.0 GB", "20.0 GB"),
        ),
        ({}, {"needed_bytes": 30 * GB, "available_bytes": 20 * GB}, MEMORY.format("30.0 GB", "20.0 GB")),
        (
            {"memory_bytes": 5 * GB, "available_bytes": 20 * GB},
            {"needed_bytes": 6 * GB, "available_bytes": 20 * GB},
            "",
        ),
        ({"memory_bytes": 19 * GB}, {"done": 3, "total": 9}, ""),  # recorded before what is there was
        ({"memory_bytes": 19 * GB, "available_bytes": 20 * GB}, {"device": "cuda"}, ""),
        ({"memory_bytes": 19 * GB, "available_bytes": 20 * GB}, {"state": "stopped"}, ""),
    ],
)
def test_a_training_that_died_near_the_end_of_memory_says_so_and_what_needs_less(
    home: Workspace, row: dict[str, Any], status: dict[str, Any], sentence: str
) -> None:
    said = killed(jobs.order(home, "train", "tuned", {}, {}), row, **status)
    ended = "It ended after step 3 of 9. Resume goes on" if "total" in status else "It ended before its first step."
    assert ended in said
    assert sentence in said
    assert ("Memory may have run out" in said) == bool(sentence)
    assert ("smaller batch size and more accumulation" in said) == bool(sentence)


def test_a_training_that_was_ended_by_hand_says_nothing_of_memory(home: Workspace) -> None:
    run = jobs.order(home, "train", "tuned", {}, {})
    jobs.request_stop(run)
    assert "Memory may" not in killed(run, {}, needed_bytes=30 * GB, available_bytes=20 * GB)


def ago(seconds: float) -> str:
    return (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat(timespec="seconds")


def bar(app: AppTest) -> str:
    """What stands above the one progress bar of a page."""
    (only,) = app.get("progress")
    return str(only.proto.text).replace("\\", "")


def test_a_job_says_what_it_does_and_for_how_long_though_its_status_stands_still(home: Workspace) -> None:
    """A model loads: the last news is old, and the clock goes on."""
    run = jobs.order(home, "train", "slow", {}, {})
    alive(run, "running", text="loading pocket", seconds=1.0, started=ago(3600))
    assert bar(at("tune", run=run.id)) == "loading pocket · 1 h 00 min so far"
    app = at("runs", run=run.id)
    assert bar(app) == "loading pocket · 1 h 00 min so far"
    assert list(table(app, "Took")["Took"]) == ["1 h 00 min"]
    alive(run, "stopped", text="stopped on request", seconds=75.0, started=ago(3600))
    assert list(table(at("runs", run=run.id), "Took")["Took"]) == ["1 min 15 s"], "an ended run took what it took"


@pytest.mark.parametrize(("state", "label"), [
    ("running", "Open it on the page Fine-tune"), ("failed", "Open it on the page Fine-tune"),
    ("done", "Its result, on the page Fine-tune"),
])  # fmt: skip
def test_only_a_finished_job_is_said_to_have_a_result(home: Workspace, state: str, label: str) -> None:
    run = jobs.order(home, "train", "tuned", {}, {})
    alive(run, state, text="step 1 of 9", done=1, total=9)
    app = at("runs", run=run.id)
    assert not app.exception
    assert label in [link.proto.label for link in app.get("page_link")]


def test_a_finished_run_opens_after_its_workspace_moved_and_the_uploads_are_gone(
    home: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The order holds the files' paths as they were; whatever is shown of the run stands in its own folder."""
    files = {which: home.root / "uploads" / which / f"{which}.jsonl" for which in ("train", "validation")}
    for which, path in files.items():
        path.parent.mkdir(parents=True)
        save_examples(path, [Example(f"{which}{n}", f"Which {which} {n}?", ("red",)) for n in range(3)])
    run = order_training(home, "tuned", TrainConfig(), str(files["train"]), str(files["validation"]))
    assert run.order["inputs"]["train"]["ref"] == str(files["train"]), "a whole path, as the page orders uploads"
    measured(run)
    summary = {"name": "tuned@1", "run": run.id, "steps": 40, "best_step": 10, "validation_loss": 0.5,
               "ended": "complete", "notes": ["Only 3 training rows."]}  # fmt: skip
    manifest = {"method": "lora", "base": {"id": "pocket", "hash": "b" * 64, "revision": None}, "run": run.id,
                "summary": summary, "criterion": RULE}  # fmt: skip
    with staging(home, "adapters") as folder:
        finish(home, "tuned", folder, manifest)
    child.run(home, run.id, lambda this, reporter: summary, False)
    shutil.rmtree(home.root / "uploads")
    shutil.move(home.root, tmp_path / "moved")
    monkeypatch.setenv("CROSSOVER_HOME", str(tmp_path / "moved"))
    app = at("tune", run=run.id)
    assert not app.exception
    assert not app.error
    assert "tuned@1: 40 steps; kept after step 10, validation loss 0.500." in texts(app)
    assert "Only 3 training rows." in texts(app)
    assert len(app.get("vega_lite_chart")) >= 2, "its curves are drawn"
    app = at("runs", run=run.id)
    assert not app.exception
    assert not app.error
