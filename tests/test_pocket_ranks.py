"""Training in several processes: all take the same step, the mean of what each has found."""

from __future__ import annotations

import json
from pathlib import Path

from sft.pocket import ranks
from tests import ranked


def test_two_processes_share_means_the_first_ones_clock_and_the_fewest_batches(tmp_path: Path) -> None:
    ranks.start(2, ranked.note, tmp_path)
    told = [json.loads((tmp_path / f"{rank}.json").read_text()) for rank in range(2)]
    assert told[0] == told[1]
    assert told[0] == {"count": 2, "mean": 15.0, "grads": [1.5], "agreed": 7.0, "fewest": 4, "threads": 1}


def test_one_process_is_left_as_it_is(tmp_path: Path) -> None:
    ranks.start(1, ranked.note, tmp_path)
    told = json.loads((tmp_path / "0.json").read_text())
    assert {key: told[key] for key in ("count", "mean", "grads", "agreed", "fewest")} == {
        "count": 1, "mean": 10.0, "grads": [1.0], "agreed": 7.0, "fewest": 5,
    }  # fmt: skip
