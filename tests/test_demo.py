"""The demo that ships: true to its own answers, small, impersonal, and never copied over anyone's work."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from data import jobs
from data.demo.first_start import SHIPPED, copy_demo
from data.documents import by_file, read_documents
from data.examples import read_examples
from data.prompts import fingerprint, question_turn
from data.store import resolve
from data.workspace import Workspace, open_workspace
from eval import bench, records
from rag.chunk import in_context

DEMO = SHIPPED.parent


@pytest.fixture
def demo(tmp_path: Path) -> Workspace:
    assert copy_demo(tmp_path / "home")
    return open_workspace(tmp_path / "home")


def test_the_stored_answers_score_to_the_stored_numbers(demo: Workspace) -> None:
    run = jobs.find(demo, "demo", "bench")
    stored = {key: value for key, value in records.load_scores(run).items() if key != "format"}
    assert json.loads(json.dumps(bench.rescore(run))) == stored
    assert set(stored["systems"]) == {"base", "sft", "rag", "sft+rag", "gold", "floor"}
    assert {row["n"] + row["not_available"] for row in stored["systems"].values()} == {len(records.questions(run))}


def test_the_demo_was_asked_with_todays_prompts_and_questions(demo: Workspace) -> None:
    run = jobs.find(demo, "demo", "bench")
    assert run.order["inputs"]["prompt"] == fingerprint()
    assert records.questions(run) == read_examples(DEMO / "test.jsonl").examples
    answers = records.load_answers(run.folder)
    example = next(e for e in records.questions(run) if e.evidence)
    given = answers["rag"][example.id]
    texts = [in_context(hit.passage) for hit in given.hits[: len(given.hits) - given.dropped]]
    assert given.conversation == question_turn(example.question, texts)


def test_the_demos_tuned_model_fits_the_bundled_one(demo: Workspace) -> None:
    from sft.sources import BUNDLED_FOLDER, weights_hash

    base = resolve(demo, "adapters", "brindlewick").manifest()["base"]
    assert base["id"] == "pocket"
    assert base["hash"] == weights_hash(BUNDLED_FOLDER)


def test_the_shipped_workspace_is_small_dated_and_names_no_machine() -> None:
    files = [path for path in SHIPPED.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 10_000_000
    made = json.loads((SHIPPED / "DEMO.json").read_text())
    assert made["made"] >= "2026"
    assert "cores" in made["machine"]
    for path in files:
        if path.suffix in (".json", ".jsonl", ".md"):
            text = path.read_text()
            assert not re.search(r'"/[\w.-]+/|[A-Z]:\\\\', text), path  # an absolute path in a JSON string
            assert str(SHIPPED.parents[2]) not in text, path


def test_the_demo_is_copied_once_and_never_over_existing_work(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    assert copy_demo(home)
    (home / "runs" / "mine").mkdir()
    assert not copy_demo(home)
    assert (home / "runs" / "mine").exists()
    other = tmp_path / "other"
    other.mkdir()
    (other / "notes.txt").write_text("mine")
    assert not copy_demo(other)
    assert [path.name for path in other.iterdir()] == ["notes.txt"]


def test_every_gold_sentence_of_the_test_stands_in_its_document() -> None:
    documents, refused = read_documents([DEMO / "documents"])
    texts = {name: " ".join(text.split()) for name, _, text in by_file(documents)}
    assert not refused
    for example in read_examples(DEMO / "test.jsonl").examples:
        if example.evidence:
            assert " ".join(example.evidence.split()) in texts[str(example.document)], example.id
            assert any(answer in example.evidence for answer in example.answers), example.id
