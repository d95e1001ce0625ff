"""What Compare says of a finished comparison: by task, differences, what stands beside, parts; and of old scores."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from pandas import DataFrame
from streamlit.testing.v1 import AppTest

from data import jobs
from data.disk import write_json
from data.examples import save_examples
from data.prompts import ABSTAIN
from data.schema import Answer, Example
from data.workspace import Workspace, open_workspace
from eval import bench, records, report, told, told_beside
from eval.systems import Parts, corner
from tests import test_pages
from ui import frame

APP = Path(__file__).resolve().parents[1] / "app.py"
COLOURS = ("red", "blue", "green")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("CROSSOVER_HOME", str(tmp_path / "workspace"))
    return open_workspace(tmp_path / "workspace")


def examples() -> list[Example]:
    """30 labels, 30 short answers of 24 documents (three of them without an answer), 10 numbers."""
    labels = [Example(f"l{n}", f"Colour {n}?", (COLOURS[n % 3],), task="label", format="label:red|blue|green|grey")
              for n in range(30)]  # fmt: skip
    short = [Example(f"s{n}", f"Fact {n}?", (f"value {n}",), f"d{n % 24}.md", f"Fact {n} is value {n}.", tags=("fact",))
             for n in range(27)]  # fmt: skip
    none = [Example(f"u{n}", f"Nothing {n}?", (ABSTAIN,), answerable=False) for n in range(3)]
    return [*labels, *short, *none, *(Example(f"n{n}", "How many?", (str(n),), task="number") for n in range(10))]


def answer(system: str, example: Example) -> Answer:
    """The tuned system knows all labels but one, and says 2 to every number; the reading one knows facts."""
    learnt = "grey" if example.id == "l0" else example.answers[0]
    known = {
        "sft": {"label": learnt, "short": "wrong", "number": str(len(example.id))},
        "rag": {"label": "**no** colour", "short": example.answers[0], "number": "none"},
    }
    return Answer(example.id, known[system][example.task], 0.1, 20, 4)


def make(home: Workspace) -> jobs.Run:
    parts = Parts("pocket", "tuned@1", "handbook@1")
    config = {"test": "mixed", "systems": [asdict(corner(one, parts)) for one in ("sft", "rag")], "limit": None,
              "max_new_tokens": 64, "leakage": None}  # fmt: skip
    inputs = {"test": "x", "test_file": "x", "prompt": "p", "rows_refused": 0, "flags": {}, "task_why": "12 of 70 rows"}
    run = jobs.order(home, "bench", "mixed", config, inputs)
    save_examples(run.folder / "examples.jsonl", examples())
    for system in ("sft", "rag"):
        records.AnswerLog(run.folder).save(system, [answer(system, example) for example in examples()])
    records.save_scores(run, bench.rescore(run))
    status = {"state": "done", "text": "done", "seconds": 3.0, "started": "2026-11-23T00:00:00+00:00"}
    write_json(run.folder / "status.json", status)
    return jobs.load(home, run.id)


def opened(run: jobs.Run) -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=120)
    app.run()
    app.query_params["run"] = run.id
    return app.switch_page(frame.PAGES["compare"][0]).run()


def said(app: AppTest) -> str:
    kinds = ("markdown", "caption", "info", "subheader")
    return "\n".join(str(one.value) for kind in kinds for one in getattr(app, kind)).replace("\\", "")


def tables(app: AppTest, column: str) -> list[DataFrame]:
    return [one for one in test_pages.tables(app) if column in one.columns]


def test_each_task_has_its_own_measures_and_the_reason_why_it_is_one(home: Workspace) -> None:
    app = opened(make(home))
    assert not app.exception
    assert [one.value for one in app.subheader][:3] == [
        "All questions together",
        "Differences",
        "Why answers are wrong",
    ]
    assert "it was told from the rows: 12 of 70 rows" in said(app)
    (labels,) = tables(app, "Macro F1, %")
    assert labels["Accuracy, %"][0].startswith("96.7 (")
    (numbers,) = tables(app, "MAE")
    assert numbers["Parse rate, %"].tolist()[1].startswith("0.0 (0.0 to ")
    (classes,) = tables(app, "Class")
    assert classes["Class"].tolist() == ["blue", "green", "red", "(macro average)", "(micro average)"]
    assert classes["n"].tolist() == [10, 10, 10, 30, 30]
    app.selectbox(key="task_classes_of").set_value("rag").run()
    assert tables(app, "Class")[0]["Given"].tolist()[:3] == [0, 0, 0]


def test_the_mixed_figure_hides_what_each_task_tells(home: Workspace) -> None:
    app = opened(make(home))
    assert "Cannot tell sft from rag" in said(app), "over all, labels and facts make up for each other"
    for task, sentence in (("label", "sft beats rag by 96.7 points"), ("short", "rag beats sft by 100.0 points")):
        app.button_group(key="differences_on").set_value(task).run()
        assert sentence in said(app)
    (pairs,) = tables(app, "p (Holm)")
    assert pairs["By document"][0] == "ahead in 24 of 24, behind in 0; sd 0.0 points"
    app.button_group(key="differences_on").set_value("number").run()
    assert "Few independent groups (10), indicative only" in said(app)


def test_parts_of_the_questions_have_n_and_small_ones_say_so(home: Workspace) -> None:
    app = opened(make(home))
    app.selectbox(key="slices_by").set_value("task").run()
    (parts,) = tables(app, "Task")
    by_task = {row["Task"]: row for _, row in parts.iterrows()}
    assert by_task["number"]["n"] == 10
    assert by_task["number"]["sft"].endswith("(few)")
    assert not by_task["label"]["sft"].endswith("(few)")


def test_abstaining_and_form_stand_beside(home: Workspace) -> None:
    (beside,) = tables(opened(make(home)), "Form kept, %")
    assert beside["Form kept, %"].tolist()[0].startswith("100.0 (")
    assert beside["Form kept, %"].tolist()[1].startswith("0.0 (")
    assert beside["Abstention recall, %"].tolist()[0].startswith("0.0 (")


def old(scores: dict[str, Any]) -> dict[str, Any]:
    """What scores looked like before measures had intervals."""
    kept = {key: scores[key] for key in ("systems", "pairs", "units", "claims")}
    for row in kept["systems"].values():
        for part in row["tasks"].values():
            part["measures"] = {name: one["mean"] for name, one in part["measures"].items() if one}
            for new in ("classes", "confusion", "signatures", "contains", "form", "fact"):
                part.pop(new, None)
        for new in ("retrieval", "perplexity", "form", "fact", *told_beside.HONESTY, *told_beside.COST):
            row.pop(new, None)
    kept["pairs"] = [
        {key: pair[key] for key in ("first", "second", "metric", "mean", "low", "high", "n", "groups", "sentence")}
        for pair in kept["pairs"]
    ]
    return kept


def test_scores_of_an_earlier_version_open_and_are_scored_again_at_a_click(home: Workspace) -> None:
    run = make(home)
    new = records.load_scores(run)
    records.save_scores(run, old(records.load_scores(run)))
    app = opened(run)
    assert not app.exception
    assert "An earlier version of Crossover scored this" in said(app)
    assert tables(app, "Macro F1, %")[0]["Accuracy, %"].tolist()[0] == "96.7"
    assert "sft" in report.as_html(run, records.load_scores(run))
    app.button(key="compare_rescore").click().run()
    assert not app.exception
    assert "An earlier version" not in said(app)
    assert records.load_scores(run) == new


def test_shell_and_report_tell_the_same_figures(home: Workspace) -> None:
    run = make(home)
    scores = records.load_scores(run)
    (row, _) = told.task_rows(scores, "label")
    for text in (report.as_text(run, scores), report.as_html(run, scores)):
        assert row["Macro F1, %"] in text
        assert "Cannot tell sft from rag" in text
    assert "<b>no</b>" not in report.as_html(run, scores)
