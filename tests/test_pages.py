"""Every page in its four states, driven through Streamlit's own AppTest; the files are made by the rooms themselves."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from pandas import DataFrame
from streamlit.testing.v1 import AppTest

from data import jobs, store
from data.disk import write_json
from data.examples import fingerprint, save_examples
from data.prompts import fingerprint as prompt_fingerprint
from data.schema import Answer, Example, Hit, Message, Passage
from data.workspace import Workspace, open_workspace
from eval import records, scoring
from eval.headline import headline
from eval.systems import Parts, corner
from ui import frame

APP = Path(__file__).resolve().parents[1] / "app.py"
PAGES = [file for file, _, _ in frame.PAGES.values()]
EMPTY = {
    "overview": "No comparison has finished yet.", "data": "No dataset is stored yet.",
    "knowledge": "No knowledge base yet.", "lab": "Nothing to search yet.",
    "tune": "No tuned model yet.", "compare": "No comparison yet.",
    "review": "No comparison to vote on yet.", "ask": "Only the base model can answer so far.",
    "runs": "No job has run yet.",
}  # fmt: skip
HEAVY = ("torch", "transformers", "trl", "peft", "faiss", "sentence_transformers", "datasets", "sklearn")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """An existing, empty workspace (so that no demo is copied)."""
    root = tmp_path / "workspace"
    monkeypatch.setenv("CROSSOVER_HOME", str(root))
    return open_workspace(root)


def at(page: str, **query: str) -> AppTest:
    """The app with one page open."""
    app = AppTest.from_file(str(APP), default_timeout=60)
    app.run()
    for name, value in query.items():
        app.query_params[name] = value
    return app.switch_page(frame.PAGES[page][0]).run()


def texts(app: AppTest) -> str:
    """All text of a page in one string."""
    kinds = ("title", "markdown", "caption", "text", "subheader")
    parts = [str(element.value) for kind in kinds for element in getattr(app, kind)]
    alerts = [element for kind in ("error", "warning", "info", "success") for element in getattr(app, kind)]
    parts += [f"{alert.proto.title} {alert.value}" for alert in alerts]
    return "\n".join(parts).replace("\\", "")


def tables(app: AppTest) -> list[DataFrame]:
    """Every table of the page as it is read: signs that are escaped for Markdown stand as themselves."""
    bare = lambda text: text.replace("\\", "").replace("\u00a0", " ") if isinstance(text, str) else text  # noqa: E731
    return [one.value for one in app.dataframe] + [one.value.map(bare).rename(columns=bare) for one in app.table]


def table(app: AppTest, column: str) -> DataFrame:
    """The first table of the page that has this column."""
    return next(one for one in tables(app) if column in one.columns)


def charted(chart: Any) -> list[dict[str, Any]]:
    """The rows a chart is drawn from, where they stand beside its description and not inside."""
    return pyarrow.ipc.open_stream(chart.proto.data.data).read_pandas().to_dict("records")


def make_bench(workspace: Workspace, name: str = "look", rows: int = 40) -> jobs.Run:
    """A finished comparison of four systems: base knows nothing, rag a half, sft a quarter, sft+rag all."""
    examples = [
        Example(f"q{i}", f"What is <b>fact</b> {i}?", (f"value {i}",), f"doc{i}.md", f"Fact {i} is value {i}.",
                tags=("taught" if i % 2 else "untaught",))
        for i in range(rows)
    ]  # fmt: skip
    parts = Parts("pocket", "tuned@1", "handbook@1")
    systems = [corner(one, parts) for one in ("base", "sft", "rag", "sft+rag")]
    config = {
        "test": "demo",
        "systems": [asdict(s) for s in systems],
        "limit": None,
        "max_new_tokens": 64,
        "leakage": None,
    }
    inputs = {"test": fingerprint(examples), "test_file": "x", "prompt": prompt_fingerprint(), "rows_refused": 0,
              "flags": {"sft+rag": ["tuned@1 was trained without passages"]}}  # fmt: skip
    run = jobs.order(workspace, "bench", name, config, inputs)
    save_examples(run.folder / "examples.jsonl", examples)
    log = records.AnswerLog(run.folder)
    for system, right in (("base", 0), ("sft", 4), ("rag", 2), ("sft+rag", 1)):
        given = [_answer(e, i, right and i % right == 0, system) for i, e in enumerate(examples)]
        log.save(system, given)
    scores = scoring.summarise(examples, records.load_answers(run.folder))
    records.save_scores(run, scores)
    finish(run, "done")
    return jobs.load(workspace, run.id)


def _answer(example: Example, number: int, right: bool, system: str) -> Answer:
    passage = Passage(f"p{number}", f"doc{number}.md", f"Fact {number} is value {number}.", 0, 20, "Facts")
    hits = (Hit(1, 0.5, passage),) if "rag" in system else ()
    text = example.answers[0] if right else "**wrong** <i>text</i>"
    asked = (Message("user", f"Question: {example.question}"),)
    return Answer(example.id, text, 0.1, 20, 4, hits=hits, conversation=asked)


def finish(run: jobs.Run, state: str, **more: object) -> None:
    """Leave the status that a child would have left."""
    status = {"state": state, "text": state, "seconds": 3.0, "started": "2026-11-23T00:00:00+00:00", **more}
    write_json(run.folder / "status.json", status)


@pytest.mark.parametrize("page", list(EMPTY))
def test_an_empty_workspace_says_what_to_do_next(home: Workspace, page: str) -> None:
    app = at(page)
    assert not app.exception
    assert not app.error
    assert EMPTY[page] in texts(app)


def test_the_headline_says_where_another_system_is_ahead() -> None:
    systems = {name: {"exact_match": {"mean": mean, "n": 40}} for name, mean in (("sft", 0.6), ("rag", 0.3))}
    pair = {"first": "rag", "second": "sft", "metric": "exact_match", "mean": -0.3, "low": -0.5, "high": -0.1}
    places = {"sft": "sft", "rag": "rag"}
    assert headline(
        {"systems": systems, "pairs": [pair], "hidden": {"ahead": {"rag": ["changed", "new"]}}}, places
    ) == (
        "Over all 40 questions SFT answers best (60.0 % exact match), ahead of RAG by 30.0 points (10.0 to 50.0). "
        "It depends on the mix of questions: RAG is clearly ahead of SFT on questions tagged changed, new."
    )
    unsure = headline({"systems": systems, "pairs": [{**pair, "high": 0.1}]}, places)
    assert unsure == (
        "Over all 40 questions nobody can tell whether SFT (60.0 % exact match) or RAG (30.0 %) answers best: the "
        "interval of their difference holds 0."
    )


def test_the_overview_shows_the_square_of_the_last_comparison(home: Workspace) -> None:
    make_bench(home)
    app = at("overview")
    assert not app.exception
    assert {m.label: m.value for m in app.metric}["SFT + RAG"] == "100.0 %"
    assert {m.label: m.value for m in app.metric}["Base"] == "0.0 %"
    assert {m.label: m.value for m in app.metric}["RAG"] == "50.0 %"
    said = texts(app)
    assert "questions SFT + RAG answers best (100.0 % exact match), ahead of RAG by 50.0 points (" in said
    assert "sft+rag beats rag by 50.0 points" in said or "sft+rag beats rag" in said
    assert "trained without passages" in said
    assert str(home.root) in said


def test_compare_shows_the_table_and_each_question(home: Workspace) -> None:
    run = make_bench(home)
    app = at("compare", run=run.id)
    assert not app.exception
    systems = table(app, "System")
    assert list(systems["System"]) == ["base", "sft", "rag", "sft+rag"]
    assert list(systems["n"]) == [40] * 4
    marks = table(app, "Accepted answers")
    assert len(marks) == 25, "one page of questions"
    assert marks.iloc[1][["base", "sft", "rag", "sft+rag"]].tolist() == ["✗", "✗", "✗", "✓"]
    assert "What is <b>fact</b> 0?" in [t.value for t in app.text], "documents' and models' words are shown as text"


def test_compare_filters_questions_one_system_gets_right_and_another_wrong(home: Workspace) -> None:
    run = make_bench(home)
    app = at("compare", run=run.id)
    app.button_group(key="questions_kind").set_value("A right, B wrong").run()
    app.selectbox(key="questions_right").set_value("sft+rag")
    app.selectbox(key="questions_other").set_value("rag").run()
    assert "20 of 40 questions" in texts(app)


def test_a_damaged_run_is_named_on_the_page_runs_and_breaks_no_page(home: Workspace) -> None:
    run = make_bench(home)
    (run.folder / "run.json").write_text("{ torn")
    for page in ("overview", "compare", "runs"):
        app = at(page)
        assert not app.exception
        assert not app.error
    assert "cannot be read" in "".join(warning.value for warning in at("runs").warning)


def test_an_unwritable_workspace_is_one_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("CROSSOVER_HOME", str(tmp_path / "file" / "workspace"))
    app = at("overview")
    assert not app.exception
    assert len(app.error) == 1
    assert "CROSSOVER_HOME" in texts(app)


def test_a_failed_run_shows_its_reason_and_can_be_resumed(home: Workspace) -> None:
    run = jobs.order(home, "train", "tuned", {}, {})
    finish(run, "failed", error={"what": "The disk is full.", "fix": "Free some space, then resume this run."})
    app = at("runs", run=run.id)
    assert not app.exception
    assert "The disk is full." in texts(app)
    assert app.button(key=f"resume_{run.id}")


def test_a_queued_run_shows_its_progress_and_stops_when_asked(home: Workspace) -> None:
    run = jobs.order(home, "train", "tuned", {}, {})
    app = at("tune", run=run.id)
    app.button(key=f"stop_{run.id}").click().run()
    assert (run.folder / "stop").exists()
    assert "Stopping" in texts(app)


def test_data_shows_how_a_file_was_read_and_stores_it(home: Workspace) -> None:
    rows = [{"frage": f"How many {i}?", "answer": str(i)} for i in range(5)] + [{"frage": "", "answer": "x"}]
    content = "\n".join(json.dumps(row) for row in rows).encode()
    app = at("data")
    app.file_uploader(key="data_test").upload("fragen.jsonl", content).run()
    assert "question" in texts(app), "the refusal names what is missing"
    app.selectbox(key="data_map_question").set_value("frage").run()
    assert not app.error
    assert "5 rows" in texts(app)
    assert "1 row was left out; row 6: no question." in texts(app)
    assert "Question: How many 0?" in app.code[0].value
    app.text_input(key="data_name").set_value("numbers")
    app.button(key="data_save").click().run()
    assert not app.exception
    assert store.resolve(home, "datasets", "numbers").manifest()["splits"]["test"]["rows"] == 5


def test_data_lists_the_first_ten_of_the_questions_that_leak(home: Workspace) -> None:
    rows = [{"question": f"What is *number* {i}?", "answer": str(i)} for i in range(12)]
    test = [{**row, "question": row["question"].upper()} for row in rows] + [{"question": "Who?", "answer": "Ada"}]
    app = at("data")
    for split, given in (("train", rows), ("test", test)):
        content = "\n".join(json.dumps(row) for row in given).encode()
        app.file_uploader(key=f"data_{split}").upload(f"{split}.jsonl", content)
    app.run(timeout=300)
    assert not app.exception
    assert "12 of 13 test questions stand word for word in the training data." in texts(app)
    assert "The repeated questions (the first 10 of 12)" in [one.label for one in app.expander]
    listed = list(table(app, "Test question")["Test question"])
    assert listed == [f"WHAT IS *NUMBER* {i}?" for i in range(10)]


def test_the_knowledge_page_shows_how_each_file_ended(home: Workspace) -> None:
    refused = [{"file": "scan.pdf", "what": "scan.pdf holds pictures of pages but no text.", "fix": "Run OCR first."}]
    record = {"sha256": "x", "pages": None, "warnings": []}
    with store.staging(home, "knowledge") as folder:
        rows = [asdict(Passage(str(i), id_, "text", 0, 4)) for i, id_ in enumerate(("a.md", "p.csv#1", "p.csv#2"))]
        (folder / "passages.jsonl").write_text("\n".join(map(json.dumps, rows)))
        manifest = {
            "created": "2026-11-24T00:00:00+00:00", "refused": refused, "warnings": ["a.md: hidden text: 1 part"],
            "counts": {"documents": 3, "passages": 3}, "index": {"kind": "exact", "reason": "small"},
            "embedder": {"id": "hash", "dim": 4, "dtype": "float32", "weights_hash": "w1", "max_tokens": 254},
            "settings": {"chunk_tokens": 160, "overlap_tokens": 0, "embedder": "hash"}, "stored": {},
            "files": {"a.md": {**record, "file": "a.md", "characters_in": 90, "characters": 60,
                               "warnings": ["hidden text: 1 part", "hidden text: 2 parts", "links ignored: 1 link"]},
                      "p.csv#1": {**record, "file": "p.csv", "characters_in": 30, "characters": 10},
                      "p.csv#2": {**record, "file": "p.csv", "characters_in": 0, "characters": 12}},
        }  # fmt: skip
        store.publish(home, "knowledge", "handbook", folder, manifest)
    app = at("knowledge")
    app.segmented_control(key="knowledge_part").set_value("Documents and passages").run()
    assert not app.exception
    shown = table(app, "Ended as").fillna(0).to_dict("records")
    assert [row["File"] for row in shown] == ["a.md", "p.csv", "scan.pdf"]
    assert shown[0]["Ended as"] == "read with warnings: hidden text, links ignored"
    assert shown[2]["Ended as"] == "refused: scan.pdf holds pictures of pages but no text."
    numbers = [(row["Documents"], row["In the file"], row["Kept"], row["Passages"]) for row in shown]
    assert numbers == [(1, 90, 60, 1), (2, 30, 22, 2), (0, 0, 0, 0)]
    assert "scan.pdf holds pictures of pages but no text. Run OCR first." in texts(app)
    app.selectbox(key="knowledge_document").set_value("p.csv").run()
    assert not app.exception
    assert "p.csv#1 · characters 0 to 4" in texts(app)
    assert "p.csv#2 · characters 0 to 4" in texts(app)


def test_leaking_test_questions_block_until_confirmed(home: Workspace) -> None:
    questions = [f"What is number {i}?" for i in range(5)]
    _store_dataset(home, questions)
    _store_adapter_that_saw(home, questions[:2])
    app = at("compare")
    app.text_input(key="compare_name").set_value("leaky").run()
    app.button(key="compare_go").click().run()
    assert not app.exception
    assert "2 of 5 test questions stand word for word in the training data." in texts(app)
    assert not jobs.list_runs(home)
    assert app.checkbox(key="compare_allow")


def _store_dataset(home: Workspace, questions: list[str]) -> None:
    file = home.root / "test.jsonl"
    file.write_text("\n".join(json.dumps({"question": q, "answer": "one"}) for q in questions))
    add = [sys.executable, "-m", "data", "add", "numbers", "--test", str(file)]
    subprocess.run(add, cwd=APP.parent, check=True, capture_output=True)


def _store_adapter_that_saw(home: Workspace, questions: list[str]) -> None:
    from data.leakage import question_key

    with store.staging(home, "adapters") as folder:
        write_json(folder / "questions.json", {"keys": [question_key(q) for q in questions]})
        manifest = {"method": "lora", "base": {"id": "pocket", "hash": "w"}, "context": "none",
                    "created": "2026-11-24T00:00:00+00:00"}  # fmt: skip
        manifest["summary"] = {"ended": "complete", "name": "tuned@1"}
        store.publish(home, "adapters", "tuned", folder, manifest)


def test_the_pages_load_no_model_library(home: Workspace) -> None:
    make_bench(home)
    script = (
        "import sys; from streamlit.testing.v1 import AppTest\n"
        f"app = AppTest.from_file({str(APP)!r}, default_timeout=60).run()\n"
        f"for page in {PAGES!r}:\n    app.switch_page(page).run(); assert not app.exception, page\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=APP.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.strip().splitlines()[-1] == "[]"
