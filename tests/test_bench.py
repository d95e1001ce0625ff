"""The bench, asking and the worker, end to end on the bundled model: the same questions, stored, resumed, re-scored."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from data import jobs
from data.disk import read_json, write_json
from data.errors import UserError
from data.examples import save_examples
from data.leakage import question_key
from data.prompts import question_turn
from data.schema import DecodeSettings, Example
from data.store import publish, staging
from data.workspace import Workspace, open_workspace
from eval import bench, client, records, report
from eval.searching import load_searches
from eval.systems import Parts, System
from rag.chunk import in_context

TOWNS = ["Harrow", "Lindel", "Morbeck", "Tarn", "Osby", "Vellin", "Quarr", "Pell"]
EXAMPLES = [
    Example(f"q{i}", f"Who runs the mill in {t}?", (f"Ada {t}son",), f"{t}.md", f"Ada {t}son runs the mill in {t}.")
    for i, t in enumerate(TOWNS)
] + [Example("x", "Who runs the mill in Nowhere?", ("I don't know.",), answerable=False)]  # fmt: skip
PAYLOAD = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace with a small knowledge base, built by the shell's own command."""
    root = tmp_path_factory.mktemp("bench")
    documents = root / "documents"
    documents.mkdir()
    for example in EXAMPLES[:-1]:
        text = f"# Mills\n\n{example.evidence} It opens at 9:30. {PAYLOAD}\n"
        (documents / str(example.document)).write_text(text)
    save_examples(root / "test.jsonl", EXAMPLES)
    workspace = open_workspace(root / "home")
    run_shell(workspace, "rag", "build", "--name", "mills", "--documents", str(documents))
    return workspace


def run_shell(workspace: Workspace, room: str, *arguments: str, code: int = 0) -> dict[str, Any]:
    environment = {**os.environ, "CROSSOVER_HOME": str(workspace.root)}
    command = [sys.executable, "-m", room, *arguments, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout.splitlines()[-1]) if code == 0 else {"error": done.stderr.strip().splitlines()[-1]}


def test_file(workspace: Workspace) -> str:
    return str(workspace.root.parent / "test.jsonl")


test_file.__test__ = False  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def finished(home: Workspace) -> dict[str, Any]:
    return run_shell(home, "eval", "bench", "--name", "b", "--test", test_file(home), "--knowledge", "mills", "-k", "2")


def test_every_possible_system_answers_every_question(home: Workspace, finished: dict[str, Any]) -> None:
    assert list(finished["systems"]) == ["base", "rag", "gold", "floor"]
    assert [row["n"] for row in finished["systems"].values()] == [9, 9, 8, 9]
    for row in finished["systems"].values():
        assert row["exact_match"]["low"] <= row["exact_match"]["mean"] <= row["exact_match"]["high"]
    answers = records.load_answers(jobs.find(home, "b").folder)
    assert not answers["gold"]["x"].available
    assert answers["rag"]["q0"].hits[0].passage.document == "Harrow.md"


def test_the_times_of_every_search_are_kept(home: Workspace, finished: dict[str, Any]) -> None:
    took = load_searches(jobs.find(home, "b").folder)
    assert set(took) == {(system, example.id) for system in ("rag", "floor") for example in EXAMPLES}
    assert all(min(one.vector or 0, one.search, one.passages) > 0 for one in took.values())


def test_the_stored_prompt_is_the_one_prompt_form(home: Workspace, finished: dict[str, Any]) -> None:
    answers = records.load_answers(jobs.find(home, "b").folder)
    for example in EXAMPLES:
        found = answers["rag"][example.id]
        assert found.conversation == question_turn(example.question, [in_context(hit.passage) for hit in found.hits])
        assert answers["base"][example.id].conversation == question_turn(example.question)


def test_scoring_again_without_a_model_gives_the_stored_numbers(home: Workspace, finished: dict[str, Any]) -> None:
    run = jobs.find(home, "b")
    stored = {key: value for key, value in records.load_scores(run).items() if key != "format"}
    assert json.loads(json.dumps(bench.rescore(run))) == stored


def test_the_report_shows_texts_as_text(home: Workspace, finished: dict[str, Any], tmp_path: Path) -> None:
    run_shell(home, "eval", "report", "b", "--html", str(tmp_path / "b.html"), "--csv", str(tmp_path / "b.csv"),
              "--markdown", str(tmp_path / "b.md"), "--jsonl", str(tmp_path / "b.jsonl"))  # fmt: skip
    assert all((tmp_path / f"b.{ending}").read_text() for ending in ("csv", "md", "jsonl"))
    page = (tmp_path / "b.html").read_text()
    assert PAYLOAD not in page
    assert "&lt;script&gt;alert(1)" in page
    assert all(example.question in page for example in EXAMPLES)
    run = jobs.find(home, "b")
    assert "95 % intervals" in report.as_text(run, records.load_scores(run))


def test_a_killed_bench_goes_on_and_repeats_no_question(home: Workspace) -> None:
    run = bench.order(home, bench.BenchOrder("killed", test_file(home), Parts(knowledge="mills"), ("base", "rag")))
    process = jobs.start(home, run)
    deadline = time.monotonic() + 120
    while not (run.folder / "answers.jsonl").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    before = records.load_answers(run.folder)
    assert jobs.load(home, run.id).state in ("died", "done")
    with pytest.raises(UserError, match="has no scores"):
        records.load_scores(jobs.load(home, run.id))
    result = run_shell(home, "data", "jobs", "resume", run.id)
    assert result["state"] == "done"
    after = records.load_answers(run.folder)
    assert all(after[system][e] == answer for system, given in before.items() for e, answer in given.items())
    rows = [row for row in (run.folder / "answers.jsonl").read_text().splitlines() if row]
    assert len(rows) == 18


def test_a_limit_draws_the_same_questions_each_time(home: Workspace) -> None:
    asked = bench.BenchOrder("few", test_file(home), Parts(), ("base",), limit=4)
    first, second = (records.questions(bench.order(home, asked)) for _ in range(2))
    assert first == second
    assert len(first) == 4


def tuned(workspace: Workspace, name: str, context: str, questions: list[str]) -> str:
    """A tuned model's record, without weights: enough to order with, never to run."""
    with staging(workspace, "adapters") as folder:
        write_json(folder / "questions.json", {"keys": [question_key(question) for question in questions]})
        manifest = {"context": context, "method": "lora", "base": {"id": "pocket", "hash": "w"},
                    "created": "2026-11-24T00:00:00+00:00", "summary": {"ended": "complete"}}  # fmt: skip
        return publish(workspace, "adapters", name, folder, manifest).ref


def test_a_leaked_test_question_blocks_until_allowed_and_then_stamps(home: Workspace) -> None:
    reference = tuned(home, "leaky", "mixed", [EXAMPLES[0].question.upper(), "another?"])
    asked = bench.BenchOrder("leak", test_file(home), Parts(tuned=reference), ("sft",))
    with pytest.raises(UserError, match=r"1 of 9 test questions stand word for word .*--allow-leakage"):
        bench.order(home, asked)
    allowed = bench.BenchOrder("leak", test_file(home), Parts(tuned=reference), ("sft",), allow_leakage=True)
    assert bench.order(home, allowed).order["config"]["leakage"]["exact"] == ["q0"]


def test_a_test_file_among_the_documents_blocks(home: Workspace, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("\n".join(example.question for example in EXAMPLES))
    run_shell(home, "rag", "build", "--name", "leak", "--documents", str(tmp_path / "notes.txt"))
    asked = bench.BenchOrder("leak", test_file(home), Parts(knowledge="leak"), ("rag",))
    with pytest.raises(UserError, match=r"test file itself is among the documents \(notes.txt\)"):
        bench.order(home, asked)


def test_an_adapter_never_trained_with_passages_is_flagged_when_asked_with_them(home: Workspace) -> None:
    parts = Parts(tuned=tuned(home, "bare", "none", []), knowledge="mills")
    run = bench.order(home, bench.BenchOrder("flag", test_file(home), parts, ("sft", "sft+rag")))
    flags = run.order["inputs"]["flags"]
    assert flags["sft"] == []
    assert "trained without passages" in flags["sft+rag"][0]
    parts = Parts(tuned=tuned(home, "read", "mixed", []), knowledge="mills", k=3)
    run = bench.order(home, bench.BenchOrder("flag", test_file(home), parts, ("sft+rag",)))
    assert "asked with 3 here" in run.order["inputs"]["flags"]["sft+rag"][0]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--test", "nope.jsonl"], "'nope.jsonl' is neither a file nor a stored dataset"),
        (["--test", "TEST", "--systems", "sft"], "System 'sft' needs tuned weights"),
        (["--test", "TEST", "--knowledge", "nope"], "no knowledge base named 'nope'"),
        (["--test", "TEST", "--tuned", "nope"], "no tuned model named 'nope'"),
        (["--test", "TEST", "--model", "nobody/no-such-model", "--systems", "base"], "nobody/no-such-model"),
        (["--test", "TEST", "--limit", "0"], "must be at least 1"),
    ],
)
def test_bad_orders_are_one_sentence_and_exit_code_2(home: Workspace, arguments: list[str], sentence: str) -> None:
    arguments = [test_file(home) if argument == "TEST" else argument for argument in arguments]
    assert sentence in run_shell(home, "eval", "bench", "--name", "bad", *arguments, code=2)["error"]


def test_a_question_longer_than_the_window_is_counted_not_cut(home: Workspace, tmp_path: Path) -> None:
    save_examples(tmp_path / "long.jsonl", [Example("long", "word " * 9000, ("x",)), EXAMPLES[0]])
    run_shell(home, "eval", "bench", "--name", "long", "--test", str(tmp_path / "long.jsonl"), "--systems", "base")
    row = records.load_scores(jobs.find(home, "long"))["systems"]["base"]
    assert (row["n"], row["over_budget"]) == (2, 1)


def test_asking_from_the_shell_answers_with_every_system(home: Workspace) -> None:
    result = run_shell(home, "eval", "ask", EXAMPLES[0].question, "--knowledge", "mills")
    assert list(result["answers"]) == ["base", "rag", "floor"]
    assert result["answers"]["rag"]["hits"][0]["document"] == "Harrow.md"
    assert run_shell(home, "eval", "ask", " ", "--knowledge", "mills", code=2)["error"].startswith(
        "Error: The question is"
    )


def test_the_worker_streams_answers_keeps_its_token_and_leaves(home: Workspace) -> None:
    systems = [System("base", "pocket"), System("rag", "pocket", context="retrieved", knowledge="mills")]
    events = list(client.ask(home, EXAMPLES[1].question, systems, DecodeSettings()))
    whole = {e["system"]: e["answer"]["text"] for e in events if "answer" in e}
    pieces = {name: "".join(e["text"] for e in events if e["system"] == name and "text" in e) for name in whole}
    assert list(whole) == ["base", "rag"]
    assert {name: text.strip() for name, text in pieces.items()} == whole
    assert client.search(home, "mills", EXAMPLES[2].question)["hits"][0]["document"] == "Morbeck.md"
    for method in ("fused", "dense", "bm25"):
        torn = client.search(home, "mills", "Who runs the mill \ud800 in Morbeck\0?\udcff 🔥", method=method)
        assert torn["hits"][0]["document"] == "Morbeck.md"
    for question, said in ((" \n", "question is empty"), ("mill " * 200_000, "1,000,000 characters; the limit")):
        with pytest.raises(UserError, match=said):
            client.search(home, "mills", question)
    path = home.root / "worker.json"
    address = read_json(path)
    assert path.stat().st_mode & 0o077 == 0
    wrong = httpx.post(f"http://127.0.0.1:{address['port']}/search", json={}, headers={"authorization": "Bearer x"})
    assert wrong.status_code == 403
    with pytest.raises(UserError, match="no knowledge base named 'nope'"):
        client.search(home, "nope", "q")
    os.kill(address["pid"], signal.SIGTERM)
    deadline = time.monotonic() + 30
    while path.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert client.running(home) is None
