"""Under what conditions each system answered, written down by the job while it has everything at hand.

conditions.json    {system: [conditions, ...]}; several when a run was resumed under other ones
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from data import jobs
from data.disk import read_json, write_json
from data.prompts import fingerprint, instruction_for
from data.store import resolve
from data.workspace import Workspace
from eval import teaching
from eval.origins import datasets_with
from eval.systems import System
from rag.files import open_knowledge
from rag.settings import tuned

if TYPE_CHECKING:
    from eval.loading import Loader

FILE = "conditions.json"


def load(run: jobs.Run) -> dict[str, list[dict[str, Any]]]:
    """What ``save`` wrote, systems in the order asked for; {} for runs from before."""
    known = read_json(run.folder / FILE)["systems"] if (run.folder / FILE).exists() else {}
    return {s["name"]: known[s["name"]] for s in run.order["config"]["systems"] if s["name"] in known}


def save(run: jobs.Run, loader: Loader, system: System) -> None:
    """Add this system's conditions to the run, unless they are there already."""
    now = _common(run, loader.workspace) | _model(run, loader, system) | _weights(run, loader.workspace, system)
    now |= _search(loader.workspace, system)
    known = load(run)
    if now not in known.setdefault(system.name, []):
        known[system.name].append(now)
        write_json(run.folder / FILE, {"systems": known})


def _common(run: jobs.Run, workspace: Workspace) -> dict[str, Any]:
    """The questions, and the stored datasets that they are the test set of."""
    file = run.order["inputs"]["test_file"]
    return {
        "test": run.order["inputs"]["test"], "test_file": file,
        "test_of": datasets_with(workspace, "test", file),
    }  # fmt: skip


def _model(run: jobs.Run, loader: Loader, system: System) -> dict[str, Any]:
    """The base, how it computes, and how it is asked; {} where no language model is."""
    if system.floor:
        return {}
    model, most = loader.model(system.model), run.order["config"]["max_new_tokens"]
    template = str(model.tokenizer.chat_template)
    return {
        "base": model.id, "base_hash": model.base_hash, "dtype": model.device.dtype, "device": model.device.name,
        "decoding": f"greedy, at most {most} new tokens", "prompt": fingerprint(),
        "instruction": instruction_for(system.model)[0], "template": hashlib.sha256(template.encode()).hexdigest()[:12],
        "budget": model.window - most,
    }  # fmt: skip


def _weights(run: jobs.Run, workspace: Workspace, system: System) -> dict[str, Any]:
    """Where tuned weights come from."""
    if not system.tuned or system.floor:
        return {} if system.floor else {"weights": None}
    adapter = resolve(workspace, "adapters", system.tuned)
    manifest = adapter.manifest()
    data = manifest.get("data", {})
    held, rows = data.get("validation", {}).get("fingerprint"), data.get("train", {})
    taught = datasets_with(workspace, "train", rows.get("fingerprint"))
    return {
        "weights": adapter.ref, "trained_of": taught, "training_data": _rows_named(rows, taught),
        "training_context": manifest.get("context"), "training_prompt": manifest.get("prompt"),
        "training_instruction": manifest.get("instruction"), "chosen_on": manifest.get("validation"),
        "chosen_on_file": held, "indexed": _indexed(run, workspace, adapter),
    }  # fmt: skip


def _rows_named(rows: dict[str, Any], datasets: list[str]) -> str | None:
    """Training rows as people know them: "of help (e5b26911)", or by the name of their file."""
    if not rows:
        return None
    return f"{'of ' + ', '.join(datasets) if datasets else rows['file']} ({rows['fingerprint'][:8]})"


def _indexed(run: jobs.Run, workspace: Workspace, adapter: Any) -> dict[str, Any]:
    """{knowledge base: rows and indexed rows, or None where they cannot be known}, for every one of the comparison."""
    names = sorted({s["knowledge"] for s in run.order["config"]["systems"] if s["context"] == "retrieved"})
    found = {}
    for name in names:
        files = open_knowledge(workspace, name).manifest["files"]
        paths = [path for id_, one in files.items() for path in (id_, one.get("file", id_))]
        found[name] = teaching.rows_indexed(adapter, paths)
    return found


def _search(workspace: Workspace, system: System) -> dict[str, Any]:
    if system.context != "retrieved" or not system.knowledge:
        return {}
    own = tuned(resolve(workspace, "knowledge", system.knowledge).manifest())
    return {
        "knowledge": system.knowledge, "k": system.k, "method": system.method, "at_least": system.at_least,
        "search_tuned_on": f"{len(own.questions)} questions (run {own.run})" if own else None,
    }  # fmt: skip
