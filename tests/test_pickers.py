"""What the pages choose before anybody chooses, and what they say of a choice: its age, its training, its documents."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from data import dataset
from data.demo.first_start import copy_demo
from data.disk import read_json, write_json
from data.examples import save_examples
from data.schema import Example
from data.store import Artifact
from data.workspace import Workspace, open_workspace
from eval import bench, exports, report, stamps
from eval.records import questions
from eval.systems import Parts
from rag import knowledge
from rag.settings import BuildConfig
from tests.hashing import fake
from tests.test_pages import at, make_bench, texts
from tests.test_tuned_page import made
from ui import cached

LAST = "Chosen because it is the knowledge base that you built last."
CUT = "stopped at step 9 of 240"
STAMP = "tuned@1 was stopped at step 9 of 240: its scores are those of an unfinished fine-tune."


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("CROSSOVER_HOME", str(tmp_path / "workspace"))
    return open_workspace(tmp_path / "workspace")


@pytest.fixture
def demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A copy of the demo, with two knowledge bases of the user's own: boats is newer than zoo."""
    monkeypatch.setenv("CROSSOVER_HOME", str(tmp_path / "workspace"))
    if not copy_demo(tmp_path / "workspace"):
        pytest.skip("the demo workspace is not built (make demo)")
    workspace = open_workspace(tmp_path / "workspace")
    for name, second in (("boats", 2e9), ("zoo", 1.9e9)):
        aged(built(workspace, tmp_path, name), second)
    return workspace


def built(workspace: Workspace, folder: Path, name: str) -> Artifact:
    """A knowledge base of the one document "<name>.md"."""
    (folder / f"{name}.md").write_text(f"# {name}\n\nThe {name} open at nine.")
    return knowledge.build(workspace, name, [folder / f"{name}.md"], BuildConfig(32, 0, "hash"), fake()).artifact


def aged(artifact: Artifact, second: float) -> None:
    os.utime(artifact.path / "manifest.json", (second, second))


def cut_short(artifact: Artifact) -> Artifact:
    """The same tuned model, as a training leaves it that was stopped."""
    manifest = read_json(artifact.path / "manifest.json")
    manifest["summary"] |= {"ended": "stopped", "steps": 9, "planned_steps": 240}
    write_json(artifact.path / "manifest.json", manifest)
    return artifact


def box(app: AppTest, key: str) -> tuple[str, list[str]]:
    """What a list has chosen, and what it offers as it is read."""
    assert not app.exception
    return str(app.selectbox(key=key).value), list(app.selectbox(key=key).options)


@pytest.mark.parametrize(
    ("page", "key"),
    [("compare", "compare_knowledge"), ("ask", "ask_knowledge"), ("knowledge", "knowledge_name"), ("lab", "lab_base")],
)
def test_the_knowledge_base_that_the_user_built_last_is_chosen_and_the_page_says_why(
    demo: Workspace, page: str, key: str
) -> None:
    app = at(page)
    chosen, offered = box(app, key)
    assert [one.partition("@")[0] for one in (chosen, *offered[:3])] == ["boats", "boats", "zoo", "brindlewick"]
    assert LAST in texts(app)
    app.selectbox(key=key).select(offered[2]).run()
    assert box(app, key)[0].startswith("brindlewick")
    assert LAST not in texts(app)


def test_with_the_demo_alone_nothing_is_said_of_the_choice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSOVER_HOME", str(tmp_path / "workspace"))
    if not copy_demo(tmp_path / "workspace"):
        pytest.skip("the demo workspace is not built (make demo)")
    for page in ("compare", "ask", "knowledge", "lab"):
        assert "Chosen because" not in texts(at(page))


@pytest.mark.parametrize("page", ["compare", "ask"])
def test_the_tuned_model_that_the_user_stored_last_is_chosen(demo: Workspace, page: str) -> None:
    for name, second in (("axe", 1.9e9), ("bow", 2e9)):
        aged(made(demo, name), second)
    app = at(page)
    assert box(app, f"{page}_tuned") == ("bow@1", ["bow@1", "axe@1", "brindlewick@1", "none"])
    assert "Chosen because it is the tuned model that you stored last." in texts(app)


@pytest.mark.parametrize("page", ["compare", "ask"])
def test_a_model_whose_training_was_stopped_is_offered_as_such(home: Workspace, page: str) -> None:
    aged(cut_short(made(home)), 2e9)
    aged(made(home, "whole"), 1.9e9)
    app = at(page)
    assert box(app, f"{page}_tuned") == ("tuned@1", [f"tuned@1 ({CUT})", "whole@1", "none"])
    assert f"tuned@1: {CUT}." in texts(app), "a narrow list cuts its entries off"
    app.selectbox(key=f"{page}_tuned").select("whole@1").run()
    assert f"{CUT}." not in texts(app)


def test_a_training_that_failed_is_told_too_and_one_that_ended_is_not(home: Workspace) -> None:
    run, artifact = make_bench(home), cut_short(made(home))
    manifest = read_json(artifact.path / "manifest.json")
    manifest["summary"]["ended"] = "failed"
    write_json(artifact.path / "manifest.json", manifest)
    assert stamps.unfinished(run) == [STAMP.replace("was stopped", "failed")]
    manifest["summary"]["ended"] = "early"
    write_json(artifact.path / "manifest.json", manifest)
    assert stamps.unfinished(run) == []


def test_a_comparison_of_an_unfinished_model_says_so_once_beside_every_verdict(home: Workspace) -> None:
    """The order is from before it was kept: the model itself says it, as long as it is there."""
    cut_short(made(home))
    run = make_bench(home)
    scores = cached.scores(run)
    assert scores
    assert [one.value.replace("\\", "") for one in at("compare", run=run.id).error].count(STAMP) == 1
    assert report.as_html(run, scores).count(STAMP) == 1
    assert exports.as_markdown(run, scores).index(f"**{STAMP}**") < exports.as_markdown(run, scores).index("| System |")


def test_the_order_keeps_it_and_says_it_of_a_model_that_is_gone(home: Workspace, tmp_path: Path) -> None:
    artifact = cut_short(made(home))
    made(home, "whole")
    save_examples(tmp_path / "rows.jsonl", [Example(str(n), f"Who runs {n}?", ("Ada",)) for n in range(3)])
    ordered = bench.BenchOrder("cut", str(tmp_path / "rows.jsonl"), Parts(tuned="tuned"), ("base", "sft"),
                               described=("name=other,tuned=whole",))  # fmt: skip
    run = bench.order(home, ordered)
    assert len(questions(run)) == 3
    shutil.rmtree(artifact.path)
    assert stamps.unfinished(run) == [STAMP]


@pytest.mark.parametrize(("inside", "said"), [
    (0, "0 of the 20 test questions that name their document name one that boats@1 holds: it can hardly help"),
    (1, "1 of the 20 test questions that name their document"),
    (2, ""),
])  # fmt: skip
def test_a_test_set_on_other_documents_is_told_before_the_comparison(
    home: Workspace, tmp_path: Path, inside: int, said: str
) -> None:
    built(home, tmp_path, "boats")
    rows = [Example(str(n), f"Who runs {n}?", ("Ada",), "docs/boats.md" if n < inside else "x.md") for n in range(20)]
    save_examples(tmp_path / "rows.jsonl", [*rows, Example("none", "Who runs nothing?", ("Bo",))])
    dataset.add(home, "zoo", dataset.check({"test": tmp_path / "rows.jsonl"}))
    app = at("compare")
    assert not app.exception
    told = [one.value.replace("\\", "") for one in app.caption if "name their document" in one.value]
    assert [said in one for one in told] == ([True] if said else [])


def test_the_demo_with_its_own_test_set_is_not_warned_of(demo: Workspace) -> None:
    app = at("compare")
    assert "0 of the 167 test questions" in texts(app)
    app.selectbox(key="compare_knowledge").select("brindlewick@1").run()
    assert "name their document" not in texts(app)
