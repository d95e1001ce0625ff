"""The verbs headroom, compare and rescore, as a shell calls them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from data import jobs, shell
from data.examples import save_examples
from data.workspace import Workspace
from eval import bench, records
from eval.__main__ import parser
from eval.systems import Parts
from tests.gates import Gatekeeper, example
from tests.sample_bench import carry_out


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> tuple[str, str]:
    """What a command prints to both streams."""
    capsys.readouterr()
    assert shell.main(parser(), list(arguments)) == code
    return capsys.readouterr()


def carried_out(workspace: Workspace, name: str, rows: int, taught: int) -> jobs.Run:
    file = workspace.root / f"{name}.jsonl"
    save_examples(file, [example(number) for number in range(1, rows + 1)])
    run = bench.order(workspace, bench.BenchOrder(name, str(file), Parts("some/model"), ("base", "gold")))
    assert carry_out(workspace.root, run.id, Gatekeeper(taught=range(1, taught + 1))) == 0
    return run


def test_two_runs_are_compared_or_refused(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    for name, rows, taught in (("before", 30, 5), ("after", 30, 25), ("short", 8, 0)):
        carried_out(workspace, name, rows, taught)
    out, _ = said(capsys, "compare", "before", "after")
    assert "base: 16.7 (7.3 to 33.6) % and 83.3 (66.4 to 92.7) %. base of after beats base of before by 66.7" in out
    found = json.loads(said(capsys, "compare", "before", "after", "--json")[0].splitlines()[-1])
    assert found["differs"] == []
    assert "22 of 30 are only in the first" in said(capsys, "compare", "before", "short", code=2)[1]
    assert "There is no run 'nope'" in said(capsys, "compare", "before", "nope", code=2)[1]


def test_scoring_again_says_whether_the_numbers_are_the_same(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    run = carried_out(workspace, "gates", 12, 3)
    assert "was scored again: the same numbers." in said(capsys, "rescore", "gates")[0]
    scores = records.load_scores(run)
    scores["systems"]["base"]["n"] = 99
    records.save_scores(run, scores)
    assert "other numbers than before" in said(capsys, "rescore", "gates")[0]
    assert records.load_scores(run)["systems"]["base"]["n"] == 12


def test_headroom_asks_the_bundled_model_and_advises(
    workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_examples(tmp_path / "test.jsonl", [example(number) for number in range(1, 9)])
    out, _ = said(capsys, "headroom", "--test", str(tmp_path / "test.jsonl"), "--sample", "6", "--json")
    found = json.loads(out.splitlines()[-1])
    assert [(name, row["n"]) for name, row in found["systems"].items()] == [("base", 6), ("gold", 6)]
    assert found["advice"][0].startswith("The base ")
    assert found["advice"][-1] == "Few independent groups of questions (6): indicative only."
    assert jobs.load(workspace, found["run"]).state == "done"
