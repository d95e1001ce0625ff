"""Leaving a page at a launch: the job runs all the same; and what ended without its result is found on its page."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from streamlit.runtime.scriptrunner import get_script_run_ctx

from data import dataset, jobs
from data.disk import write_json
from data.examples import save_examples
from data.schema import Example
from data.workspace import Workspace, open_workspace
from tests.test_pages import at, texts
from ui import errand, headroom, launching, ordering


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace with one dataset: twelve training rows, and two test questions that are not among them."""
    monkeypatch.setenv("CROSSOVER_HOME", str(tmp_path / "workspace"))
    home = open_workspace(tmp_path / "workspace")
    files = {split: tmp_path / f"{split}.jsonl" for split in ("train", "test")}
    save_examples(files["train"], [Example(f"a{n}", f"Which colour has door {n}?", ("red",)) for n in range(12)])
    save_examples(files["test"], [Example(f"t{n}", f"Who keeps lamp {n}?", ("Ada",)) for n in range(2)])
    dataset.add(home, "doors", dataset.check(files))
    return home


def leave() -> None:
    """What Streamlit does when its reader goes to another page or closes this one: it asks the script to stop."""
    context = get_script_run_ctx()
    assert context
    context.session_state._yield_callback.__self__.request_stop()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("page", "name", "button", "module"),
    [("tune", "tune_name", "tune_go", launching), ("tune", "tune_name", "search_go", launching),
     ("tune", "tune_name", "tune_headroom_go", headroom), ("compare", "compare_name", "compare_go", ordering)],
)  # fmt: skip
def test_a_job_runs_though_its_page_is_left_while_the_order_is_made(
    home: Workspace, monkeypatch: pytest.MonkeyPatch, page: str, name: str, button: str, module: Any
) -> None:
    app = at(page)
    app.text_input(key=name).input("mine").run()
    asked: list[dict[str, Any]] = []

    def left(request: dict[str, Any]) -> dict[str, Any]:
        asked.append(request)
        answer = errand.run_errand(request)
        leave()
        return answer

    monkeypatch.setattr(module, "run_errand", left)
    app.button(key=button).click().run(timeout=300)
    assert asked, "the errand was under way when the page was left"
    assert "run" not in app.query_params, "the script went no further"
    (run,) = jobs.list_runs(home)
    deadline = time.monotonic() + 120
    while not (run.folder / "status.json").exists():
        assert time.monotonic() < deadline, f"nobody started {run.id}"
        time.sleep(0.1)
    if not (run := jobs.load(home, run.id)).ended:
        jobs.stop(home, run)


def ended(home: Workspace, name: str, state: str, kind: str = "train") -> jobs.Run:
    run = jobs.order(home, kind, name, {}, {})
    write_json(run.folder / "status.json", {"state": state, "text": f"it {state}"})
    return jobs.load(home, run.id)


@pytest.mark.parametrize(("page", "kind"), [("tune", "train"), ("knowledge", "build")])
@pytest.mark.parametrize("state", ["stopped", "failed", "running"])  # running, by no process: died
def test_a_job_that_ended_early_is_named_on_its_page_with_the_way_to_resume_it(
    home: Workspace, page: str, kind: str, state: str
) -> None:
    run = ended(home, "halted", state, kind)
    app = at(page)
    assert not app.exception
    assert f"Not finished: halted ({run.state}: it {state})." in texts(app)
    assert "Look at it, or resume it" in [link.proto.label for link in app.get("page_link")]
    app = at(page, run=run.id)
    assert "Not finished:" not in texts(app), "it is shown whole"
    assert app.button(key=f"resume_{run.id}")


def test_a_job_that_was_done_since_is_not_called_unfinished(home: Workspace) -> None:
    ended(home, "first", "stopped")
    failed = ended(home, "second", "failed")
    assert "Not finished: second" in texts(at("tune"))
    again = ended(home, "second", "done")
    assert again.id != failed.id
    assert "Not finished: first" in texts(at("tune")), "the newest that is left"
    ended(home, "first", "done")
    assert "Not finished:" not in texts(at("tune"))
