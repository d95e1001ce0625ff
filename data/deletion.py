"""Deleting versions for good, with a look first at which runs name them.

A deleted version keeps its folder, empty but for a mark: its number is never given to other content, so that a run that
named it can still say what is gone.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from data import jobs
from data.disk import write_json
from data.errors import UserError
from data.store import DELETED, Artifact, current_version, resolve, versions
from data.workspace import ARTIFACTS, Workspace

FIELDS = {"knowledge": "knowledge", "adapters": "tuned"}  # what an order calls an artifact of that kind


def runs_naming(workspace: Workspace, kind: str, refs: Collection[str]) -> list[str]:
    """Ids of the runs that need one of these versions: those whose settings name it, or that work on it now."""
    found = []
    for run in jobs.list_runs(workspace):
        places = [run.order["config"], *([] if run.ended else [run.order["inputs"]])]
        if any(ref in refs for place in places for ref in _named(place, FIELDS[kind])):
            found.append(run.id)
    return found


def _named(value: Any, field: str) -> Iterator[Any]:
    """Every value that a JSON object holds under ``field``, however deep."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if isinstance(value, dict) and isinstance(value.get(field), str):
        yield value[field]
    for one in inner:
        yield from _named(one, field)


def delete_version(workspace: Workspace, kind: str, ref: str, force: bool = False) -> list[Artifact]:
    """Delete "name@3". Raises UserError for the version that the bare name means, and for one that runs name."""
    artifact = resolve(workspace, kind, ref)
    if artifact.version == current_version(workspace, kind, artifact.name):
        what = ARTIFACTS[kind]
        raise UserError(
            f"{artifact.ref} is the version that the bare name {artifact.name!r} means.",
            f"Make the name mean another version first (roll back), or delete the whole {what}.",
        )
    return _delete(workspace, [artifact], force)


def delete_all(workspace: Workspace, kind: str, name: str, force: bool = False) -> list[Artifact]:
    """Delete every version of a name. Raises UserError when runs name one of them."""
    current = resolve(workspace, kind, name)
    others = [n for n in versions(workspace, kind, current.name) if n != current.version]
    found = [resolve(workspace, kind, f"{current.name}@{n}") for n in others]
    # the current one last: a kill half-way never makes the bare name mean another version
    return _delete(workspace, [*found, current], force)


def _delete(workspace: Workspace, artifacts: Sequence[Artifact], force: bool) -> list[Artifact]:
    refs = [artifact.ref for artifact in artifacts]
    using = runs_naming(workspace, artifacts[0].kind, refs)
    if using and not force:
        listed = ", ".join(using[:3]) + (" ..." if len(using) > 3 else "")
        raise UserError(
            f"{' or '.join(refs[:3])} is named by {len(using)} runs: {listed}.",
            "Keep it, or delete it with --force: finished runs keep their answers, but none can be resumed.",
        )
    for artifact in artifacts:
        moment = datetime.now(UTC).isoformat(timespec="seconds")
        write_json(artifact.path / DELETED, {"deleted": moment, "ref": artifact.ref})
    for folder in artifacts[0].path.parent.iterdir():
        if (folder / DELETED).exists():  # also one that a kill left half emptied
            _empty(folder)
    return list(artifacts)


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name != DELETED:
            path.unlink(missing_ok=True)
