"""Editing a document's text: a new version that embeds only what is new, and never over the head of another change."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from data import child, jobs, store
from data.disk import read_json, write_json
from data.errors import UserError
from data.schema import Document
from data.workspace import Workspace
from rag import editing, history, knowledge, orders
from rag.editing import moved
from rag.knowledge import Built, open_knowledge
from rag.labels import Labels
from rag.retrieve import KnowledgeRetriever
from rag.settings import BuildConfig
from tests.hashing import HashEmbedder, fake

SETTINGS = BuildConfig(chunk_tokens=32, embedder="hash")
TEXT = "# Lamp\n\nThe lamp is red.\n\n## Care\n\nKeep it dry.\n\n## Use\n\nTurn the switch."


@pytest.fixture
def base(workspace: Workspace, tmp_path: Path) -> Path:
    """Knowledge base K of a lamp, a kettle and a table of two rows. Returns the folder of its files."""
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "lamp.md").write_text(TEXT)
    (folder / "kettle.md").write_text("# Kettle\n\nThe kettle is blue.")
    (folder / "prices.csv").write_text("name,price\nlamp,five\nkettle,nine\n")
    knowledge.build(workspace, "K", [folder], SETTINGS, fake(), labels=Labels(("house",), "2025-01-02"))
    return folder


def carry_out(workspace: Workspace, run: jobs.Run, embedder: HashEmbedder | None = None) -> jobs.Run:
    child.run(workspace, run.id, orders.work(workspace, lambda _: embedder or fake()), needs_device=False)
    return jobs.load(workspace, run.id)


def document(workspace: Workspace, name: str, ref: str = "K") -> Document:
    return editing.find(open_knowledge(workspace, ref), name)


def test_an_edit_makes_a_version_that_embeds_only_the_new_passage(workspace: Workspace, base: Path) -> None:
    embedder = fake()
    run = carry_out(workspace, orders.order_edit(workspace, "K", "lamp.md", TEXT.replace("red", "green")), embedder)
    assert embedder.model == ["Lamp: The lamp is green."]
    summary = run.status["summary"]
    assert (summary["knowledge"], summary["passages"]) == ("K@2", 6)
    assert (summary["embedded"], summary["cached"], summary["taken_over"]) == (1, 0, 5)
    found = KnowledgeRetriever(open_knowledge(workspace, "K"), fake()).search(["which lamp is green"], 1)[0]
    assert found[0].passage.text == "The lamp is green."
    assert "red" in document(workspace, "lamp.md", "K@1").text, "the version before stays as it was"


def test_an_edited_document_is_recorded_as_edited_and_keeps_what_else_is_known(
    workspace: Workspace, base: Path
) -> None:
    before = document(workspace, "lamp.md")
    run = carry_out(workspace, orders.order_edit(workspace, "K", "lamp.md", TEXT.replace("# Lamp", "# Lantern", 1)))
    after = document(workspace, "lamp.md")
    assert after.edited == run.order["config"]["moment"]
    assert (after.sha256, after.file, after.tags, after.date) == (before.sha256, "lamp.md", ("house",), "2025-01-02")
    assert after.title == "Lantern"
    assert open_knowledge(workspace, "K").manifest["files"]["lamp.md"]["edited"] == after.edited
    assert document(workspace, "kettle.md").edited == ""


def test_a_file_of_the_same_name_takes_the_place_of_an_edit_and_says_so(workspace: Workspace, base: Path) -> None:
    carry_out(workspace, orders.order_edit(workspace, "K", "lamp.md", "# Lamp\n\nEdited."))
    built = knowledge.add(workspace, "K", [base / "kettle.md"], fake())
    assert (built.artifact.ref, built.warnings) == ("K@2", ()), "a file of another name leaves the edit alone"
    built = knowledge.add(workspace, "K", [base / "lamp.md"], fake())
    assert document(workspace, "lamp.md").text == TEXT
    assert [warning for warning in built.warnings if "gave way to the file" in warning]
    assert (built.embedded, built.artifact.ref) == (0, "K@3"), "its passages were embedded before"
    again = knowledge.add(workspace, "K", [base / "lamp.md"], fake())
    assert (again.artifact.ref, again.warnings) == ("K@3", ())


def test_an_edit_of_a_text_that_somebody_changed_meanwhile_is_refused(workspace: Workspace, base: Path) -> None:
    mine = orders.order_edit(workspace, "K@1", "lamp.md", TEXT + "\n\nMine.")
    theirs = orders.order_edit(workspace, "K@1", "lamp.md", TEXT + "\n\nTheirs.")
    assert carry_out(workspace, theirs).state == "done"
    refused = carry_out(workspace, mine)
    assert refused.state == "failed"
    assert "lamp.md was changed in K@2 after its text was taken from K@1" in refused.status["error"]["what"]
    assert "Keep a copy of your text" in refused.status["error"]["fix"]
    assert document(workspace, "lamp.md").text.endswith("Theirs.")
    assert store.versions(workspace, "knowledge", "K") == [1, 2]


def test_an_edit_goes_on_top_of_a_newer_version_that_left_its_document_alone(workspace: Workspace, base: Path) -> None:
    mine = orders.order_edit(workspace, "K@1", "lamp.md", TEXT.replace("red", "green"))
    carry_out(workspace, orders.order_edit(workspace, "K@1", "kettle.md", "# Kettle\n\nThe kettle is gone."))
    done = carry_out(workspace, mine)
    assert any("K@2 was published while lamp.md was edited" in one for one in done.status["summary"]["warnings"])
    assert "green" in document(workspace, "lamp.md").text
    assert "gone" in document(workspace, "kettle.md").text


def test_an_edit_of_a_document_that_was_removed_meanwhile_is_refused(workspace: Workspace, base: Path) -> None:
    mine = orders.order_edit(workspace, "K", "lamp.md", "Mine.")
    knowledge.remove(workspace, "K", ["lamp.md"], fake())
    assert "K@2 has no document 'lamp.md'" in carry_out(workspace, mine).status["error"]["what"]


def test_an_edit_killed_after_it_was_published_is_resumed_without_another_version(
    workspace: Workspace, base: Path
) -> None:
    run = orders.order_edit(workspace, "K", "lamp.md", "# Lamp\n\nEdited.\u200b\r\n")
    first = carry_out(workspace, run)
    killed = {**read_json(run.folder / "status.json"), "state": "running", "pid_started": 0.0}  # that process is gone
    write_json(run.folder / "status.json", killed)
    again = carry_out(workspace, run)
    assert (first.status["summary"]["knowledge"], again.status["summary"]["knowledge"]) == ("K@2", "K@2")
    assert document(workspace, "lamp.md").text == "# Lamp\n\nEdited.\n"


@pytest.mark.parametrize("text", ["", " \n\t", "\u200b\n", "\x00"])
def test_an_empty_text_is_refused_at_once(workspace: Workspace, base: Path, text: str) -> None:
    with pytest.raises(UserError, match=r"The new text of lamp.md is empty. To leave the document out, remove it"):
        orders.order_edit(workspace, "K", "lamp.md", text)
    assert jobs.list_runs(workspace) == []


def test_a_row_of_a_table_is_edited_by_its_own_name(workspace: Workspace, base: Path) -> None:
    with pytest.raises(
        UserError, match=r"each of its 2 rows is a document of its own. Name a row, like 'prices.csv#1'"
    ):
        orders.order_edit(workspace, "K", "prices.csv", "x")
    carry_out(workspace, orders.order_edit(workspace, "K", "prices.csv#2", "name: kettle; price: ten"))
    assert document(workspace, "prices.csv#2").text == "name: kettle; price: ten"
    assert document(workspace, "prices.csv#1").text == "name: lamp; price: five"
    built = knowledge.add(workspace, "K", [base / "prices.csv"], fake())
    assert any(one.startswith("prices.csv#2: the text edited on") for one in built.warnings)


def test_a_head_that_is_edited_changes_the_labels_it_named(workspace: Workspace, base: Path) -> None:
    def edit(head: str) -> tuple[tuple[str, ...], str]:
        carry_out(workspace, orders.order_edit(workspace, "K", "kettle.md", f"{head}# Kettle\n\nBlue."))
        return document(workspace, "kettle.md").tags, document(workspace, "kettle.md").date

    assert edit("---\ntags: [kitchen]\n---\n") == (("kitchen", "house"), "2025-01-02")
    assert edit("---\ntags: [cellar]\ndate: 2024-03-04\n---\n") == (("cellar", "house"), "2024-03-04")
    assert edit("") == (("house",), "")


@pytest.mark.parametrize(
    ("new", "starts"),
    [
        ("one\n\ntwo\n\nthree", (0, 5, 10)),
        ("one, and more\n\ntwo\n\nthree", (0, 15, 20)),
        ("one\n\ntwo\n\nsecond\n\nthree", (0, 5, 18)),
        ("one\n\nTWO!\n\nthree", (0, 5, 11)),
        ("one\n\nthree", (0, 5, 5)),
        ("something else", (0, 0, 0)),
    ],
)
def test_pages_go_with_their_text(new: str, starts: tuple[int, ...]) -> None:
    assert moved((0, 5, 10), "one\n\ntwo\n\nthree", new) == starts


# --- what a version says of itself ------------------------------------------------------------------------------------


def costs(workspace: Workspace, built: Built) -> str:
    manifest = open_knowledge(workspace, built.artifact.ref).manifest
    return history.told_changes(manifest) + ": " + history.told_costs(manifest["counts"])


def test_each_version_tells_what_it_changed_and_what_that_cost(workspace: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    for name, text in (("a.md", "The red lamp."), ("b.md", "The red lamp."), ("c.md", "The open door.")):
        (folder / name).write_text(text)
    said = [costs(workspace, knowledge.build(workspace, "K", [folder], SETTINGS, fake()))]
    (folder / "a.md").write_text("The green lamp.")
    said.append(costs(workspace, knowledge.add(workspace, "K", [folder / "a.md"], fake())))
    said.append(costs(workspace, knowledge.remove(workspace, "K", ["b.md"], fake())))
    (folder / "a.md").write_text("The red lamp.")
    said.append(costs(workspace, knowledge.add(workspace, "K", [folder / "a.md"], fake())))
    assert said == [
        " (3 added): 2 embedded anew, 1 with the words of another",
        " (1 changed): 1 embedded anew, 2 taken over",
        " (1 removed): 0 embedded anew, 2 taken over",
        " (1 changed): 0 embedded anew, 1 from the cache, 1 taken over",
    ]


def test_a_version_from_before_this_was_counted_is_read_and_says_what_it_knows(
    workspace: Workspace, base: Path
) -> None:
    path = open_knowledge(workspace, "K").artifact.path / "manifest.json"
    manifest = json.loads(path.read_text())
    del manifest["changes"], manifest["counts"]["taken_over"], manifest["counts"]["cached"]
    path.write_text(json.dumps(manifest))
    old = open_knowledge(workspace, "K").manifest
    assert history.told_changes(old) + history.told_costs(old["counts"]) == "6 embedded anew"
    assert knowledge.remove(workspace, "K", ["kettle.md"], fake()).taken_over == 5
