"""The Fine-tune page before a launch: what it says of rows that leak, contradict each other and are few."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from data import dataset, jobs, store
from data.demo.first_start import copy_demo
from data.examples import save_examples
from data.schema import Example
from data.workspace import Workspace, open_workspace
from tests.test_pages import at, charted, table, texts
from tests.test_tuned_page import typed
from ui.pickers import UPLOAD


def leaky(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace with one dataset of three training rows, whose one test question is among them."""
    monkeypatch.setenv("CROSSOVER_HOME", str(tmp_path / "workspace"))
    home = open_workspace(tmp_path / "workspace")
    rows = [Example("a", "Who runs it?", ("<b>Ada</b>",)), Example("b", "who runs it?", ("Bo",)),
            Example("c", "Where?", ("here",))]  # fmt: skip
    files = {"train": tmp_path / "train.jsonl", "test": tmp_path / "test.jsonl"}
    save_examples(files["train"], rows)
    save_examples(files["test"], [Example("t", "WHERE?", ("there",))])
    dataset.add(home, "leaky", dataset.check(files))
    return home


def test_the_rows_are_shown_before_a_launch_and_a_leak_asks_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaky(tmp_path, monkeypatch)
    app = at("tune")
    app.text_input(key="tune_name").input("mine").run()
    app.button(key="tune_rows").click().run(timeout=300)
    said = texts(app)
    assert "Only 3 training rows" in said
    assert said.count("answered in two ways") == 1
    assert "1 of 1 test questions of leaky@1 stand word for word in the training data" in said
    assert "«" in app.code[0].value
    assert "<b>Ada</b>" in "".join(one.value for one in app.code).replace("«", "").replace("»", "")
    assert list(table(app, "Answers")["Answers"]) == ["<b>Ada</b> | Bo"]
    assert app.checkbox(key="tune_allow").label.endswith("Train all the same"), "the leak is known: the page asks now"
    assert "Validation: 3 rows are too few to set some aside for validation." in said
    assert "Training context: none (no row has evidence)." in said
    assert "Loss: answers carry loss, of every turn." in said
    (chart,) = app.get("vega_lite_chart")
    bars = charted(chart)
    assert sum(bar["rows"] for bar in bars) == 3, "every row stands in the histogram"
    assert all(bar["from"] < bar["below"] for bar in bars)
    assert "3 rows: median" in said


def test_a_file_of_unknown_columns_asks_for_them_and_is_read_by_the_ones_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CROSSOVER_HOME", str(tmp_path / "workspace"))
    open_workspace(tmp_path / "workspace")
    rows = [{"Frage": f"Wer leitet Tor {n}?", "Antwort": "Ada"} for n in range(3)]
    app = at("tune")
    app.selectbox(key="tune_train").set_value("a file of mine").run()
    app.file_uploader(key="tune_train_file").upload("tore.jsonl", "\n".join(map(json.dumps, rows)).encode()).run()
    app.button(key="tune_rows").click().run(timeout=300)
    assert app.error, "nobody can tell which column is the question"
    assert app.selectbox(key="tune_map_question").options == ["as recognised", "Frage", "Antwort"]
    app.selectbox(key="tune_map_question").set_value("Frage").run(timeout=300)
    assert app.error, "which column is the answer is still open"
    app.selectbox(key="tune_map_answers").set_value("Antwort").run(timeout=300)
    assert not app.error
    assert "3 rows, read as" in texts(app)
    assert "Wer leitet Tor 0?" in app.code[0].value.replace("«", "").replace("»", "")
    app.number_input(key="tune_epochs").set_value(2.0).run(timeout=300)
    assert "The rows or the settings have changed since you looked." in texts(app)
    app.button(key="tune_rows").click().run(timeout=300)
    assert not app.error, "the columns chosen are kept while other settings change"
    chosen = (app.selectbox(key=f"tune_map_{field}").value for field in ("question", "answers", "evidence"))
    assert tuple(chosen) == ("Frage", "Antwort", "as recognised")


def test_columns_stay_chosen_for_other_validation_rows_and_bases_and_begin_anew_for_another_training_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CROSSOVER_HOME", str(tmp_path / "workspace"))
    home, held = open_workspace(tmp_path / "workspace"), tmp_path / "held.jsonl"
    save_examples(held, [Example(str(n), f"Who keeps door {n}?", ("Bo",)) for n in range(3)])
    dataset.add(home, "held", dataset.check({"validation": held}))

    def uploaded(name: str, who: str) -> None:
        rows = [{"Frage": f"Wer leitet Tor {n}?", "Antwort": who} for n in range(3)]
        app.file_uploader(key="tune_train_file").upload(name, "\n".join(map(json.dumps, rows)).encode()).run()

    def chosen() -> list[str]:
        return [app.selectbox(key=f"tune_map_{field}").value for field in ("question", "answers", "evidence")]

    app, named = at("tune"), ["Frage", "Antwort", "as recognised"]
    app.selectbox(key="tune_train").set_value(UPLOAD).run()
    uploaded("tore.jsonl", "Ada")
    app.button(key="tune_rows").click().run(timeout=300)
    for field, column in zip(("question", "answers"), named, strict=False):
        app.selectbox(key=f"tune_map_{field}").select(column).run(timeout=300)
    app.selectbox(key="tune_validation").select("held@1").run(timeout=300)
    assert chosen() == named, "other validation rows"
    typed(app, "tune_model", str(tmp_path / "nothing"))
    assert "Choose a base model that can be used." in texts(app)
    app.selectbox(key="tune_model").set_value("pocket").run(timeout=300)
    app.number_input(key="tune_epochs").set_value(2.0).run(timeout=300)
    assert chosen() == named, "another base, which cannot be used, and back"
    app.button(key="tune_rows").click().run(timeout=300)
    assert not app.error
    assert "3 rows, read as" in texts(app)
    uploaded("andere.jsonl", "Bo")
    app.button(key="tune_rows").click().run(timeout=300)
    assert app.error, "nobody has said yet what the columns of this file are"
    assert chosen() == ["as recognised"] * 3
    app.selectbox(key="tune_map_question").select("Antwort").run(timeout=300)
    assert chosen() == ["Antwort", "as recognised", "as recognised"]
    app.selectbox(key="tune_map_question").select("as recognised").run(timeout=300)
    assert chosen() == ["as recognised"] * 3, "a choice can be taken back"


def test_two_files_with_other_headings_are_read_each_by_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CROSSOVER_HOME", str(tmp_path / "workspace"))
    open_workspace(tmp_path / "workspace")
    app = at("tune")
    app.selectbox(key="tune_train").set_value(UPLOAD)
    app.selectbox(key="tune_validation").set_value(UPLOAD).run()
    rows = "".join(f"Wer leitet Tor {n}?,Ada\n" for n in range(3))
    app.file_uploader(key="tune_train_file").upload("tore.csv", f"Frage,Antwort\n{rows}".encode())
    app.file_uploader(key="tune_validation_file").upload("doors.csv", b"question,answer\nWho keeps it?,Bo\n").run()
    app.button(key="tune_rows").click().run(timeout=300)
    options = ["as recognised", "Frage", "Antwort", "question", "answer"]
    assert app.selectbox(key="tune_map_question").options == options
    app.selectbox(key="tune_map_question").select("Frage").run(timeout=300)
    app.selectbox(key="tune_map_answers").select("Antwort").run(timeout=300)
    assert not app.error
    assert "and 1 validation rows" in texts(app)
    assert "Columns: doors.csv has none of the named ones, so it is read as recognised." in texts(app)


def test_a_launch_refused_for_a_leak_asks_in_its_place_and_speaks_of_no_flag(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = leaky(tmp_path, monkeypatch)
    app = at("tune")
    app.text_input(key="tune_name").input("mine").run()
    assert not any(box.key == "tune_allow" for box in app.checkbox), "nobody has looked for a leak yet"
    app.button(key="tune_go").click().run(timeout=300)
    said = texts(app)
    assert "1 of 1 test questions of leaky@1 stand word for word in the training data" in said
    assert "scored" in said or "score it on the clean questions" in said
    assert "--allow" not in said
    assert jobs.list_runs(home) == []
    app.checkbox(key="tune_allow").check().run()
    app.button(key="tune_go").click().run(timeout=300)
    assert not app.exception
    (run,) = jobs.list_runs(home)
    jobs.stop(home, run)
    assert [len(one["exact"]) for one in run.order["inputs"]["leakage"]] == [1], "what was allowed is kept"


def test_a_search_refused_for_a_leak_asks_in_its_own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = leaky(tmp_path, monkeypatch)
    app = at("tune")
    app.text_input(key="tune_name").input("mine").run()
    app.button(key="search_go").click().run(timeout=300)
    assert "stand word for word in the training data" in texts(app)
    assert "--allow" not in texts(app)
    assert jobs.list_runs(home) == []
    assert [box.key for box in app.checkbox if "allow" in str(box.key)] == ["search_allow"]


def test_the_dataset_stored_last_is_chosen_with_its_own_validation_rows_and_the_page_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CROSSOVER_HOME", str(tmp_path / "workspace"))
    if not copy_demo(tmp_path / "workspace"):
        pytest.skip("the demo workspace is not built (make demo)")
    home, rows = open_workspace(tmp_path / "workspace"), tmp_path / "rows.jsonl"
    app = at("tune")
    assert (app.selectbox(key="tune_train").value, app.selectbox(key="tune_validation_demo@1").value) == ("demo@1",) * 2
    save_examples(rows, [Example(str(n), f"Who runs {n}?", ("Ada",)) for n in range(20)])
    dataset.add(home, "alone", dataset.check({"train": rows}))
    dataset.add(home, "zoo", dataset.check({"train": rows, "validation": rows}))
    for older, name in enumerate(("zoo", "alone")):
        os.utime(store.resolve(home, "datasets", name).path / "manifest.json", (2e9 - older, 2e9 - older))
    app = at("tune")
    chosen = app.selectbox(key="tune_train")
    assert chosen.value == "zoo@1"
    assert [one.partition(",")[0].split()[-1] for one in chosen.options[:3]] == ["zoo@1", "alone@1", "demo@1"]
    assert app.selectbox(key="tune_validation_zoo@1").value == "zoo@1"
    assert "Chosen because it is the dataset that you stored last." in texts(app)
    assert "Chosen because they belong to the same dataset." in texts(app)
    chosen.select("alone@1").run()
    assert app.selectbox(key="tune_validation").value == "a tenth set aside", "it has no validation rows of its own"
    assert "Chosen because" not in texts(app)


def test_the_columns_of_an_uploaded_validation_file_are_chosen_beside_stored_training_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaky(tmp_path, monkeypatch)
    app = at("tune")
    app.selectbox(key="tune_validation").select(UPLOAD).run()
    rows = "Frage,Antwort\nWho keeps the lamp?,Ada\nWho keeps the door?,Bo\n"
    app.file_uploader(key="tune_validation_file").upload("wachen.csv", rows.encode()).run()
    app.button(key="tune_rows").click().run(timeout=300)
    assert "wachen.csv: no usable row" in texts(app)
    for field, column in (("question", "Frage"), ("answers", "Antwort")):
        app.selectbox(key=f"tune_map_{field}").select(column).run(timeout=300)
    assert not app.exception
    assert "and 2 validation rows" in texts(app)
    app.number_input(key="tune_epochs").set_value(2.0).run()
    assert "have changed since you looked" in texts(app)
    assert app.selectbox(key="tune_map_question").value == "Frage", "what was chosen stands"
    app.button(key="estimate_go").click().run(timeout=300)
    (run,) = jobs.list_runs(open_workspace(tmp_path / "workspace"), "estimate")
    jobs.stop(open_workspace(tmp_path / "workspace"), run, grace=0)
    assert run.order["inputs"]["validation"]["mapping"] == {"question": "Frage", "answers": "Antwort"}
