"""Which rows a fine-tune is ordered on, and which of their columns are read. Imports no heavy library."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from data.disk import file_hash
from data.errors import UserError
from data.examples import Reading, check_mapping, locate, read_examples
from data.rows import columns_of, read_rows
from data.store import resolve
from data.workspace import Workspace


def inputs(
    workspace: Workspace, train: str, validation: str | None = None, mapping: dict[str, str] | None = None
) -> dict[str, Any]:
    """How an order names its rows: {"train": ..., "validation": ...}, each a dataset's exact version or a file's full
    path, with its hash.

    ``mapping`` names columns of files and is recorded for each file that it holds for (see ``_map``); a stored dataset
    was mapped when it was stored. Raises UserError for rows that are not there, and for a mapping that holds for none.
    """
    found = {"train": _input(workspace, train, "train")}
    if validation:
        found["validation"] = _input(workspace, validation, "validation")
    if mapping:
        files = [one for one in found.values() if _is_file(one)]
        if not files:
            raise UserError(f"Columns are named, but {train!r} is a stored dataset, whose columns are known.",
                            "Name columns of files only.")  # fmt: skip
        _map(files, mapping)
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
    return {} if _is_file(ordered) else {"dataset": ordered["ref"]}


def read_as_recognised(ordered: dict[str, dict[str, Any]]) -> list[str]:
    """A sentence for each file of an order that has none of the columns named for the other one."""
    if not any("mapping" in one for one in ordered.values()):
        return []
    others = [Path(one["ref"]).name for one in ordered.values() if _is_file(one) and "mapping" not in one]
    return [f"Columns: {name} has none of the named ones, so it is read as recognised." for name in others]


def _map(files: Sequence[dict[str, Any]], mapping: dict[str, str]) -> None:
    """Record the mapping for each of these inputs that has its columns; one that has none is read as recognised.

    Raises UserError for a file that has only some of them, and where no file has any.
    """
    columns = [(one, columns_of(read_rows(Path(one["ref"])))) for one in files]
    having = [(one, known) for one, known in columns if set(mapping.values()) & set(known)]
    for one, known in having or columns:
        check_mapping(Path(one["ref"]), mapping, known)
        one["mapping"] = mapping


def _is_file(ordered: dict[str, Any]) -> bool:
    return Path(ordered["ref"]).is_absolute()


def _input(workspace: Workspace, ref: str, which: str) -> dict[str, Any]:
    path = locate(workspace, ref, which)
    if path.is_relative_to(workspace.folder("datasets")) and not Path(ref).is_file():
        return {"ref": resolve(workspace, "datasets", ref).ref, "sha256": file_hash(path)}
    return {"ref": str(path.resolve()), "sha256": file_hash(path)}
