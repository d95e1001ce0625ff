"""What each process of tests/test_pocket_ranks.py does; a module of its own, for a new process has to import it."""

from __future__ import annotations

import json
from pathlib import Path

import torch

from sft.pocket.ranks import agreed, average, count, fewest, rank


def note(folder: Path) -> None:
    """Give every parameter a gradient that tells the process, take the means, and write down what came out."""
    model = torch.nn.Linear(2, 3)
    for parameter in model.parameters():
        parameter.grad = torch.full_like(parameter, 1.0 + rank())
    (mean,) = average(model, 10.0 * (1 + rank()))
    grads = {value for p in model.parameters() if p.grad is not None for value in p.grad.flatten().tolist()}
    told = {
        "count": count(), "mean": mean, "grads": sorted(grads), "agreed": agreed(7.0 + rank()),
        "fewest": fewest(5 - rank()), "threads": torch.get_num_threads(),
    }  # fmt: skip
    (folder / f"{rank()}.json").write_text(json.dumps(told))
