"""The jobs beside training: fetch a model, merge, export, import. Ordered by page and shell, carried out by a child."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from data.aliases import called
from data.child import Reporter
from data.disk import write_json
from data.errors import UserError
from data.jobs import Run, order
from data.store import Artifact, resolve
from data.workspace import Workspace
from sft.adapters import KIND, WHOLE, dressed, export, new_folder
from sft.bases import base_of
from sft.naming import free_name
from sft.parcel import unzipped, zipped
from sft.sources import hub_name

NEED_DEVICE = ("train", "merge", "export")
Work = Callable[[Workspace, Run, Reporter], dict[str, Any]]


def order_fetch(workspace: Workspace, model: str) -> Run:
    """Order the download of a hub model ("org/name", or with its commit). Raises UserError for what is no hub id."""
    name = hub_name(model)
    if name is None:
        raise UserError(f"{model!r} is no id of the Hugging Face hub.", "Ids look like organisation/name.")
    return order(workspace, "fetch", name["id"].replace("/", "-").lstrip("._-")[:64], {"fetch": model}, {})


def order_merge(workspace: Workspace, ref: str, model: str | None = None, name: str | None = None) -> Run:
    """Order a tuned model of full weights made of an adapter and its base (named by ``model`` if not found by id)."""
    artifact = adapter(workspace, ref)
    name = free_name(workspace, name or f"{called(workspace, KIND, artifact.name)}-merged")
    model = base_of(workspace, artifact.manifest(), model)
    return order(workspace, "merge", name, {"base": model}, {"tuned": artifact.ref})


def order_export(
    workspace: Workspace, ref: str, to: Path | None = None, whole: bool = False, model: str | None = None
) -> Run:
    """Order a copy of a tuned model: a folder, a ZIP (where ``to`` ends so), or a ZIP in the run's folder (None).

    ``whole``: an adapter is merged into its base's weights on the way.
    """
    artifact = adapter(workspace, ref) if whole else resolve(workspace, KIND, ref)
    if to is not None and to.suffix.lower() == ".zip" and to.exists():
        raise UserError(f"{to} exists.", "Name a new file.")
    if to is not None and to.suffix.lower() != ".zip":
        new_folder(to)
    base = base_of(workspace, artifact.manifest(), model) if whole else None
    config = {"to": str(to.absolute()) if to else None, "base": base}
    return order(workspace, "export", artifact.name, config, {"tuned": artifact.ref})


def order_import(workspace: Workspace, path: Path, name: str | None = None, model: str | None = None) -> Run:
    """Order that a PEFT adapter made elsewhere, a folder or a ZIP, becomes a tuned model."""
    if not path.exists():
        raise UserError(f"There is no folder or ZIP {str(path)!r}.", "Name a folder that PEFT wrote, or a ZIP of it.")
    name = free_name(workspace, name or path.resolve().name.removesuffix(".zip"))
    return order(workspace, "import", name, {"from": str(path.resolve()), "base": model}, {})


def adapter(workspace: Workspace, ref: str) -> Artifact:
    """The adapter that ``ref`` names. Raises UserError when it holds full weights."""
    artifact = resolve(workspace, KIND, ref)
    if artifact.manifest()["method"] in WHOLE:
        raise UserError(f"{artifact.ref} holds full weights already.", "Only an adapter can be merged.")
    return artifact


def _fetch(workspace: Workspace, run: Run, reporter: Reporter) -> dict[str, Any]:
    from sft.hub import fetch

    return {"model": fetch(run.order["config"]["fetch"], reporter).exact}


def _merge(workspace: Workspace, run: Run, reporter: Reporter) -> dict[str, Any]:
    from sft.merge import merged

    tuned = run.order["inputs"]["tuned"]
    reporter.step(0, 1, f"folding {tuned} into its base")
    made = merged(workspace, resolve(workspace, KIND, tuned), run.order["config"]["base"], run.name)
    return {"name": made.ref}


def _export(workspace: Workspace, run: Run, reporter: Reporter) -> dict[str, Any]:
    config = run.order["config"]
    artifact = resolve(workspace, KIND, run.order["inputs"]["tuned"])
    folder, name = artifact.path, called(workspace, KIND, artifact.ref).replace("@", "-")
    built = run.folder / "merged"
    try:
        if config["base"]:
            folder, name = _folded(artifact, config["base"], built, reporter), f"{name}-merged"
        to = Path(config["to"]) if config["to"] else run.folder / f"{name}.zip"
        if to.suffix.lower() == ".zip":
            return {"file": str(zipped(folder, to, name, reporter)), "bytes": to.stat().st_size}
        reporter.step(0, 1, f"copying to {to}")
        export(Artifact(KIND, artifact.name, artifact.version, folder), to)
        return {"file": str(to), "bytes": sum(path.stat().st_size for path in to.iterdir())}
    finally:
        shutil.rmtree(built, ignore_errors=True)


def _folded(artifact: Artifact, base: str, folder: Path, reporter: Reporter) -> Path:
    """Base plus adapter as full weights with manifest and card, in a folder of their own."""
    from sft.merge import fold

    reporter.step(0, 1, f"folding {artifact.ref} into its base")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    manifest = dressed(folder, artifact.ref, fold(artifact, base, folder))
    write_json(folder / "manifest.json", {**manifest, "kind": KIND, "name": artifact.name})
    return folder


def _import(workspace: Workspace, run: Run, reporter: Reporter) -> dict[str, Any]:
    from sft.foreign import take_in

    config = run.order["config"]
    path, unpacked = Path(config["from"]), run.folder / "unpacked"
    reporter.step(0, 1, f"checking {path.name} against its base")
    try:
        folder = path if path.is_dir() else unzipped(path, unpacked / path.stem)
        made = take_in(workspace, folder, run.name, config["base"])
    finally:
        shutil.rmtree(unpacked, ignore_errors=True)
    return {"name": made.ref, "base": made.manifest()["base"]["id"]}


CHORES: dict[str, Work] = {"fetch": _fetch, "merge": _merge, "export": _export, "import": _import}
