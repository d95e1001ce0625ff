"""Stored files that Crossover never wrote so: each is named in a sentence, hides nothing else, and stays as it is."""

from __future__ import annotations

import json
import multiprocessing
import platform
import re
import shutil
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from data import aliases, jobs, listing, store
from data.demo.first_start import SHIPPED
from data.disk import read_json, read_jsonl, write_json
from data.errors import UserError
from data.workspace import Workspace
from eval import gaps
from eval.used import scores_by_adapter
from sft import adapters, leaks, naming
from tests.test_pages import table
from ui import cached, frame

APP = Path(__file__).resolve().parents[1] / "app.py"
DEEP = '{"format": 1, "a": ' + "[" * 100_000
WRONG = ['{"format": 1}', '["format"]', "null", "7", DEEP, '{"format": 1, "a": ' + "9" * 5_000 + "}", '{"format": 1']
KINDS = [("adapters", "brindlewick"), ("knowledge", "brindlewick"), ("datasets", "demo")]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """The demo workspace, with a second copy of every artifact and run under another name."""
    root = tmp_path / "home"
    monkeypatch.setenv("CROSSOVER_HOME", str(root))
    shutil.copytree(SHIPPED, root)
    for kind, name in KINDS:
        shutil.copytree(root / kind / name, root / kind / "other")
    for run in list((root / "runs").iterdir()):
        shutil.copytree(run, run.with_name(run.name.replace("2026", "2025", 1)))
    return Workspace(root)


def at(page: str) -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=120).run()
    return app.switch_page(frame.PAGES[page][0]).run()


def said(app: AppTest) -> str:
    alerts = [*app.error, *app.warning]
    return "\n".join(f"{alert.proto.title} {alert.value}" for alert in alerts).replace("\\", "")


@pytest.mark.parametrize("text", WRONG)
@pytest.mark.parametrize("file", ["run.json", "status.json"])
def test_a_damaged_run_is_named_and_hides_no_other(home: Workspace, file: str, text: str) -> None:
    every = [run.id for run in jobs.list_runs(home)]
    path = home.runs / every[0] / file
    path.write_text(text)
    assert [run.id for run in jobs.list_runs(home)] == every[1:]
    (sentence,) = jobs.damaged(home)
    assert sentence.startswith(str(path))
    assert path.read_text() == text


@pytest.mark.parametrize(
    ("file", "change"),
    [("run.json", {"created": "yesterday"}), ("run.json", {"config": []}), ("run.json", {"kind": "dance"}),
     ("run.json", {"config": {"systems": [None]}}), ("status.json", {"state": "singing"}),
     ("status.json", {"done": "half"}), ("status.json", {"error": "none"}), ("status.json", {"started": "soon"})],
)  # fmt: skip
def test_a_run_with_one_wrong_value_is_damaged(home: Workspace, file: str, change: dict[str, object]) -> None:
    bench = jobs.list_runs(home, "bench")[0]
    path = bench.folder / file
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    assert str(path) in jobs.damaged(home)[0]
    assert bench.id not in [run.id for run in jobs.list_runs(home)]


def test_a_running_status_that_names_no_process_is_of_one_that_died(home: Workspace) -> None:
    bench = jobs.list_runs(home, "bench")[0]
    status = {"state": "running", "host": platform.node(), "boot_id": jobs._boot_id()}
    write_json(bench.folder / "status.json", status)
    assert jobs.load(home, bench.id).state == "died"


def test_a_plan_of_something_else_is_damaged(home: Workspace) -> None:
    bench = jobs.list_runs(home, "bench")[0]
    write_json(bench.folder / "plan.json", {"batches": [{"system": "sft"}]})
    with pytest.raises(UserError, match=r"plan\.json is damaged: it holds no list of batches, number 1\.examples"):
        gaps.missing(bench)


def test_the_name_of_a_workspace_says_nothing_of_the_files_in_it(tmp_path: Path) -> None:
    run = jobs.order(Workspace(tmp_path / "train"), "build", "b", {}, {"train": "all"})
    assert run.order["inputs"] == {"train": "all"}


@pytest.mark.parametrize("text", WRONG)
@pytest.mark.parametrize(("kind", "name"), KINDS)
def test_a_damaged_manifest_is_named_and_hides_no_other(home: Workspace, kind: str, name: str, text: str) -> None:
    path = home.folder(kind) / name / "1" / "manifest.json"
    path.write_text(text)
    for listed in (listing.readable, listing.current):
        found, damaged = listed(home, kind)
        assert [artifact.name for artifact, _ in found] == ["other"]
        assert [sentence.partition(" ")[0] for sentence in damaged] == [str(path)]
    with pytest.raises(UserError, match=str(path)):
        store.resolve(home, kind, name).manifest()
    assert store.versions(home, kind, name) == [1], "its number stays taken"


def test_a_manifest_without_its_summary_is_damaged(home: Workspace) -> None:
    path = home.folder("adapters") / "brindlewick" / "1" / "manifest.json"
    path.write_text(json.dumps({k: v for k, v in json.loads(path.read_text()).items() if k != "summary"}))
    assert "holds no usable summary" in adapters.damaged(home)[0]
    assert [artifact.ref for artifact in adapters.tuned_models(home)] == ["other@1"]


def test_a_damaged_manifest_takes_no_test_set_out_of_the_leakage_audit(home: Workspace) -> None:
    (home.folder("datasets") / "demo" / "1" / "manifest.json").write_text("null")
    assert leaks.test_sets(home, "other") == ["demo@1", "other@1"]


def test_a_damaged_pointer_hides_its_own_name_alone(home: Workspace) -> None:
    (home.folder("knowledge") / "brindlewick" / "current.json").write_text('{"format": 1}')
    found, (sentence,) = listing.current(home, "knowledge")
    assert [artifact.name for artifact, _ in found] == ["other"]
    assert "or delete it: the name then means its newest version" in sentence
    assert store.resolve(home, "knowledge", "brindlewick@1").version == 1
    pointer = home.folder("adapters") / "brindlewick" / "current.json"
    pointer.write_text('{"format": 1}')
    for said in (adapters.damaged(home), cached.damaged(home, "adapters")):
        assert [one.partition(" ")[0] for one in said] == [str(pointer)], "the shell names what the page names"


@pytest.mark.parametrize("text", WRONG)
def test_first_names_go_on_meaning_what_they_mean_when_the_names_are_damaged(home: Workspace, text: str) -> None:
    path = home.folder("adapters") / aliases.FILE
    path.write_text(text)
    assert store.resolve(home, "adapters", "brindlewick").ref == "brindlewick@1"
    assert aliases.called(home, "adapters", "brindlewick@1") == "brindlewick@1"
    assert str(path) in adapters.damaged(home)[0]
    with pytest.raises(UserError, match="or delete it"):
        naming.rename(home, "brindlewick", "better")
    assert path.read_text() == text


@pytest.mark.parametrize("line", ["null", "[1]", "7", "{}", "[" * 100_000])
@pytest.mark.parametrize("file", ["answers.jsonl", "examples.jsonl", "latency.jsonl", "searches.jsonl"])
def test_a_line_that_is_no_row_is_named_by_its_number(home: Workspace, file: str, line: str) -> None:
    path = jobs.list_runs(home, "bench")[0].folder / file
    first, _, rest = path.read_text().partition("\n")
    path.write_text(f"{first}\n{line}\n{rest}")
    with pytest.raises(UserError, match=f"{file} is damaged: its line 2 holds"):
        list(read_jsonl(path))


def test_a_growing_file_with_such_a_line_loses_no_row_once_it_is_mended(tmp_path: Path) -> None:
    path = tmp_path / "progress.jsonl"
    path.write_text('{"n": 1}\nnull\n{"n": 2}\n')
    tail = cached.Tail(path)
    for _ in range(2):
        with pytest.raises(UserError, match="its line 2 holds"):
            tail.read()
    path.write_text('{"n": 1}\n{"n": 2}\n')
    assert tail.read() == [{"n": 1}, {"n": 2}]


def test_damaged_scores_hide_no_other_comparison(home: Workspace) -> None:
    newest, other = jobs.list_runs(home, "bench")
    (newest.folder / "scores.json").write_text('{"format": 1}')
    found, (sentence,) = cached.scored([newest, other])
    assert [run.id for run, _ in found] == [other.id]
    assert "python -m eval rescore" in sentence
    assert {row.run for rows in scores_by_adapter(home).values() for row in rows} == {other.id}


def test_every_page_shows_the_others_and_names_what_is_damaged(home: Workspace) -> None:
    """One run, one artifact of each kind, one comparison's scores and the file of names, damaged at once."""
    bench, train = jobs.list_runs(home, "bench"), jobs.list_runs(home, "train")
    (bench[0].folder / "scores.json").write_text("null")
    (train[0].folder / "run.json").write_text('{"format": 1}')
    (home.folder("adapters") / aliases.FILE).write_text('{"format"')
    for kind, name in KINDS:
        (home.folder(kind) / name / "1" / "manifest.json").write_text('{"format": 1}')
    wanted = {
        "overview": ["scores.json", "run.json"], "data": ["datasets/demo/1"], "knowledge": ["knowledge/brindlewick/1"],
        "lab": [], "tune": ["adapters/brindlewick/1", aliases.FILE], "compare": ["scores.json"],
        "review": ["scores.json"], "ask": [], "runs": ["run.json"],
    }  # fmt: skip
    for page, names in wanted.items():
        app = at(page)
        assert not app.exception, page
        assert [name for name in names if name not in said(app)] == [], page
    models = table(at("tune"), "Validation loss")
    assert list(models["Name"]) == ["other@1"]
    assert re.fullmatch(r"\d\.\d{3}", models["Validation loss"][0]), "three decimals are enough"


def _rename_all(root: str, first: int, together: Barrier) -> None:
    together.wait()
    for number in range(first, 40, 2):
        naming.rename(Workspace(Path(root)), f"m{number}", f"new{number}")


def test_of_renames_at_the_same_time_none_is_lost(workspace: Workspace) -> None:
    """Two processes rename twenty models each; without the lock, one writes over what the other wrote."""
    for number in range(40):
        with store.staging(workspace, "adapters") as folder:
            store.publish(workspace, "adapters", f"m{number}", folder, {})
    context = multiprocessing.get_context("spawn")
    together = context.Barrier(2)
    both = [context.Process(target=_rename_all, args=(str(workspace.root), first, together)) for first in (0, 1)]
    for process in both:
        process.start()
    for process in both:
        process.join()
    assert aliases.aliases(workspace, "adapters") == {f"m{number}": f"new{number}" for number in range(40)}


def test_whatever_the_demo_holds_has_the_shape_that_is_asked_of_it() -> None:
    for path in (path for name in ("run", "status", "manifest", "scores") for path in SHIPPED.rglob(f"{name}.json")):
        read_json(path)
    for path in SHIPPED.rglob("*.jsonl"):
        assert sum(1 for _ in read_jsonl(path)) > 0
