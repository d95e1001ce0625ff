"""Uploads: any name becomes a plain file, too much is said, and a folder of them appears whole or not at all."""

from __future__ import annotations

import errno
import mmap
from io import BytesIO
from pathlib import Path

import pytest

from data.documents import read_documents
from data.errors import UserError
from data.workspace import Workspace
from ui import uploads


class Upload(BytesIO):
    """What the page's uploader hands over: bytes with a name."""

    def __init__(self, name: str, content: bytes = b"The ferry leaves at 6:40.") -> None:
        super().__init__(content)
        self.name = name


def stored(workspace: Workspace) -> list[Path]:
    """Everything below the folder of uploads."""
    return sorted(path for path in (workspace.root / "uploads").rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("plain.txt", "plain.txt"), ("../../x.txt", "x.txt"), ("..\\..\\x.txt", "x.txt"), ("/etc/x.txt", "x.txt"),
        ("two\nlines.txt", "two_lines.txt"), ("<img src=x>.txt", "<img src=x>.txt"), (".hidden.txt", "hidden.txt"),
        ("..", "file"), ("", "file"),
    ],
)  # fmt: skip
def test_a_hostile_name_becomes_a_plain_file_inside_the_folder(workspace: Workspace, name: str, file: str) -> None:
    upload = Upload(name)
    path = uploads.save_one(workspace, upload)
    assert path.name == file
    assert stored(workspace) == [path]
    assert path.read_bytes() == upload.getvalue()


def test_a_name_longer_than_file_systems_take_keeps_its_beginning_and_ending(workspace: Workspace) -> None:
    one, two = Upload("ä" * 300 + "1.txt", b"one"), Upload("ä" * 300 + "2.txt", b"two")
    paths = uploads.paths(uploads.save(workspace, [one, two]), [one, two])
    assert [path.read_bytes() for path in paths] == [b"one", b"two"]
    assert len({path.name for path in paths}) == 2
    for path in paths:
        assert path.name.startswith("äää")
        assert path.suffix == ".txt"
        assert len(path.name.encode()) <= 200


def test_the_same_upload_lies_in_the_same_place_and_two_of_one_name_are_kept_apart(workspace: Workspace) -> None:
    pair = [Upload("a.txt", b"one"), Upload("a.txt", b"two")]
    paths = uploads.paths(uploads.save(workspace, pair), pair)
    assert [path.read_bytes() for path in paths] == [b"one", b"two"]
    assert uploads.save(workspace, pair) == uploads.save(workspace, [Upload("a.txt", b"one"), Upload("a.txt", b"two")])
    documents, refused = read_documents(paths)
    assert [document.text for document in documents] == ["one"]
    assert refused[0].what == "a.txt: another file of this collection has the same name."


def test_an_uploaded_folder_keeps_its_folders_and_leaves_hidden_files_out(workspace: Workspace) -> None:
    given = ["home/a.txt", "home/in/a.txt", "home/.hidden.txt", "home/.git/a.txt", "home/in/../../../b.txt"]
    folder = uploads.save_folder(workspace, [Upload(name, name.encode()) for name in given])
    documents, refused = read_documents([folder])
    assert {document.id: document.text for document in documents} == {"a.txt": given[0], "in/a.txt": given[1]}
    assert not refused
    hostile = uploads.save_folder(workspace, [Upload("home/two\nlines/<b>.txt")])
    assert [path.relative_to(hostile).as_posix() for path in hostile.rglob("*.txt")] == ["two_lines/<b>.txt"]
    with pytest.raises(UserError, match="holds no file that is not hidden"):
        uploads.save_folder(workspace, [Upload(name) for name in given[2:]])
    assert all(path.is_relative_to(workspace.root / "uploads") for path in stored(workspace))


def test_more_than_an_upload_may_have_is_refused_before_anything_is_written(workspace: Workspace) -> None:
    class Endless(Upload):
        def getbuffer(self) -> memoryview:
            return memoryview(mmap.mmap(-1, 600_000_000))  # never touched, so it costs no memory

    with pytest.raises(UserError, match=r"1\.2 GB together; one upload may have 1 GB\. Upload them in parts"):
        uploads.save(workspace, [Endless("a.txt"), Endless("b.txt")])
    assert stored(workspace) == []


def test_a_full_disk_leaves_nothing_half_stored(workspace: Workspace) -> None:
    class Unwritable(Upload):
        """Can be measured and hashed, but not written."""

        looks = 0

        def getbuffer(self) -> memoryview:
            self.looks += 1
            if self.looks > 2:
                raise OSError(errno.ENOSPC, "No space left on device")
            return super().getbuffer()

    with pytest.raises(UserError, match="No space left on device"):
        uploads.save(workspace, [Upload("a.txt"), Unwritable("b.txt")])
    assert stored(workspace) == []
    again = [Upload("a.txt"), Upload("b.txt")]
    assert all(path.exists() for path in uploads.paths(uploads.save(workspace, again), again))
