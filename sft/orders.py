"""Order a fine-tune: what both doors do before the child process starts. Imports no heavy library."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from data.disk import file_hash
from data.examples import load_examples, locate
from data.jobs import Run, order
from data.leakage import Leakage, audit, refuse_unless_allowed
from data.options import checked
from data.store import resolve
from data.workspace import Workspace
from sft.config import TrainConfig
from sft.naming import free_name
from sft.sources import found


def order_training(
    workspace: Workspace, name: str, config: TrainConfig, train: str, validation: str | None = None,
    allow_leakage: bool = False,
) -> Run:  # fmt: skip
    """Write the order of a fine-tune named ``name``. Not started yet: see ``data.jobs.start``.

    ``train`` and ``validation``: a file, or a stored dataset's name. Raises UserError for a bad name, setting or
    file, and LeakageFound when test questions of the same dataset stand in its training rows.
    """
    free_name(workspace, name)
    inputs: dict[str, Any] = {"train": _input(workspace, train, "train")}
    if validation:
        inputs["validation"] = _input(workspace, validation, "validation")
    leakage = _leakage(workspace, train)
    refuse_unless_allowed(leakage, allow_leakage)
    inputs["leakage"] = leakage.saved() if leakage.blocks else None
    config = replace(checked(config), model=found(config.model).exact)  # a later run then means the same weights
    return order(workspace, "train", name, asdict(config), inputs)


def _leakage(workspace: Workspace, train: str) -> Leakage:
    """Test questions of a stored dataset among its own training rows. A file's test set is not known here."""
    path = locate(workspace, train, "train")
    test = path.with_name("test.jsonl")
    if not (path.is_relative_to(workspace.folder("datasets")) and test.exists()):
        return Leakage(0)
    return audit(load_examples(test), load_examples(path))


def _input(workspace: Workspace, ref: str, which: str) -> dict[str, Any]:
    """How an order names its rows: a dataset by its exact version, a file by its full path; and its hash."""
    path = locate(workspace, ref, which)
    stored = path.is_relative_to(workspace.folder("datasets"))
    exact = resolve(workspace, "datasets", ref).ref if stored and not Path(ref).is_file() else str(path.resolve())
    return {"ref": exact, "sha256": file_hash(path)}
