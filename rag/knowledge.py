"""A knowledge base is a chain of immutable versions: build, add, edit, remove and recut each publish one.

Only passages whose text the version before did not hold are embedded; the others keep their vectors. A reader holds one
version from start to end, and a crash at any moment leaves the last published one.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from data import deletion, store
from data.errors import UserError
from data.options import from_saved
from data.workspace import Workspace
from rag import marks
from rag.editing import Edit, edited, given_way
from rag.embed import Embedder
from rag.files import Knowledge, check_embedder, open_knowledge
from rag.given import in_their_place, read
from rag.labels import UNLABELLED, Labels, labelled
from rag.publish import Built, publish_version
from rag.reuse import Report, nothing
from rag.settings import BuildConfig, Tuned


@dataclass(frozen=True)
class Deleted:
    """The versions that a deletion took away, and how many marks went with the last of them."""

    refs: tuple[str, ...]
    marks: int

    def words(self) -> str:
        """What is gone, as a sentence."""
        gone = f", and with them {self.marks} mark{'s' * (self.marks != 1)}" if self.marks else ""
        return f"Deleted: {', '.join(self.refs)}{gone}."


def build(
    workspace: Workspace, name: str, paths: Sequence[Path], settings: BuildConfig, embedder: Embedder,
    report: Report = nothing, labels: Labels = UNLABELLED,
) -> Built:  # fmt: skip
    """Make a knowledge base of files and folders, all labelled alike; under a known name this is its next version.

    Raises UserError when no file can be read.
    """
    store.check_name(name, "knowledge base")
    with _sole_writer(workspace, name, report):
        documents, refused = read(paths, settings, report)
        documents = [labelled(document, labels) for document in documents]
        before = _whole_version(workspace, name)
        notes = given_way(before.documents if before else (), documents)
        return publish_version(
            workspace, name, documents, settings, embedder, report, before, tuple(refused), notes=notes
        )


def add(
    workspace: Workspace, name: str, paths: Sequence[Path], embedder: Embedder, report: Report = nothing,
    labels: Labels = UNLABELLED,
) -> Built:  # fmt: skip
    """Add files to the current version, or replace those of the same name. Unchanged files change nothing."""
    with _sole_writer(workspace, name, report):
        before = open_knowledge(workspace, name)
        check_embedder(before, embedder)
        settings = from_saved(before.manifest["settings"], BuildConfig)
        given, refused = read(paths, settings, report)
        replaced = {document.file: document for document in before.documents}
        given = [labelled(document, labels, replaced.get(document.file)) for document in given]
        documents = in_their_place(before.documents, given)
        notes = given_way(before.documents, documents)
        return publish_version(
            workspace, name, documents, settings, embedder, report, before, tuple(refused), notes=notes
        )


def remove(
    workspace: Workspace, name: str, ids: Sequence[str], embedder: Embedder, report: Report = nothing
) -> Built:  # fmt: skip
    """Leave documents out of the next version. Raises UserError for an unknown id, or when none would be left."""
    with _sole_writer(workspace, name, report):
        before = open_knowledge(workspace, name)
        check_embedder(before, embedder)
        check_removal(before, ids)
        documents = [one for one in before.documents if not {one.id, one.file} & set(ids)]
        settings = from_saved(before.manifest["settings"], BuildConfig)
        return publish_version(workspace, name, documents, settings, embedder, report, before, ())


def recut(
    workspace: Workspace, name: str, settings: BuildConfig, own: Tuned, embedder: Embedder, report: Report = nothing
) -> Built:  # fmt: skip
    """Cut the stored documents anew with ``settings``, and search them with ``own`` from now on; no file is read."""
    with _sole_writer(workspace, name, report):
        before = open_knowledge(workspace, name)
        check_embedder(before, embedder)
        return publish_version(workspace, name, list(before.documents), settings, embedder, report, before, (), own)


def edit(workspace: Workspace, name: str, change: Edit, embedder: Embedder, report: Report = nothing) -> Built:
    """Give one document another text. Raises UserError when it was changed since ``change`` was begun, or is gone."""
    with _sole_writer(workspace, name, report):
        before = open_knowledge(workspace, name)
        check_embedder(before, embedder)
        documents, notes = edited(before, change)
        settings = from_saved(before.manifest["settings"], BuildConfig)
        return publish_version(workspace, name, documents, settings, embedder, report, before, (), notes=notes)


def known_names(base: Knowledge) -> set[str]:
    """What a removal may name: the id of every document, and the file that holds it (a table: all its rows)."""
    return {name for document in base.documents for name in (document.id, document.file)}


def check_removal(before: Knowledge, ids: Sequence[str]) -> None:
    """Raise UserError for a name that is no document or file of this version, or when no document would be left."""
    known = known_names(before)
    if unknown := [wanted for wanted in ids if wanted not in known]:
        listed = ", ".join(sorted(known)[:5]) + (" ..." if len(known) > 5 else "")
        raise UserError(f"{before.ref} has no document {unknown[0]!r}.", f"It has: {listed}.")
    if all({document.id, document.file} & set(ids) for document in before.documents):
        raise UserError(f"{before.ref} would be left without documents.", "Keep at least one.")


def delete(workspace: Workspace, ref: str, every: bool = False, force: bool = False) -> Deleted:
    """Delete version "name@3" for good, or ``every`` version of a name and its marks.

    Raises UserError for the version in use, for one that runs name (unless ``force``), and while a change is under way.
    """
    name = ref if every else ref.partition("@")[0]

    def busy(done: float, total: float, text: str) -> None:
        raise UserError(f"Knowledge base {name!r} is being changed now.", "Wait until that has ended, or stop it.")

    with _sole_writer(workspace, name, busy):
        remove_versions = deletion.delete_all if every else deletion.delete_version
        refs = [artifact.ref for artifact in remove_versions(workspace, "knowledge", ref, force)]
        # marks quote the documents; they live as long as the name has a version
        return Deleted(tuple(refs), marks.remove_all(workspace, name) if every else 0)


def _whole_version(workspace: Workspace, name: str) -> Knowledge | None:
    """The current version, if there is one whose files can still be read: building again is the way out of damage."""
    try:
        before = open_knowledge(workspace, name)
        return before if before.documents and before.passages and len(before.vectors) else None
    except UserError:
        return None


@contextmanager
def _sole_writer(workspace: Workspace, name: str, report: Report) -> Iterator[None]:
    """One change of a name at a time: two that began from the same version would lose one's documents."""
    store.check_name(name, "knowledge base")
    with open(workspace.folder("knowledge") / f".lock-{name}", "w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                report(0, 1, f"waiting for another change of {name}")
                time.sleep(0.2)
        yield


__all__ = ["Built", "Deleted", "Knowledge", "add", "build", "delete", "edit", "open_knowledge", "recut", "remove"]
