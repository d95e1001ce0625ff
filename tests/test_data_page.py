"""The page Data: what was read of a file, what was left out of it and why, and storing it once."""

from __future__ import annotations

import json

from data.store import versions
from data.workspace import Workspace
from tests.test_pages import at, texts


def test_rows_left_out_are_one_sentence_and_a_dataset_is_stored_once(workspace: Workspace) -> None:
    rows = [{"question": f"Who keeps house {n}?", "answer": "Ada" if n % 2 else ""} for n in range(1, 1_601)]
    app = at("data")
    app.file_uploader(key="data_test").upload("test.jsonl", "\n".join(map(json.dumps, rows)).encode()).run()
    said = texts(app)
    assert "Test: 800 rows" in said.replace("**", "")
    assert "800 label (1 different answers in 800 rows) · 0 with evidence" in said
    assert "800 rows were left out; row 2: no answer." in said
    assert "The first 20 of them" in [one.label for one in app.expander]
    for _ in range(2):  # a key pressed twice
        app.text_input(key="data_name").set_value("houses")
        app.button(key="data_save").click().run()
        assert "Stored as houses@1." in texts(app)
    assert versions(workspace, "datasets", "houses") == [1]
