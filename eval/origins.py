"""Which stored datasets some rows are part of, told by their fingerprint."""

from __future__ import annotations

from contextlib import suppress

from data.errors import UserError
from data.store import names, resolve, versions
from data.workspace import Workspace


def datasets_with(workspace: Workspace, split: str, fingerprint: str | None) -> list[str]:
    """Names of the datasets that hold rows of this fingerprint as ``split``, in any version that is still there."""
    return [name for name in names(workspace, "datasets") if fingerprint in _prints(workspace, name, split)]


def _prints(workspace: Workspace, name: str, split: str) -> set[str]:
    found = set()
    for version in versions(workspace, "datasets", name):
        with suppress(UserError):  # a version that was deleted, or cannot be read
            splits = resolve(workspace, "datasets", f"{name}@{version}").manifest()["splits"]
            found.add(splits.get(split, {}).get("fingerprint", ""))
    return found
