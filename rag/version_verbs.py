"""The verbs ``versions``, ``rollback`` and ``delete`` of ``python -m rag``."""

from __future__ import annotations

import argparse
from typing import Any

from data import store
from data.errors import UserError
from data.shell import say, verb
from data.workspace import open_workspace
from rag.history import file_count, told_changes, told_costs, told_documents
from rag.naming import add_name


def versions(options: argparse.Namespace) -> dict[str, Any]:
    """List the versions of a knowledge base."""
    workspace = open_workspace()
    current = store.resolve(workspace, "knowledge", options.name)
    listed = []
    for number in store.versions(workspace, "knowledge", current.name):
        artifact = store.resolve(workspace, "knowledge", f"{current.name}@{number}")
        manifest = artifact.manifest()
        row = {"knowledge": artifact.ref, "created": manifest["created"], **manifest["counts"]}
        listed.append({**row, "current": number == current.version, "index": manifest["index"]})
        mark = "*" if number == current.version else " "
        said = told_documents(row["documents"], file_count(manifest))
        counts = f"{said}{told_changes(manifest)}, {row['passages']} passages: {told_costs(row)}"
        say(options, f"{mark} {artifact.ref}  {manifest['created']}  {counts}")
    return {"versions": listed}


def rollback(options: argparse.Namespace) -> dict[str, Any]:
    """Let the bare name mean an older version."""
    workspace = open_workspace()
    current = store.resolve(workspace, "knowledge", options.name)
    known = store.versions(workspace, "knowledge", current.name)
    older = [number for number in known if number < current.version]
    target = options.to if options.to is not None else max(older, default=None)
    if target is None:
        raise UserError(f"{current.ref} is the oldest version.", "Name a version with --to.")
    artifact = store.point(workspace, "knowledge", current.name, target)
    say(options, f"{current.name} now means {artifact.ref}")
    return {"knowledge": artifact.ref}


def delete(options: argparse.Namespace) -> dict[str, Any]:
    """Delete a version, or all of them, for good."""
    from rag import knowledge

    deleted = knowledge.delete(open_workspace(), options.name, options.all, options.force)
    say(options, deleted.words())
    return {"deleted": list(deleted.refs), "marks": deleted.marks}


def add_verbs(verbs: Any) -> None:
    """Add the three verbs to a room's parser."""
    listing = verb(verbs, "versions", versions, "list all versions; * is the one that the bare name means")
    back = verb(verbs, "rollback", rollback, "make the bare name mean an older version again")
    back.add_argument("--to", type=int, help="number of the version (default: the one before)")
    deleting = verb(verbs, "delete", delete, "delete a version for good (NAME@VERSION), unless runs name it")
    deleting.add_argument("--all", action="store_true", help="delete every version of NAME, and its marks")
    deleting.add_argument("--force", action="store_true", help="also when runs name it; they keep their answers")
    for one in (listing, back):
        add_name(one, version=False)
    add_name(deleting, version=True)
