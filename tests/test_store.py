"""The store: whole files or none, versions that never change, names that resolve or say why not."""

from __future__ import annotations

import json
import multiprocessing
import os
import threading
from pathlib import Path

import pytest

from data import store
from data.disk import append_jsonl, read_json, read_jsonl, write_json
from data.errors import UserError
from data.workspace import Workspace, open_workspace


def make(workspace: Workspace, name: str, text: str) -> store.Artifact:
    with store.staging(workspace, "datasets") as folder:
        (folder / "payload.txt").write_text(text)
        return store.publish(workspace, "datasets", name, folder, {"note": text})


def test_using_a_name_again_makes_the_next_version_and_keeps_the_first(workspace: Workspace) -> None:
    first, second = make(workspace, "a", "one"), make(workspace, "a", "two")
    assert (first.ref, second.ref) == ("a@1", "a@2")
    assert store.resolve(workspace, "datasets", "a").ref == "a@2"
    assert (store.resolve(workspace, "datasets", "a@1").path / "payload.txt").read_text() == "one"


def test_the_pointer_decides_what_a_bare_name_means(workspace: Workspace) -> None:
    make(workspace, "a", "one"), make(workspace, "a", "two")
    store.point(workspace, "datasets", "a", 1)
    assert store.resolve(workspace, "datasets", "a").version == 1
    assert make(workspace, "a", "three").version == 3
    assert store.resolve(workspace, "datasets", "a").version == 3


def test_unknown_names_and_versions_say_what_there_is(workspace: Workspace) -> None:
    make(workspace, "known", "x")
    with pytest.raises(UserError, match=r"no dataset named 'nope'.*Known: known"):
        store.resolve(workspace, "datasets", "nope")
    with pytest.raises(UserError, match=r"no version '7'.*known@1"):
        store.resolve(workspace, "datasets", "known@7")


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "a" * 65, "new\nline", "<img>"])
def test_names_that_could_leave_the_workspace_are_refused(workspace: Workspace, name: str) -> None:
    with pytest.raises(UserError, match="not a name"):
        make(workspace, name, "x")


def test_a_failed_build_leaves_nothing_behind(workspace: Workspace) -> None:
    make(workspace, "a", "one")
    with pytest.raises(UserError, match="not a name"):
        make(workspace, "a/b", "two")
    assert [path.name for path in (workspace.folder("datasets")).iterdir()] == ["a"]


def test_many_publishers_share_no_version(workspace: Workspace) -> None:
    made: list[str] = []
    threads = [threading.Thread(target=lambda n=n: made.append(make(workspace, "a", str(n)).ref)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made, key=lambda ref: int(ref[2:])) == [f"a@{n}" for n in range(1, 13)]


def _write_until_killed(path: str) -> None:
    number = 0
    while True:
        number += 1
        write_json(Path(path), {"number": number, "padding": "x" * 20_000})


def test_a_writer_killed_at_any_moment_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "counted.json"
    write_json(path, {"number": 0})
    context = multiprocessing.get_context("spawn")
    for _ in range(3):
        writer = context.Process(target=_write_until_killed, args=(str(path),))
        writer.start()
        while read_json(path)["number"] < 3:
            pass
        writer.kill()
        writer.join()
        assert read_json(path)["padding"] == "x" * 20_000
        write_json(path, {"number": 0})


def test_a_torn_last_line_is_passed_over_and_swallows_nothing(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    append_jsonl(path, [{"n": 1}])
    with open(path, "a") as file:
        file.write('{"n": 2, "torn')
    append_jsonl(path, [{"n": 3}])
    assert [row["n"] for row in read_jsonl(path)] == [1, 3]


def test_files_of_another_format_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"format": 99}))
    with pytest.raises(UserError, match="not in format 1"):
        read_json(path)


def test_an_unwritable_workspace_is_one_sentence(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("a file stands where the folder should be")
    with pytest.raises(UserError, match="cannot be written"):
        open_workspace(blocked / "home")


def test_private_files_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "token.json"
    write_json(path, {"token": "t"}, mode=0o600)
    assert os.stat(path).st_mode & 0o077 == 0
