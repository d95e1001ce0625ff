"""The Fine-tune page before a launch: what it says of rows that leak, contradict each other and are few."""

from __future__ import annotations

from pathlib import Path

import pytest

from data import dataset, jobs
from data.examples import save_examples
from data.schema import Example
from data.workspace import open_workspace
from tests.test_pages import at, table, texts


def test_the_rows_are_shown_before_a_launch_and_a_leak_asks_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CROSSOVER_HOME", str(tmp_path / "workspace"))
    home = open_workspace(tmp_path / "workspace")
    rows = [Example("a", "Who runs it?", ("<b>Ada</b>",)), Example("b", "who runs it?", ("Bo",)),
            Example("c", "Where?", ("here",))]  # fmt: skip
    files = {"train": tmp_path / "train.jsonl", "test": tmp_path / "test.jsonl"}
    save_examples(files["train"], rows)
    save_examples(files["test"], [Example("t", "WHERE?", ("there",))])
    dataset.add(home, "leaky", dataset.check(files))
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
    app.button(key="tune_go").click().run(timeout=300)
    assert "--allow-leakage" in texts(app)
    assert jobs.list_runs(home) == []
    app.checkbox(key="tune_allow")
