"""Order a fine-tune: what both doors do before the child process starts. Imports no heavy library."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from data.examples import locate
from data.jobs import Run, order
from data.options import checked
from data.store import Workspace, check_name, file_hash, resolve
from sft.config import TrainConfig


def order_training(
    workspace: Workspace, name: str, config: TrainConfig, train: str, validation: str | None = None
) -> Run:
    """Write the order of a fine-tune named ``name``. Not started yet: see ``data.jobs.start``.

    ``train`` and ``validation``: a file, or a stored dataset's name. Raises UserError for a bad name, setting or file.
    """
    check_name(name, "tuned model")
    inputs = {"train": _input(workspace, train, "train")}
    if validation:
        inputs["validation"] = _input(workspace, validation, "validation")
    return order(workspace, "train", name, asdict(checked(config)), inputs)


def _input(workspace: Workspace, ref: str, which: str) -> dict[str, Any]:
    """How an order names its rows: a dataset by its exact version, a file by its full path; and its hash."""
    path = locate(workspace, ref, which)
    stored = path.is_relative_to(workspace.folder("datasets"))
    exact = resolve(workspace, "datasets", ref).ref if stored and not Path(ref).is_file() else str(path.resolve())
    return {"ref": exact, "sha256": file_hash(path)}
