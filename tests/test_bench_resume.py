"""A bench that is killed, torn or let down by its machine: whole batches again, nothing twice, nothing lost."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data import jobs
from data.disk import write_json
from data.examples import save_examples
from data.schema import Answer, Example
from data.workspace import Workspace, open_workspace
from eval import bench, latency, plan, records
from eval.plan import Batch, load_plan
from eval.systems import Parts, System
from tests.gates import Gatekeeper, example
from tests.sample_bench import GATES, carry_out

ROOT = Path(__file__).resolve().parents[1]
TIMES = ("seconds", "prompt_seconds", "retrieve_seconds", "prefill_seconds")


def ordered(home: Path, monkeypatch: pytest.MonkeyPatch, name: str = "gates") -> jobs.Run:
    """A bench of base, gold and a row that searches, in batches of at most four questions."""
    monkeypatch.setattr(plan, "MOST", 4)
    workspace = open_workspace(home)
    file = home / "test.jsonl"
    save_examples(file, [example(number) for number in GATES])
    run = bench.order(workspace, bench.BenchOrder(name, str(file), Parts("some/model"), ("base", "gold")))
    # a system that searches would need a knowledge base on disk; the fakes need only its row
    rag = asdict(System("rag", "some/model", context="retrieved", k=3, method="fused"))
    saved = json.loads((run.folder / "run.json").read_text())
    saved["config"]["systems"].append(rag)
    write_json(run.folder / "run.json", saved)
    systems = [System(**row) for row in saved["config"]["systems"]]
    plan.save_plan(run.folder, plan.plan(systems, {s.name: records.questions(run) for s in systems}))
    return jobs.load(workspace, run.id)


def lines(run: jobs.Run, file: str = records.ANSWERS) -> list[dict[str, Any]]:
    """Stored answers without their times, in the order of the file."""
    rows = [json.loads(line) for line in (run.folder / file).read_text().splitlines() if line]
    return [{key: value for key, value in row.items() if key not in TIMES} for row in rows]


def keyed(rows: Sequence[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    found = {(row["system"], row["example"]): row for row in rows}
    assert len(found) == len(rows), "no answer stands twice"
    return found


def scores(run: jobs.Run) -> dict[str, Any]:
    """The scores but for what depends on the clock."""
    found = records.load_scores(run)
    for row in found["systems"].values():
        row["seconds"] = row["seconds_per_answer"] = None
    return {key: value for key, value in found.items() if key not in ("latency", "throughput", "memory")}


def killed(home: Path, run: jobs.Run, at: int) -> int:
    command = [sys.executable, "tests/sample_bench.py", str(home), run.id, str(at)]
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True).returncode


def test_a_bench_killed_again_and_again_ends_as_one_that_never_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = ordered(tmp_path / "whole", monkeypatch)
    assert carry_out(tmp_path / "whole", whole.id, Gatekeeper(taught=range(1, 7))) == 0
    home = tmp_path / "killed"
    run = ordered(home, monkeypatch)
    for at in (1, 3, 2, 4, 2, 9, 20):
        assert killed(home, run, at) == -9
        assert jobs.load(open_workspace(home), run.id).state == "died"
    assert killed(home, run, 0) == 0
    assert jobs.load(open_workspace(home), run.id).state == "done"
    for file in (records.ANSWERS, records.ALONE):
        assert keyed(lines(run, file)) == keyed(lines(whole, file))
    assert len(lines(run)) == 3 * len(GATES)
    assert len(lines(run, records.ALONE)) == 2, "gates 9 and 12, whose passages came too late to be looked at"
    assert scores(run) == scores(whole)
    assert scores(run)["why"] == {"base": {"not known": 6}, "gold": {}, "rag": {"not used": 2}}


def test_scoring_again_gives_the_stored_files_byte_for_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = ordered(tmp_path, monkeypatch)
    assert carry_out(tmp_path, run.id, Gatekeeper()) == 0
    before = [(run.folder / file).read_bytes() for file in ("scores.json", "labels.json")]
    bench.score_again(run)
    assert [(run.folder / file).read_bytes() for file in ("scores.json", "labels.json")] == before


def test_the_machines_failures_make_a_comparison_incomplete_until_it_is_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = ordered(tmp_path, monkeypatch)

    def before(questions: list[str]) -> None:
        if "Which code opens gate 5?" in questions:
            raise RuntimeError("out of memory")

    assert carry_out(tmp_path, run.id, Gatekeeper(before=before)) == 2
    workspace = open_workspace(tmp_path)
    ended = jobs.load(workspace, run.id)
    assert ended.state == "failed"
    assert "failed on 3 of 36 answers (RuntimeError: out of memory)" in ended.status["error"]["what"]
    assert not (run.folder / "scores.json").exists()
    broken = [row for row in lines(run) if row["finish_reason"] == "error"]
    assert {(row["system"], row["example"]) for row in broken} == {(s, "q005") for s in ("base", "gold", "rag")}
    neighbours = [row for row in lines(run) if "asked alone" in row["note"]]
    assert len(neighbours) == 3 * 3, "one bad question takes none of its batch along"

    again = Gatekeeper()
    assert carry_out(tmp_path, run.id, again) == 0
    asked = [question for batch in again.batches[:3] for question in batch]
    assert len(asked) == 3 * 4
    assert asked.count("Which code opens gate 5?") == 3
    assert keyed(lines(run))
    assert all(row["finish_reason"] == "stop" and not row["note"] for row in lines(run))
    assert (run.folder / "scores.json").exists()


BATCHES = [Batch(system, ids) for system in ("a", "b") for ids in (("1", "2", "3"), ("4", "5"))]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The answers of four batches, as a run leaves them."""
    folder = tmp_path_factory.mktemp("written")
    log = records.AnswerLog(folder)
    for batch in BATCHES:
        log.save(batch.system, [Answer(id_, f"ä {id_}", 0.1) for id_ in batch.examples])
    return (folder / records.ANSWERS).read_bytes()


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_file_torn_anywhere_keeps_whole_batches_and_asks_the_others(written: bytes, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder, file = Path(place), Path(place) / records.ANSWERS
        file.write_bytes(written[: data.draw(st.integers(0, len(written)))])
        left = records.keep_whole(folder, BATCHES)
        kept = [(row["system"], row["example"]) for row in map(json.loads, file.read_text().splitlines())]
        assert kept == [(b.system, id_) for b in BATCHES if b not in left for id_ in b.examples]
        log = records.AnswerLog(folder)
        for batch in left:
            log.save(batch.system, [Answer(id_, f"ä {id_}", 0.1) for id_ in batch.examples])
        assert records.keep_whole(folder, BATCHES) == []
        assert file.read_bytes().rstrip() == written.rstrip()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=5), max_size=400))
def test_the_plan_holds_every_question_once_in_batches_of_even_size(questions: list[str]) -> None:
    asked = [Example(f"{n}", text, ("x",)) for n, text in enumerate(questions)]
    systems = [System("b", "m"), System("a", "m")]
    batches = plan.plan(systems, {"a": asked, "b": asked})
    assert batches == plan.plan(systems[::-1], {"a": asked[::-1], "b": asked})
    for name in ("a", "b"):
        own = [batch.examples for batch in batches if batch.system == name]
        assert sorted(id_ for ids in own for id_ in ids) == sorted(example.id for example in asked)
        assert all(len(ids) <= plan.MOST for ids in own)
        assert max(map(len, own), default=0) - min(map(len, own), default=0) <= 1


def test_the_plan_is_stored_with_the_order_and_not_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = ordered(tmp_path, monkeypatch)
    stored = load_plan(run.folder)
    assert stored
    assert len(stored) == 3 * 3
    monkeypatch.setattr(plan, "MOST", 64)
    model = Gatekeeper()
    assert carry_out(tmp_path, run.id, model) == 0
    assert [len(batch) for batch in model.batches[:9]] == [4] * 9


def test_single_answers_are_timed_warm_and_in_turns(tmp_path: Path, workspace: Workspace) -> None:
    from data.child import Reporter
    from eval.asking import Tally

    run = jobs.order(workspace, "bench", "times", {}, {})
    systems = [System(name, "m") for name in ("a", "b", "c")]
    asked: list[str] = []

    class Timed:
        def __init__(self, name: str) -> None:
            self.name = name

        def answer(self, examples: Sequence[Example], on_answers: Any = None) -> list[Answer]:
            assert len(examples) == 1, "one at a time"
            asked.append(self.name)
            return [Answer(examples[0].id, "x", 0.5, retrieve_seconds=0.1, prefill_seconds=0.1, new_tokens=3)]

    examples = [example(number) for number in range(1, 101)]
    args = (run.folder, systems, examples, lambda system: Timed(system.name), Tally(Reporter(run)))
    latency.measure(*args)
    assert len(asked) == 3 * (30 + 1), "each system once to get warm, then 30 questions"
    assert asked[:12] == ["a", "a", "b", "b", "c", "c", "b", "c", "a", "c", "a", "b"]
    rows = [json.loads(line) for line in (run.folder / latency.FILE).read_text().splitlines()]
    found = latency.summary(rows)
    assert set(found) == {"a", "b", "c"}
    assert found["a"]["decoding"] == {"median": 0.3, "p95": 0.3, "n": 30}
    assert "retrieving" not in found["a"], "this system searches nothing"
    latency.measure(*args)
    assert len(asked) == 3 * (30 + 1), "a resumed run times nothing twice"


def test_the_spread_of_times_is_their_median_and_95th_percentile() -> None:
    rows = [
        {"system": "a", "example": str(n), "available": True, "retrieving": None, "prefill": None, "decoding": n,
         "total": n} for n in range(1, 22)
    ]  # fmt: skip
    rows.append({**rows[0], "example": "none", "available": False, "total": 1000})
    assert latency.summary(rows)["a"]["total"] == {"median": 11, "p95": 20, "n": 21}
