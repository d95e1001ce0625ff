"""Two tuned models side by side, and where one comes from: read from manifests alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from data.errors import UserError
from data.store import Artifact, resolve
from data.workspace import Workspace
from sft.adapters import KIND, WHOLE

DATA = {"train": "Training rows", "validation": "Validation rows"}
SETTINGS = {"context": "context asked for"}
TOLD = {
    "precision": "trained in",
    "answers": "checkpoints answer in",
    "word_dropout": "hidden words of label questions",
    "label_repeats": "times that a row with a label comes in a pass",
}
BEGINS = ("precision", "answers", "packing", "gradient_checkpointing", "optimizer", "criterion")
"""Reasons that begin with what was chosen; the other choices stand among the settings."""
UNSHOWN = ("name", "run", "notes", "context")  # of a summary: said elsewhere


@dataclass(frozen=True)
class Row:
    """One thing that both models say; ``differs`` is False where they say the same."""

    what: str
    first: Any
    second: Any

    @property
    def differs(self) -> bool:
        return self.first != self.second


def differences(first: dict[str, Any], second: dict[str, Any]) -> list[Row]:
    """Origin, settings and results of two manifests, in this order; what neither states is left out."""
    return beside(stated(first), stated(second))


def beside(first: dict[str, Any], second: dict[str, Any]) -> list[Row]:
    """Two flat descriptions row by row; what only one of them states is None on the other side."""
    return [Row(key, first.get(key), second.get(key)) for key in dict.fromkeys([*first, *second])]


def stated(manifest: dict[str, Any]) -> dict[str, Any]:
    """What a manifest says of its model, flat, under words for people; what it leaves open is missing."""
    base, summary = manifest["base"], manifest["summary"]
    data = manifest.get("data", {})
    settings = {SETTINGS.get(key, key.replace("_", " ")): value for key, value in manifest.get("settings", {}).items()
                if key not in ("model", "method")}  # fmt: skip
    results = {key.replace("_", " "): value for key, value in summary.items() if key not in UNSHOWN}
    found = {
        "base": base["id"], "base weights": base["hash"][:12], "base commit": base.get("revision"),
        "kind": manifest["method"], "merged from": manifest.get("merged_from"),
        "imported from": manifest.get("imported_from"),
        **{DATA.get(name, name).lower(): f"{one['file']} ({one['fingerprint'][:12]})" for name, one in data.items()},
        "prompt": manifest.get("prompt"), "training context": manifest.get("context"), **settings, **results,
        "trained parameters": manifest.get("trained_parameters"), "made": manifest.get("created"),
    }  # fmt: skip
    return {key: value for key, value in found.items() if value is not None}


def choices(manifest: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(what, what was chosen, why) of every automatic choice that a manifest tells of."""
    own = manifest.get("settings", {}) | {
        "context": manifest.get("context"), "instruction": manifest.get("instruction") or "none",
    }  # fmt: skip
    found = []
    for name, reason in manifest.get("reasons", {}).items():
        chosen, why = reason.split(": ", 1) if name in BEGINS and ": " in reason else (own.get(name), reason)
        what = TOLD.get(name, name.replace("_", " "))
        found.append((what[:1].upper() + what[1:], "" if chosen is None else str(chosen), why))
    return found


def lineage(workspace: Workspace, artifact: Artifact) -> list[str]:
    """Where a tuned model comes from, oldest first: its base, its data, then each step up to the model itself."""
    manifest = artifact.manifest()
    base, data = manifest["base"], manifest.get("data", {})
    commit = f", commit {base['revision'][:12]}" if base.get("revision") else ""
    steps = [f"Base {base['id']} (weights {base['hash'][:12]}{commit})"]
    steps += [f"{DATA.get(name, name)} {one['file']}{_of(one)} ({one['examples']} rows, fingerprint "
              f"{one['fingerprint'][:12]})" for name, one in data.items()]  # fmt: skip
    if origin := manifest.get("imported_from"):
        steps.append(f"Imported from {origin}, made elsewhere")
    if parent := manifest.get("merged_from"):
        steps.append(f"Adapter {parent}{'' if _there(workspace, parent) else ', since deleted'}, merged into its base")
    return [*steps, f"{'Full weights' if manifest['method'] in WHOLE else 'Adapter'} {artifact.ref}"]


def _of(data: dict[str, Any]) -> str:
    return f" of {data['dataset']}" if "dataset" in data else ""


def _there(workspace: Workspace, ref: str) -> bool:
    try:
        return bool(resolve(workspace, KIND, ref))
    except UserError:
        return False
