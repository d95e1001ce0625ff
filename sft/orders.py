"""Order a fine-tune: what both doors do before the child process starts. Imports no heavy library."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from data.disk import file_hash
from data.examples import locate, read_examples
from data.jobs import Run, order
from data.leakage import refuse_unless_allowed
from data.nearness import Embed
from data.options import checked
from data.store import check_name, resolve
from data.workspace import Workspace
from sft.config import TrainConfig
from sft.leaks import audits


def order_training(
    workspace: Workspace, name: str, config: TrainConfig, train: str, validation: str | None = None,
    allow_leakage: bool = False, test: str | None = None, mapping: dict[str, str] | None = None,
    embed: Embed | None = None,
) -> Run:  # fmt: skip
    """Write the order of a fine-tune named ``name``. Not started yet: see ``data.jobs.start``.

    ``train`` and ``validation``: a file, or a stored dataset's name; ``mapping`` names the columns of a training file.
    Raises UserError for a bad name, setting or file, and LeakageFound when questions of ``test``, or of any test set in
    the workspace, stand in the training rows. ``embed``: see ``data.leakage.audit``.
    """
    check_name(name, "tuned model")
    checked(config)
    inputs: dict[str, Any] = {"train": _input(workspace, train, "train")}
    if mapping:
        inputs["train"]["mapping"] = mapping
    if validation:
        inputs["validation"] = _input(workspace, validation, "validation")
    examples = read_examples(locate(workspace, train, "train"), mapping).examples
    found = audits(workspace, examples, train, test, embed)
    refuse_unless_allowed(found, allow_leakage)
    inputs["leakage"] = [one.saved() for one in found]
    return order(workspace, "train", name, asdict(config), inputs)


def _input(workspace: Workspace, ref: str, which: str) -> dict[str, Any]:
    """How an order names its rows: a dataset by its exact version, a file by its full path; and its hash."""
    path = locate(workspace, ref, which)
    stored = path.is_relative_to(workspace.folder("datasets"))
    exact = resolve(workspace, "datasets", ref).ref if stored and not Path(ref).is_file() else str(path.resolve())
    return {"ref": exact, "sha256": file_hash(path)}
