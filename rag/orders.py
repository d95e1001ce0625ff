"""Changes of a knowledge base as jobs: the order that both doors write, and the work that the child does."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from data import jobs, store
from data.child import Reporter
from data.disk import text_hash, write_bytes
from data.errors import UserError
from data.options import from_saved
from data.workspace import Workspace
from rag import editing, knowledge
from rag.embed import Embedder
from rag.filters import iso_date
from rag.labels import UNLABELLED, Labels
from rag.settings import BuildConfig, Tuned, tuned

EDITED = "text.txt"  # in the folder of an edit's run: the document's new text


def order_build(
    workspace: Workspace, name: str, paths: Sequence[Path], settings: BuildConfig, labels: Labels = UNLABELLED
) -> jobs.Run:
    """Order a new knowledge base, or the next version of one, made of these files and folders."""
    store.check_name(name, "knowledge base")
    config = {"action": "build", **_given(paths, labels), "settings": dataclasses.asdict(settings)}
    return jobs.order(workspace, "build", name, config, {"knowledge": _current(workspace, name)})


def order_add(workspace: Workspace, name: str, paths: Sequence[Path], labels: Labels = UNLABELLED) -> jobs.Run:
    """Order that files be added to a knowledge base, or replaced in it."""
    base = store.resolve(workspace, "knowledge", name)
    config = {"action": "add", **_given(paths, labels)}
    return jobs.order(workspace, "build", base.name, config, {"knowledge": base.ref})


def order_remove(workspace: Workspace, name: str, ids: Sequence[str]) -> jobs.Run:
    """Order that documents, named by their ids, be left out of a knowledge base. Raises UserError for an unknown id."""
    base = store.resolve(workspace, "knowledge", name)
    knowledge.check_removal(knowledge.open_knowledge(workspace, base.ref), ids)
    return jobs.order(workspace, "build", base.name, {"action": "remove", "ids": list(ids)}, {"knowledge": base.ref})


def order_recut(workspace: Workspace, name: str, settings: BuildConfig, own: Tuned) -> jobs.Run:
    """Order that a knowledge base be cut anew as ``settings`` say, and be searched with ``own`` from then on."""
    base = store.resolve(workspace, "knowledge", name)
    config = {"action": "recut", "settings": dataclasses.asdict(settings), "retrieval": dataclasses.asdict(own)}
    return jobs.order(workspace, "build", base.name, config, {"knowledge": base.ref})


def order_edit(workspace: Workspace, ref: str, document: str, text: str) -> jobs.Run:
    """Order another text for a document of version ``ref`` (the one its text was taken from, to be edited).

    Raises UserError when there is no such document, or the text is empty.
    """
    base = store.resolve(workspace, "knowledge", ref)
    before = editing.find(knowledge.open_knowledge(workspace, base.ref), document).text
    editing.tidy(text, document)  # here only to refuse an empty one at once; who makes the edit tells what it took out
    moment = datetime.now(UTC).isoformat(timespec="seconds")
    config = {"action": "edit", "document": document, "before": text_hash(before), "moment": moment}
    run = jobs.order(workspace, "build", base.name, config, {"knowledge": base.ref})
    write_bytes(run.folder / EDITED, text.encode("utf-8", "replace"))
    return run


def _given(paths: Sequence[Path], labels: Labels) -> dict[str, Any]:
    day = iso_date(labels.date, "The date given")
    return {"documents": _absolute(paths), "labels": {"tags": list(labels.tags), "date": day}}


def _absolute(paths: Sequence[Path]) -> list[str]:
    """Checked here as well, so that a mistyped path is said at once and not by a job."""
    for path in paths:
        if not path.exists():
            raise UserError(f"{path} does not exist.", "Name a file, a folder or a ZIP of documents.")
    return [str(path.resolve()) for path in paths]


def _current(workspace: Workspace, name: str) -> str | None:
    known = store.versions(workspace, "knowledge", name)
    return store.resolve(workspace, "knowledge", name).ref if known else None


def work(
    workspace: Workspace, load: Callable[[str], Embedder] = Embedder.load
) -> Callable[[jobs.Run, Reporter], dict[str, Any]]:
    """What the child process of such a run does; the result is the run's summary. ``load`` finds the embedder."""

    def carry_out(run: jobs.Run, reporter: Reporter) -> dict[str, Any]:
        reporter.step(0, 1, "loading the embedding model")
        embedder = load(_embedder_id(workspace, run))
        reporter.device(embedder.device, f"embedding in {embedder.dtype}: {embedder.dtype_reason}")
        return _change(workspace, run, embedder, reporter).summary()

    return carry_out


def _embedder_id(workspace: Workspace, run: jobs.Run) -> str:
    config = run.order["config"]
    if config["action"] == "build":
        return config["settings"]["embedder"]
    return knowledge.open_knowledge(workspace, run.name).manifest["settings"]["embedder"]


def _change(workspace: Workspace, run: jobs.Run, embedder: Embedder, reporter: Reporter) -> knowledge.Built:
    name, config = run.name, run.order["config"]
    if config["action"] == "remove":
        # checked when it was ordered: what is gone now was removed by this run before a kill, which is resumed here
        known = knowledge.known_names(knowledge.open_knowledge(workspace, name))
        ids = [wanted for wanted in config["ids"] if wanted in known]
        return knowledge.remove(workspace, name, ids, embedder, reporter.step)
    if config["action"] == "recut":
        own = tuned(config)
        assert own is not None, "such an order always names search settings"
        return knowledge.recut(
            workspace, name, from_saved(config["settings"], BuildConfig), own, embedder, reporter.step
        )
    if config["action"] == "edit":
        return knowledge.edit(workspace, name, _edit(run), embedder, reporter.step)
    paths = [Path(path) for path in config["documents"]]
    given = config.get("labels", {"tags": [], "date": ""})  # orders from before there were labels have none
    labels = Labels(tuple(given["tags"]), given["date"])
    if config["action"] == "add":
        return knowledge.add(workspace, name, paths, embedder, reporter.step, labels)
    settings = from_saved(config["settings"], BuildConfig)
    return knowledge.build(workspace, name, paths, settings, embedder, reporter.step, labels)


def _edit(run: jobs.Run) -> editing.Edit:
    config = run.order["config"]
    try:
        text = (run.folder / EDITED).read_bytes().decode()
    except FileNotFoundError as error:
        raise UserError(f"The edited text of run {run.id} was never stored.", "Edit the document again.") from error
    return editing.Edit(config["document"], text, config["before"], run.order["inputs"]["knowledge"], config["moment"])
