"""Versions of a knowledge base: only what changed is embedded, readers see one version whole, deletion looks first."""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path

import pytest

from data import child, jobs, store
from data.errors import UserError
from data.workspace import Workspace
from rag import knowledge, orders
from rag.knowledge import open_knowledge
from rag.retrieve import KnowledgeRetriever
from rag.settings import BuildConfig
from tests.hashing import fake

SETTINGS = BuildConfig(chunk_tokens=32, embedder="hash")
THREADS, PUBLISHES = 20, 60


def write(folder: Path, texts: dict[str, str]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def base(workspace: Workspace, tmp_path: Path) -> Path:
    """Knowledge base K in three versions: a and b, then a changed, then c added. Returns the folder of its files."""
    folder = write(tmp_path / "docs", {"a.md": "# A\n\nThe red lamp.", "b.md": "# B\n\nThe blue kettle."})
    knowledge.build(workspace, "K", [folder], SETTINGS, fake())
    for name, text in (("a.md", "# A\n\nThe green lamp."), ("c.md", "# C\n\nThe open door.")):
        (folder / name).write_text(text)
        knowledge.add(workspace, "K", [folder / name], fake())
    return folder


# --- what a change costs ----------------------------------------------------------------------------------------------


def test_editing_one_of_a_thousand_documents_embeds_only_its_passages(workspace: Workspace, tmp_path: Path) -> None:
    texts = {f"{n:04}.md": f"# Shelf {n}\n\nBox {n} holds seeds.\n\n## Care\n\nKeep {n} dry." for n in range(1000)}
    folder = write(tmp_path / "docs", texts)
    assert knowledge.build(workspace, "K", [folder], SETTINGS, fake()).embedded == 2000
    (folder / "0500.md").write_text("# Shelf 500\n\nBox 500 holds bulbs.\n\n## Care\n\nKeep 500 dry.\n\n## Use\n\nSow.")
    embedder = fake()
    built = knowledge.add(workspace, "K", [folder], embedder)
    assert sorted(embedder.model) == ["Shelf 500 > Use: Sow.", "Shelf 500: Box 500 holds bulbs."]
    assert (built.artifact.ref, built.documents, built.passages, built.embedded) == ("K@2", 1000, 2001, 2)
    assert open_knowledge(workspace, "K").manifest["counts"]["embedded"] == 2


def test_another_number_format_embeds_everything_anew_and_says_so(workspace: Workspace, base: Path) -> None:
    (base / "c.md").write_text("# C\n\nThe shut door.")
    built = knowledge.add(workspace, "K", [base / "c.md"], fake(dtype="bfloat16"))
    assert (built.embedded, built.passages) == (3, 3)
    assert [warning for warning in built.warnings if "K@3 holds vectors in float32" in warning]
    assert open_knowledge(workspace, "K").manifest["warnings"] == list(built.warnings)


# --- readers while it changes -----------------------------------------------------------------------------------------


class Reader(threading.Thread):
    """Asks again and again; each answer must come whole from one version, and never from an older one than before."""

    def __init__(self, workspace: Workspace, over: threading.Event) -> None:
        super().__init__()
        self.workspace, self.over = workspace, over
        self.seen: list[int] = []
        self.problem: str | None = None

    def run(self) -> None:
        try:
            while not self.over.is_set() or not self.seen:
                self.ask()
                time.sleep(0.02)  # so that twenty of them leave the publisher some of two cores
        except Exception as error:
            self.problem = f"{type(error).__name__}: {error}"

    def ask(self) -> None:
        base = open_knowledge(self.workspace, "K")
        hits = KnowledgeRetriever(base, fake()).search(["which edition is it"], 10)[0]
        texts = [hit.passage.text for hit in hits] + [document.text for document in base.documents]
        editions = {int(number) for text in texts for number in re.findall(r"edition (\d+)", text)}
        if len(hits) != 4 or editions != {base.artifact.version} or editions < set(self.seen[-1:]):
            self.problem = f"{base.ref} gave {len(hits)} hits of editions {editions} after {self.seen[-1:]}"
        self.seen.append(base.artifact.version)


def test_twenty_readers_see_no_mixed_version_and_no_error_during_sixty_publishes(
    workspace: Workspace, tmp_path: Path
) -> None:
    over, embedder, folder = threading.Event(), fake(), tmp_path / "docs"
    readers = [Reader(workspace, over) for _ in range(THREADS)]
    for number in range(1, PUBLISHES + 1):
        write(folder, {f"{n}.txt": f"This is edition {number} of text {n}." for n in range(4)})
        knowledge.build(workspace, "K", [folder], SETTINGS, embedder)
        if number == 1:
            for reader in readers:
                reader.start()
    over.set()
    for reader in readers:
        reader.join()
    assert [reader.problem for reader in readers if reader.problem] == []
    assert all(reader.seen == sorted(reader.seen) for reader in readers)
    assert len({version for reader in readers for version in reader.seen}) > 5
    assert store.versions(workspace, "knowledge", "K") == list(range(1, PUBLISHES + 1))


# --- deletion ---------------------------------------------------------------------------------------------------------


def comparison(workspace: Workspace, ref: str) -> jobs.Run:
    systems = [{"name": "base", "knowledge": None}, {"name": "rag", "knowledge": ref}]
    return jobs.order(workspace, "bench", "cmp", {"systems": systems}, {"test": "x"})


def test_a_deleted_version_is_gone_and_its_number_is_never_used_again(workspace: Workspace, base: Path) -> None:
    store.point(workspace, "knowledge", "K", 1)
    folder = open_knowledge(workspace, "K@3").artifact.path
    assert knowledge.delete(workspace, "K@3").refs == ("K@3",)
    assert [path.name for path in folder.iterdir()] == ["deleted.json"]
    assert store.versions(workspace, "knowledge", "K") == [1, 2]
    with pytest.raises(UserError, match=r"K@3 of this knowledge base was deleted \(20"):
        open_knowledge(workspace, "K@3")
    assert [one.id for one in open_knowledge(workspace, "K@2").documents] == ["a.md", "b.md"]
    assert knowledge.add(workspace, "K", [base / "c.md"], fake()).artifact.ref == "K@4"


def test_the_version_in_use_and_those_that_runs_name_are_kept(workspace: Workspace, base: Path) -> None:
    with pytest.raises(UserError, match=r"K@3 is the version that the bare name 'K' means"):
        knowledge.delete(workspace, "K")
    run = comparison(workspace, "K@1")
    with pytest.raises(UserError, match=f"K@1 is named by 1 runs: {run.id}"):
        knowledge.delete(workspace, "K@1")
    with pytest.raises(UserError, match=run.id):
        knowledge.delete(workspace, "K", every=True)
    assert store.versions(workspace, "knowledge", "K") == [1, 2, 3]
    assert knowledge.delete(workspace, "K@2").refs == ("K@2",)
    assert knowledge.delete(workspace, "K@1", force=True).refs == ("K@1",)
    assert store.versions(workspace, "knowledge", "K") == [3]


def test_a_change_that_waits_keeps_the_version_it_begins_from(workspace: Workspace, base: Path) -> None:
    store.point(workspace, "knowledge", "K", 2)
    waiting = orders.order_remove(workspace, "K", ["b.md"])
    store.point(workspace, "knowledge", "K", 3)
    with pytest.raises(UserError, match=waiting.id):
        knowledge.delete(workspace, "K@2")


def test_deleting_all_versions_frees_the_name_but_not_the_numbers(workspace: Workspace, base: Path) -> None:
    assert knowledge.delete(workspace, "K", every=True).refs == ("K@1", "K@2", "K@3")
    assert store.names(workspace, "knowledge") == []
    assert knowledge.build(workspace, "K", [base], SETTINGS, fake()).artifact.ref == "K@4"
    assert open_knowledge(workspace, "K").ref == "K@4"


def test_deleting_does_not_wait_for_a_change_under_way(workspace: Workspace, base: Path) -> None:
    refusals: list[str] = []

    def delete_meanwhile(done: float, total: float, text: str) -> None:
        if text == "writing":
            with pytest.raises(UserError, match="is being changed now") as refused:
                knowledge.delete(workspace, "K@1")
            refusals.append(str(refused.value))

    knowledge.build(workspace, "K", [base / "c.md"], SETTINGS, fake(), delete_meanwhile)
    assert len(refusals) == 1
    assert store.versions(workspace, "knowledge", "K") == [1, 2, 3, 4]


def test_what_a_change_made_is_told_without_reading_the_version_again(workspace: Workspace, base: Path) -> None:
    """A job says "done" on what was published, and does not stumble over a deletion that follows at once."""
    built = knowledge.build(workspace, "K", [base / "c.md"], SETTINGS, fake())
    unchanged = knowledge.build(workspace, "K", [base / "c.md"], SETTINGS, fake())
    stored = built.artifact.manifest()["index"]
    knowledge.delete(workspace, "K", every=True)
    assert built.summary()["index"] == unchanged.summary()["index"] == stored


# --- a removal as a job -----------------------------------------------------------------------------------------------


def test_a_removal_killed_after_it_was_published_is_resumed_to_its_end(workspace: Workspace, base: Path) -> None:
    run = orders.order_remove(workspace, "K", ["b.md"])
    knowledge.remove(workspace, "K", ["b.md"], fake())  # what the killed child had done
    assert child.run(workspace, run.id, orders.work(workspace, lambda _: fake()), needs_device=False) == 0
    assert jobs.load(workspace, run.id).status["summary"]["knowledge"] == "K@4"
    assert [one.id for one in open_knowledge(workspace, "K").documents] == ["a.md", "c.md"]


def test_a_mistyped_document_is_said_before_a_job_starts(workspace: Workspace, base: Path) -> None:
    with pytest.raises(UserError, match=r"K@3 has no document 'd.md'. It has: a.md, b.md, c.md"):
        orders.order_remove(workspace, "K", ["d.md"])
    assert jobs.list_runs(workspace) == []
