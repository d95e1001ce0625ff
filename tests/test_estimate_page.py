"""The panel "What will it take?" before a launch: what was measured, for which settings it holds, and when it waits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from data import child, dataset, jobs
from data.examples import save_examples
from data.schema import Example
from data.workspace import Workspace, open_workspace
from tests.test_pages import at, texts
from tests.test_tune_page import alive
from ui import errand
from ui import estimate as panel
from ui.pickers import UPLOAD

STALE = "The form now holds other settings: measure again."
MEMORY = "Memory: it needs 9.0 GB, and only 4.0 GB are available on this cpu. A batch of 5 rows should fit."
FOUND: dict[str, Any] = {
    "fits": False, "sentences": [MEMORY, "In all about 3 min 40 s: 100 steps."],
    "reasons": {"batch": "16 rows at once, as set"},
}  # fmt: skip


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace with one dataset; no job starts by itself, so that each stands where its test leaves it.

    The errand that orders an estimate is therefore done in this process.
    """
    monkeypatch.setenv("CROSSOVER_HOME", str(tmp_path / "workspace"))
    monkeypatch.setattr(jobs, "start", lambda workspace, run: alive(run, "queued", text="waiting for the device"))
    monkeypatch.setattr(panel, "run_errand", lambda asked: {"result": errand._started(errand._estimate)(asked)})
    home, rows = open_workspace(tmp_path / "workspace"), tmp_path / "train.jsonl"
    save_examples(rows, [Example(f"a{n}", f"Which colour has door {n}?", ("red",)) for n in range(12)])
    dataset.add(home, "doors", dataset.check({"train": rows}))
    return home


def test_an_estimate_waits_then_warns_and_says_when_the_form_holds_other_settings(home: Workspace) -> None:
    app = at("tune")
    assert "Not measured yet." in texts(app)
    app.button(key="estimate_go").click().run()
    assert not app.exception
    (run,) = jobs.list_runs(home, "estimate")
    assert run.order["inputs"]["train"]["ref"] == "doors@1"
    assert app.button(key="estimate_go").disabled, "one is under way"
    child.run(home, run.id, lambda this, reporter: FOUND, False)
    app.run()
    said = texts(app)
    assert f"It may not fit {MEMORY}" in said
    assert "In all about 3 min 40 s: 100 steps." in said
    assert "batch: 16 rows at once, as set" in said
    assert "on doors@1: pocket, lora." in said
    assert STALE not in said
    assert not app.button(key="estimate_go").disabled
    app.number_input(key="tune_epochs").set_value(2.0).run()
    assert STALE in texts(app)


def test_other_validation_rows_need_another_estimate(home: Workspace, tmp_path: Path) -> None:
    rows = tmp_path / "held.jsonl"
    save_examples(rows, [Example(f"h{n}", f"Who keeps door {n}?", ("Ada",)) for n in range(3)])
    dataset.add(home, "held", dataset.check({"validation": rows}))
    app = at("tune")
    app.button(key="estimate_go").click().run()
    (run,) = jobs.list_runs(home, "estimate")
    child.run(home, run.id, lambda this, reporter: FOUND | {"fits": True}, False)
    app.run()
    assert "It may not fit" not in texts(app)
    assert STALE not in texts(app)
    app.selectbox(key="tune_validation").select("held@1").run()
    assert STALE in texts(app)


def test_rows_of_the_same_name_with_other_content_need_another_estimate(home: Workspace, tmp_path: Path) -> None:
    again = tmp_path / "again.jsonl"
    save_examples(again, [Example(f"b{n}", f"Which colour has gate {n}?", ("blue",)) for n in range(12)])

    def measured() -> None:
        app.button(key="estimate_go").click().run()
        run, *_ = jobs.list_runs(home, "estimate")
        child.run(home, run.id, lambda this, reporter: FOUND, False)
        app.run()
        assert STALE not in texts(app)

    app = at("tune")
    measured()
    dataset.add(home, "doors", dataset.check({"train": again}))
    app.run()
    app.selectbox(key="tune_train").select("doors@2").run()
    assert STALE in texts(app), "another version of the same dataset"
    app.selectbox(key="tune_train").select(UPLOAD).run()
    app.file_uploader(key="tune_train_file").upload("held.jsonl", (tmp_path / "train.jsonl").read_bytes()).run()
    assert STALE in texts(app)
    measured()
    app.file_uploader(key="tune_train_file").upload("held.jsonl", again.read_bytes()).run()
    assert STALE in texts(app), "another file of the same name"


def test_without_rows_nothing_can_be_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSOVER_HOME", str(tmp_path / "empty"))
    open_workspace(tmp_path / "empty")
    app = at("tune")
    assert app.button(key="estimate_go").disabled
    assert "Choose training rows first; store some on the page Data." in texts(app)
