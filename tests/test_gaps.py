"""A finished comparison whose files were emptied or cut afterwards: said, not scored as if it were whole, made good."""

from __future__ import annotations

from pathlib import Path

import pytest

from data import jobs
from data.disk import read_json, write_json
from data.errors import UserError
from data.shell import main
from data.workspace import Workspace, open_workspace
from eval import exports, gaps, records, report
from eval.__main__ import parser
from tests import test_pages
from tests.gates import Gatekeeper
from tests.sample_bench import carry_out
from tests.test_bench_resume import ordered
from tests.test_pages import at, make_bench, texts

home = test_pages.home


def cut(run: jobs.Run, file: str = "answers.jsonl", lines: int = 0) -> None:
    """Leave only the first lines of a file."""
    kept = (run.folder / file).read_text().splitlines(keepends=True)[:lines]
    (run.folder / file).write_text("".join(kept))


def test_a_whole_comparison_misses_nothing(home: Workspace) -> None:
    run = make_bench(home)
    assert gaps.missing(run) == {}
    assert "missing" not in report.as_text(run, records.load_scores(run))
    assert not any(button.key == "compare_complete" for button in at("compare").button)


@pytest.mark.parametrize(("lines", "lost", "said"), [
    (0, {"base": 40, "sft": 40, "rag": 40, "sft+rag": 40}, "160 of 160 planned answers are missing (base 40, sft 40,"),
    (130, {"sft+rag": 30}, "30 of 160 planned answers are missing (sft+rag 30)"),
])  # fmt: skip
def test_lost_answers_are_counted_against_the_plan(
    home: Workspace, lines: int, lost: dict[str, int], said: str
) -> None:
    run = make_bench(home)
    cut(run, lines=lines)
    assert gaps.missing(run) == lost
    scores = records.load_scores(run)
    assert said in report.as_html(run, scores)
    assert exports.plain(said) in exports.as_markdown(run, scores)
    app = at("compare")
    assert not app.exception
    assert said in texts(app)
    assert app.button(key="compare_complete")
    with pytest.raises(UserError, match="python -m eval complete"):
        gaps.refuse(run)
    assert said in texts(at("overview"))


def test_answers_whose_passages_are_gone_are_missing(home: Workspace) -> None:
    run = make_bench(home)
    cut(run, "passages.jsonl")
    assert gaps.missing(run) == {"rag": 40, "sft+rag": 40}
    app = at("compare")
    assert not app.exception
    assert "80 of 160 planned answers are missing (rag 40, sft+rag 40)" in texts(app)


def test_a_completion_that_was_killed_still_misses_answers_and_is_resumed(
    home: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_bench(home)
    cut(run, lines=130)
    status = read_json(run.folder / "status.json")
    write_json(run.folder / "status.json", status | {"state": "running", "pid_started": 0.0})
    died = jobs.load(home, run.id)
    assert (died.state, gaps.missing(died)) == ("died", {"sft+rag": 30})
    before = (run.folder / "scores.json").read_bytes()
    for verb, said in (("complete", f"jobs resume {run.id}"), ("rescore", "30 of 160 planned answers are missing")):
        assert main(parser(), [verb, run.id]) == 2
        assert said in capsys.readouterr().err
    assert (run.folder / "scores.json").read_bytes() == before
    app = at("compare")
    assert "30 of 160 planned answers are missing" in texts(app)
    assert not any(button.key == "compare_complete" for button in app.button), "Resume stands there already"


def test_what_was_lost_is_asked_again_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = open_workspace(tmp_path)
    run = ordered(tmp_path, monkeypatch)
    assert carry_out(tmp_path, run.id, Gatekeeper(taught=range(1, 7))) == 0
    whole = (run.folder / "answers.jsonl").read_text().splitlines(keepends=True)
    scores = read_json(run.folder / "scores.json")
    with pytest.raises(UserError, match="is done"):
        carry_out(tmp_path, run.id, Gatekeeper(taught=range(1, 7)))
    cut(run, lines=len(whole) - 3)
    asked: list[str] = []
    again = Gatekeeper(taught=range(1, 7), before=asked.extend)
    assert carry_out(tmp_path, run.id, again) == 0
    now = (run.folder / "answers.jsonl").read_text().splitlines(keepends=True)
    assert len(now) == len(whole)
    assert len(set(asked)) == 4, "the one batch of four that lost three"
    assert gaps.missing(jobs.load(workspace, run.id)) == {}
    told = read_json(run.folder / "scores.json")
    for name, row in scores["systems"].items():
        assert told["systems"][name]["exact_match"] == row["exact_match"]
