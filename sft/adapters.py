"""Tuned models as artifacts: publish, list, export. Imports no heavy library, so that a page can list them."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from data import listing
from data.aliases import called, identity
from data.denied import in_words
from data.disk import write_bytes, write_json
from data.errors import UserError
from data.listing import readable
from data.store import Artifact, publish, staging, versions
from data.workspace import Workspace
from sft.card import measured, model_card
from sft.config import ADAPTERS

KIND = "adapters"
WHOLE = ("full", "merged")  # methods that leave full weights; every other one leaves an adapter
CUT_SHORT = ("stopped", "failed")  # ends of a training that had more to learn
QUESTIONS = "questions.json"  # keys of the training questions and what they teach (data.taught), for a bench to check
ADAPTER_FILES = ("adapter_config.json", "adapter_model.safetensors")
FULL_FILES = ("config.json", "generation_config.json")


@dataclass(frozen=True)
class Trained:
    """What a trainer leaves: a checkpoint folder, the tokenizer, its origin (``facts``) and result (``summary``)."""

    folder: Path
    tokenizer: Any
    facts: dict[str, Any]
    summary: dict[str, Any]
    question_keys: tuple[str, ...] = ()
    taught: dict[str, Any] = field(default_factory=dict)


def publish_trained(workspace: Workspace, name: str, trained: Trained) -> Artifact:
    """Make a checkpoint the next version of ``name``: an adapter in PEFT's layout, or full weights.

    Only weights and JSON are taken over: optimizer, random state and the trainer's pickles stay behind.
    """
    with staging(workspace, KIND) as folder:
        adapter = trained.facts["method"] in ADAPTERS
        wanted = ADAPTER_FILES if adapter else FULL_FILES
        sources = [trained.folder / file for file in wanted if (trained.folder / file).exists()]
        if not adapter:
            sources += [*trained.folder.glob("model*.safetensors"), *trained.folder.glob("model*.index.json")]
        for source in sources:
            shutil.copyfile(source, folder / source.name)
        trained.tokenizer.save_pretrained(folder)
        write_json(folder / QUESTIONS, {"keys": list(trained.question_keys), **trained.taught})
        return finish(workspace, name, folder, trained.facts | {"summary": trained.summary})


def finish(workspace: Workspace, name: str, folder: Path, manifest: dict[str, Any]) -> Artifact:
    """Publish a folder that holds weights and tokenizer: paths removed, model card and manifest added."""
    name = identity(workspace, KIND, name)
    number = max(versions(workspace, KIND, name), default=0) + 1
    return publish(workspace, KIND, name, folder, dressed(folder, f"{name}@{number}", manifest))


def dressed(folder: Path, ref: str, manifest: dict[str, Any]) -> dict[str, Any]:
    """Take this machine's paths out of a folder of weights and give it a model card; returns the whole manifest."""
    for file in ("adapter_config.json", "config.json", "tokenizer_config.json"):
        _without_paths(folder / file, manifest["base"]["id"])
    manifest = manifest | {"created": datetime.now(UTC).isoformat(timespec="seconds")}
    manifest["summary"] = manifest["summary"] | {"name": ref}
    write_bytes(folder / "README.md", model_card(ref, manifest).encode())
    return manifest


def _without_paths(path: Path, base: str) -> None:
    """Name the base by its id where a library wrote the folder it was loaded from."""
    if not path.exists():
        return
    try:
        values = dict(json.loads(path.read_text(encoding="utf-8")).items())
    except (ValueError, AttributeError, RecursionError) as error:
        raise UserError(f"{path.name} cannot be read.", "Copy the model's files again.") from error
    if "base_model_name_or_path" in values:
        values["base_model_name_or_path"] = base
    for key in ("_name_or_path", "name_or_path"):
        values.pop(key, None)
    write_bytes(path, (json.dumps(values, indent=2, ensure_ascii=False, sort_keys=True) + "\n").encode())


def tuned_models(workspace: Workspace) -> list[Artifact]:
    """Every version of every tuned model that can be read, by name, newest version first."""
    return [artifact for artifact, _ in readable(workspace, KIND)[0]]


def damaged(workspace: Workspace) -> list[str]:
    """A sentence for each tuned model that cannot be read, and for the file of their names."""
    return listing.damaged(workspace, KIND)


def made_by(workspace: Workspace, run_id: str) -> Artifact | None:
    """What a run published when it came to its end (a stopped run's best so far does not count)."""
    for artifact, manifest in readable(workspace, KIND)[0]:
        if manifest.get("run") == run_id and manifest["summary"]["ended"] in ("complete", "early"):
            return artifact
    return None


def described(artifact: Artifact, workspace: Workspace | None = None) -> dict[str, Any]:
    """A tuned model in one row, for lists; with ``workspace`` under the name that it goes by now."""
    manifest = artifact.manifest()
    summary = manifest["summary"]
    return {
        "name": called(workspace, KIND, artifact.ref) if workspace else artifact.ref, "id": artifact.ref,
        "method": manifest["method"], "base": manifest["base"]["id"],
        "context": manifest.get("context"), "rows": summary.get("rows"), "steps": summary.get("steps"),
        "validation_loss": summary.get("validation_loss"), "measured": measured(summary),
        "made_from": made_from(manifest), "seconds": summary.get("seconds"),
        "ended": summary["ended"], "created": manifest["created"], "run": manifest.get("run"),
    }  # fmt: skip


def made_from(manifest: dict[str, Any]) -> str | None:
    """What a tuned model was made from, in a few words: the tuned model merged, the import, or its training rows."""
    if parent := manifest.get("merged_from"):
        return f"adapter {parent}"
    if origin := manifest.get("imported_from"):
        return f"import {origin}"
    rows = manifest.get("data", {}).get("train")
    return f"{rows.get('dataset', rows['file'])} ({rows['examples']} rows)" if rows else None


def unfinished(manifest: dict[str, Any]) -> str:
    """Where the training of a tuned model was cut short ("stopped at step 9 of 240"); "" where it came to an end."""
    summary = manifest["summary"]
    if summary["ended"] not in CUT_SHORT:
        return ""
    steps, planned = summary.get("steps"), summary.get("planned_steps")
    return summary["ended"] + (f" at step {steps:,} of {planned:,}" if steps and planned else "")


def export(artifact: Artifact, folder: Path) -> list[str]:
    """Copy a tuned model to a folder anyone's PEFT or transformers can load; returns the file names.

    A new folder appears whole or not at all; one that is there already, perhaps as a disk of its own, is filled once
    all has been copied. Raises UserError when it is not empty, or cannot be written.
    """
    new_folder(folder)
    there = folder.exists()
    part = (folder if there else folder.parent) / f".{folder.name}.{secrets.token_hex(4)}.part"
    try:
        with in_words(folder):
            shutil.copytree(artifact.path, part)
            for path in sorted(part.iterdir()) if there else ():
                os.rename(path, folder / path.name)
            if not there:
                os.rename(part, folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return sorted(path.name for path in folder.iterdir())


def new_folder(folder: Path) -> None:
    """Raise UserError unless ``folder`` is new or empty."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder} exists and is not empty.", "Name a new folder.")
