"""Files whose columns have other names: every verb of the fine-tuner reads them, validation files included."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from data import dataset, jobs
from data.child import Reporter
from data.errors import UserError
from data.leakage import BY_BOTH
from data.workspace import Workspace, open_workspace
from sft import __main__ as front
from sft.estimate import estimate
from sft.inputs import read
from sft.orders import order_estimate, order_search, order_training
from sft.preparation import preparation
from sft.train import train
from tests import tiny
from tests.tiny import config, facts, written

home, workspace = tiny.home, tiny.workspace
MAPPING = {"question": "Frage", "answers": "Antwort"}


def german(path: Path, **names: str) -> str:
    """The eight facts in a file with German headings."""
    with open(path, "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow([names.get("question", "Frage"), names.get("answers", "Antwort")])
        rows.writerows((one.question, one.answers[0]) for one in facts())
    return str(path)


def test_columns_hold_for_both_files_of_every_order(workspace: Workspace, home: Path, tmp_path: Path) -> None:
    files = german(tmp_path / "lernen.csv"), german(tmp_path / "wachen.csv")
    found = preparation(workspace, config(home), *files, mapping=MAPPING)
    assert (found.rows, found.validation["rows"]) == (24, 24)
    assert (found.columns, found.validation_columns) == (("Frage", "Antwort"),) * 2
    quick = config(home, epochs=1)
    run = order_training(workspace, "mapped", quick, *files, mapping=MAPPING)
    assert train(workspace, run, Reporter(run))["validation_loss"] is not None
    run = order_estimate(workspace, "mapped", quick, *files, MAPPING)
    assert estimate(workspace, run, Reporter(run))["evaluations"]
    run = order_search(workspace, "sought", quick, *files, (0.1, 0.2), (8,), mapping=MAPPING)
    assert [run.order["inputs"][which]["mapping"] for which in ("train", "validation")] == [MAPPING] * 2


@pytest.mark.parametrize("named", ["train", "validation"])
def test_a_file_with_none_of_these_columns_is_read_as_recognised(
    workspace: Workspace, home: Path, tmp_path: Path, named: str
) -> None:
    plain = german(tmp_path / "plain.csv", question="question", answers="answer")
    files = {"train": plain, "validation": plain, named: german(tmp_path / "german.csv")}
    found = preparation(workspace, config(home), **files, mapping=MAPPING)
    assert (found.rows, found.validation["rows"]) == (24, 24)
    assert "Columns: plain.csv has none of the named ones, so it is read as recognised." in found.choices
    orders = [order_training(workspace, f"only-{named}", config(home), **files, mapping=MAPPING),
              order_estimate(workspace, "estimate", config(home), **files, mapping=MAPPING)]  # fmt: skip
    for run in orders:
        mapped = {which: run.order["inputs"][which].get("mapping") for which in files}
        assert mapped == {"train": None, "validation": None, named: MAPPING}, "what is recorded is what holds"
    assert len(read(workspace, orders[0].order["inputs"]["validation"], "validation").examples) == 24


def test_columns_that_no_file_has_are_refused(workspace: Workspace, home: Path, tmp_path: Path) -> None:
    files = (german(tmp_path / f"{name}.csv", question="question", answers="answer") for name in ("one", "two"))
    with pytest.raises(UserError, match=r"one\.csv has no column 'Frage'"):
        order_estimate(workspace, "refused", config(home), *files, mapping=MAPPING)


def test_both_files_with_these_columns_need_no_word_on_what_was_recognised(
    workspace: Workspace, home: Path, tmp_path: Path
) -> None:
    found = preparation(workspace, config(home), german(tmp_path / "lernen.csv"), mapping=MAPPING)
    assert not any(said.startswith("Columns:") for said in found.choices)


def test_a_validation_file_with_only_some_of_these_columns_is_refused_before_anything_is_ordered(
    workspace: Workspace, home: Path, tmp_path: Path
) -> None:
    files = german(tmp_path / "lernen.csv"), german(tmp_path / "wachen.csv", question="Problem")
    before = len(jobs.list_runs(workspace))
    with pytest.raises(UserError, match=r"wachen\.csv has no column 'Frage'"):
        order_training(workspace, "refused", config(home), *files, mapping=MAPPING)
    assert len(jobs.list_runs(workspace)) == before


def test_columns_are_those_of_files_and_not_of_a_stored_dataset(
    workspace: Workspace, home: Path, tmp_path: Path
) -> None:
    rows = written(tmp_path / "rows.jsonl", facts())
    dataset.add(workspace, "stored", dataset.check({"train": rows, "validation": rows}))
    file = german(tmp_path / "lernen.csv")
    run = order_training(workspace, "mixed", config(home), file, "stored", mapping=MAPPING)
    assert "mapping" not in run.order["inputs"]["validation"]
    with pytest.raises(UserError, match=r"'stored' is a stored dataset, whose columns are known"):
        order_training(workspace, "refused", config(home), "stored", "stored", mapping=MAPPING)


def test_the_shell_takes_columns_and_a_test_set_for_estimates_and_searches_and_looks_for_near_leaks(
    home: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CROSSOVER_HOME", str(tmp_path / "own"))

    def not_started(_: Workspace, run: jobs.Run) -> jobs.Run:
        raise UserError(f"{run.kind} ordered")

    monkeypatch.setattr(front, "carry_out", not_started)
    files = german(tmp_path / "lernen.csv"), german(tmp_path / "wachen.csv")
    rows = ["--model", str(home / "tiny"), "--train", files[0], "--validation", files[1],
            "--map", "question=Frage", "--map", "answers=Antwort"]  # fmt: skip
    test = ["--test", str(written(tmp_path / "test.jsonl", facts()[:2])), "--allow-leakage"]
    for verb in (["estimate"], ["search", "--name", "sought", "--learning-rates", "0.1", "0.2", *test]):
        options = front.parser().parse_args([*verb, *rows])
        with pytest.raises(UserError, match=f"{verb[0]} ordered"):
            options.run(options)
    runs = {run.kind: run.order["inputs"] for run in jobs.list_runs(open_workspace(tmp_path / "own"))}
    assert {runs[kind][which]["mapping"] == MAPPING for kind in runs for which in ("train", "validation")} == {True}
    (leakage,) = runs["search"]["leakage"]
    assert len(leakage["exact"]) == 2
    assert leakage["looked"] == BY_BOTH
