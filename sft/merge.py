"""An adapter folded into its base: one set of full weights that needs no PEFT to load."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from data.errors import UserError
from data.store import Artifact, staging
from data.workspace import Workspace
from sft.adapters import KIND, QUESTIONS, WHOLE, finish
from sft.bases import base_of
from sft.model import LocalModel


def merged(workspace: Workspace, artifact: Artifact, model: str | None = None, name: str | None = None) -> Artifact:
    """A new tuned model of full weights (float32) that answers as base plus adapter do, up to rounding.

    ``model`` says where the base is when it is not found by its id; ``name`` defaults to "<adapter>-merged".
    Raises UserError when ``artifact`` is no adapter, or the base found is not the one it was tuned from.
    """
    with staging(workspace, KIND) as folder:
        manifest = fold(artifact, base_of(workspace, artifact.manifest(), model), folder)
        return finish(workspace, name or f"{artifact.name}-merged", folder, manifest)


def fold(artifact: Artifact, model: str, folder: Path) -> dict[str, Any]:
    """Write base plus adapter as full weights into ``folder``; returns the manifest that they have.

    ``model`` names the base. Raises UserError as ``merged`` does.
    """
    manifest = artifact.manifest()
    if manifest["method"] in WHOLE:
        raise UserError(f"{artifact.ref} holds full weights already.", "Only an adapter can be merged.")
    base = LocalModel.load(model, dtype="float32")
    base.tuned(artifact)  # checks the base
    from sft.attach import attach

    network = attach(base.network, artifact.path, "merged").merge_and_unload(safe_merge=True)
    network.save_pretrained(folder)
    base.tokenizer.save_pretrained(folder)
    if (artifact.path / QUESTIONS).exists():
        shutil.copyfile(artifact.path / QUESTIONS, folder / QUESTIONS)
    return manifest | {"method": "merged", "merged_from": artifact.ref}
