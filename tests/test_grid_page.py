"""Measure and tune on the page: the work before it starts, the result, one click to keep it, the defaults after it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from data import jobs, store
from data.child import Reporter
from data.disk import read_json, write_json
from data.workspace import Workspace
from eval import figures, grid, records, report
from rag import orders
from rag.settings import METHOD_NAMES
from tests.hashing import fake
from tests.test_grid import base, finished, ordered  # noqa: F401 - base is a fixture
from tests.test_pages import at, finish, make_bench, texts


def opened(**query: str) -> AppTest:
    app = at("lab", **query)
    assert not app.exception
    return app


def test_before_it_starts_it_says_how_much_work_it_is(workspace: Workspace, base: Path) -> None:  # noqa: F811
    app = opened()
    said = texts(app)
    assert "K@1: passages of 32 tokens, overlap 0, fused, k = 4 (never tuned)." in said
    assert app.button(key="grid_go").disabled, "there are no questions yet"
    app.file_uploader(key="grid_questions_file").upload("v.jsonl", base.read_bytes()).run()
    assert "6 ways to cut × 12 ways to search = 72 settings. About" in texts(app)
    assert not app.button(key="grid_go").disabled
    app.multiselect(key="grid_ks").set_value([]).run()
    assert app.button(key="grid_go").disabled


def test_what_cannot_be_measured_is_one_sentence(workspace: Workspace, base: Path) -> None:  # noqa: F811
    app = opened()
    row = b'{"question": "Who?", "answer": "Ada", "evidence": "Ada did it."}'
    app.file_uploader(key="grid_questions_file").upload("v.jsonl", row).run()
    app.button(key="grid_go").click().run()
    assert not app.exception
    assert "The gold text of 0 of 1 questions is in K@1; two are the least" in texts(app)
    assert not jobs.list_runs(workspace, "grid")


@pytest.fixture
def measured(workspace: Workspace, base: Path) -> jobs.Run:  # noqa: F811
    """A finished tuning that chose something else than what is in use."""
    run = ordered(workspace, base, chunk_tokens=(16,), overlap_tokens=(0,), methods=("bm25",), ks=(1,))
    finished(workspace, run)
    assert grid.result(run)["chosen"]["k"] == 1
    finish(run, "done")
    return jobs.load(workspace, run.id)


def test_the_result_leads_with_the_half_that_did_not_choose(workspace: Workspace, measured: jobs.Run) -> None:
    app = opened(run=measured.id)
    told = grid.result(measured)
    said = texts(app)
    assert told["held_out"]["sentences"][0] in said
    assert said.index("Indicative only") < said.index("The half that chose")
    held = next(one.value for one in app.dataframe if "in use when measured" in one.value.columns).set_index("")
    assert held.loc["Passages in the prompt"].to_dict() == {"chosen": "1", "in use when measured": "4"}
    assert held.loc["Method", "chosen"] == "BM25"
    assert held.loc["hit rate, %", "chosen"] == figures.cell(told["held_out"]["chosen"]["hit"])


def test_each_method_has_a_table_of_its_own_so_that_none_is_cut_off(workspace: Workspace, measured: jobs.Run) -> None:
    drawn = [json.loads(chart.proto.spec) for chart in opened(run=measured.id).get("vega_lite_chart")]
    methods = dict.fromkeys(row["method"] for row in grid.result(measured)["rows"])
    assert sorted(chart["title"]["text"] for chart in drawn) == sorted(METHOD_NAMES[method] for method in methods)
    shades = [layer["encoding"]["color"]["scale"] for chart in drawn for layer in chart["layer"][:1]]
    assert all(shade == shades[0] for shade in shades), "the same colour means the same value in every table"


def test_one_click_orders_the_new_version_and_its_settings_become_the_defaults(
    workspace: Workspace, measured: jobs.Run
) -> None:
    change = grid.adopt(workspace, measured)
    orders.work(workspace, lambda name: fake())(change, Reporter(change))
    finish(change, "done")
    assert store.resolve(workspace, "knowledge", "K").ref == "K@2"
    said = texts(opened(run=measured.id))
    assert "These settings are in use." in said
    assert f"tuned on 24 questions, run {measured.id}" in said
    for page, key in (("compare", "compare"), ("ask", "ask")):
        app = at(page)
        assert not app.exception
        assert app.number_input(key=f"{key}_k").value == 1
        assert "K@2: 1 passage, BM25, by default; tuned on 24" in texts(app)
        app.number_input(key=f"{key}_k").set_value(7).run()
        assert app.number_input(key=f"{key}_k").value == 7, "what the user chooses stays"


def test_a_tuning_under_way_is_watched_and_can_be_stopped(workspace: Workspace, base: Path) -> None:  # noqa: F811
    run = ordered(workspace, base)
    app = opened(run=run.id)
    assert "A tuning of this knowledge base is under way." in texts(app)
    app.button(key=f"stop_{run.id}").click().run()
    assert (run.folder / "stop").exists()


def test_a_comparison_on_the_tuning_questions_says_so_in_red(workspace: Workspace) -> None:
    run = make_bench(workspace)
    for page in ("compare", "overview"):
        assert not at(page, run=run.id).error
    order = read_json(run.folder / "run.json")
    order["inputs"]["tuned_on"] = {"handbook@1": {"questions": 7, "of": 40, "run": "r1"}}
    write_json(run.folder / "run.json", order)
    for page in ("compare", "overview"):
        (red,) = at(page, run=run.id).error
        assert "7 of 40 test questions are among those that handbook@1 was tuned on" in red.value.replace("\\", "")
    tuned = jobs.load(workspace, run.id)
    assert "<p class='red'>7 of 40 test questions" in report.as_html(tuned, records.load_scores(tuned))
