"""The base models that this workspace knows of, and where the base of a tuned model lies. Imports no heavy library."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from data import jobs
from data.errors import UserError
from data.prompts import BUNDLED
from data.workspace import Workspace, given_path
from sft.sources import all_cached, found

TAKES_BASE = ("merge", "export", "import")  # kinds of jobs whose order names the base of a tuned model


def known(workspace: Workspace) -> list[str]:
    """The models one can choose without typing: bundled, in the local cache, and folders that runs named."""
    folders = [name for name in named(workspace) if given_path(name).is_dir()]
    return list(dict.fromkeys([BUNDLED, *(source.id for source in all_cached()), *folders]))


def named(workspace: Workspace) -> Iterator[str]:
    """Every model that a fine-tune or a comparison of this workspace was ordered with, newest first; then the bases of
    what was imported, merged and exported. A job that failed may have been given the wrong base."""
    runs = jobs.list_runs(workspace)
    for run in runs:
        config = run.order["config"]
        rows = [config, *(row for row in config.get("systems", ()) if isinstance(row, dict))]
        yield from (row["model"] for row in rows if isinstance(row.get("model"), str))
    done = (run.order["config"].get("base") for run in runs if run.kind in TAKES_BASE and run.state == "done")
    yield from (name for name in done if isinstance(name, str))


def base_of(workspace: Workspace, manifest: dict[str, Any], model: str | None = None) -> str:
    """The name that loads the base of a tuned model: ``model`` if given, else where it was found before.

    A hub model is named with its commit. Whether the weights are the right ones is checked when they are loaded.
    """
    base = manifest["base"]
    if model:
        return model
    if base.get("revision"):
        pinned = f"{base['id']}@{base['revision']}"
        return pinned if _there(pinned) else base["id"]
    folders = (name for name in named(workspace) if given_path(name).name == base["id"])
    return next((name for name in folders if given_path(name).is_dir()), base["id"])


def _there(model: str) -> bool:
    try:
        return bool(found(model))
    except UserError:
        return False


def same_base(model: str, manifest: dict[str, Any]) -> bool:
    """True if ``model``, as a person names it, goes by the id that a tuned model's manifest gives its base."""
    base = manifest["base"]["id"]
    return base in (model, model.partition("@")[0], given_path(model).name)
