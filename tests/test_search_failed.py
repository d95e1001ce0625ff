"""A search of which some trials fail: what is published of the others, and what the trials left are said to be."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
from torch.nn.modules import module as modules

from data import jobs
from data.child import Reporter
from data.store import resolve
from data.workspace import Workspace
from sft.choice import Point, best, points, since_best
from sft.orders import order_search
from sft.search import search
from tests import tiny
from tests.test_sft_proofs import hooked
from tests.tiny import config

home, workspace = tiny.home, tiny.workspace


def ordered(workspace: Workspace, home: Path, name: str, rates: tuple[float, ...], ranks: tuple[int, ...]) -> jobs.Run:
    rows = str(home / "rows.jsonl")
    return order_search(workspace, name, config(home, epochs=9, criterion="loss"), rows, rows, rates, ranks)


def test_a_value_that_is_no_number_was_not_measured() -> None:
    evaluated = points([
        {"step": 1, "eval_loss": 2.0}, {"step": 2, "eval_loss": math.nan}, {"step": 3, "eval_loss": 1.0},
        {"step": 4, "eval_loss": math.inf}, {"step": 4, "eval_metric": 0.5},
    ])  # fmt: skip
    assert evaluated == [Point(1, 2.0), Point(3, 1.0), Point(4, None, 0.5)]
    assert best(evaluated, "loss") == Point(3, 1.0)
    assert since_best(evaluated, "loss") == 1


def test_a_validation_loss_that_is_no_number_hides_no_better_trial(workspace: Workspace, home: Path) -> None:
    def nonsense(layer: Any, inputs: Any, output: Any) -> Any:
        if isinstance(layer, torch.nn.Linear) and not layer.training and layer.out_features == 8:
            return output * math.nan
        return output

    run = ordered(workspace, home, "hidden", (1e-6, 0.02), (4, 8))
    with hooked(modules.register_module_forward_hook, nonsense):
        summary = search(workspace, run, Reporter(run))
    told = {(row["learning_rate"], row["rank"]): row for row in summary["rows_of_search"]}
    assert told[0.02, 4]["outcome"] == "chosen"
    assert summary["ended"] == "complete"
    for rate in (1e-6, 0.02):
        assert told[rate, 8]["outcome"] == "The validation loss became nan at step 3."
        assert told[rate, 8]["validation_loss"] is None
    files = list((run.folder / "trials").glob("*/round-*.json"))
    assert len(files) == 4 + 2 + 1, "one a trial and round"
    assert not any("NaN" in file.read_text() for file in files)
    assert "NaN" not in (resolve(workspace, "adapters", summary["name"]).path / "manifest.json").read_text()
