"""Which rows a fine-tune is ordered on, and which of their columns are read. Imports no heavy library."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from data.disk import file_hash
from data.errors import UserError
from data.examples import Reading, locate, read_examples
from data.store import resolve
from data.workspace import Workspace


def inputs(
    workspace: Workspace, train: str, validation: str | None = None, mapping: dict[str, str] | None = None
) -> dict[str, Any]:
    """How an order names its rows: {"train": ..., "validation": ...}, each a dataset's exact version or a file's full
    path, with its hash.

    ``mapping`` names the columns of files, the same in both; a stored dataset was mapped when it was stored. Raises
    UserError for rows that are not there, and for a mapping where no file is.
    """
    found = {"train": _input(workspace, train, "train", mapping)}
    if validation:
        found["validation"] = _input(workspace, validation, "validation", mapping)
    if mapping and not any("mapping" in one for one in found.values()):
        raise UserError(f"Columns are named, but {train!r} is a stored dataset, whose columns are known.",
                        "Name columns of files only.")  # fmt: skip
    return found


def read(workspace: Workspace, ordered: dict[str, Any], which: str) -> Reading:
    """The rows of an order's input. Raises UserError for a file that cannot be read, or changed since the order: the
    record would be false."""
    path = locate(workspace, ordered["ref"], which)
    if file_hash(path) != ordered["sha256"]:
        raise UserError(f"{path.name} changed after this run was ordered.", "Start a new fine-tune with it.")
    return read_examples(path, ordered.get("mapping"))


def dataset_of(ordered: dict[str, Any]) -> dict[str, str]:
    """{"dataset": name and version} of an order's input that is a stored dataset; nothing of a file."""
    return {} if Path(ordered["ref"]).is_absolute() else {"dataset": ordered["ref"]}


def _input(workspace: Workspace, ref: str, which: str, mapping: dict[str, str] | None) -> dict[str, Any]:
    path = locate(workspace, ref, which)
    if path.is_relative_to(workspace.folder("datasets")) and not Path(ref).is_file():
        return {"ref": resolve(workspace, "datasets", ref).ref, "sha256": file_hash(path)}
    named = {"mapping": mapping} if mapping else {}
    return {"ref": str(path.resolve()), "sha256": file_hash(path), **named}
