"""What the system refuses while something is written: one sentence that names the file, and the old file whole."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from data import aliases, child, jobs, store
from data.denied import Denied, told
from data.disk import append_jsonl, sole_writer, write_bytes, write_json
from data.errors import UserError
from data.shell import main, verb
from data.workspace import Workspace
from sft import adapters
from sft.hub_errors import told_of_hub
from sft.parcel import zipped
from ui import frame

ROOT = Path(__file__).resolve().parents[1]


@contextmanager
def no_file_beyond(size: int) -> Iterator[None]:
    """A disk with room for so many bytes in each file: what lies beyond is refused, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def model(workspace: Workspace) -> store.Artifact:
    """A tuned model with 100 kB of weights."""
    with store.staging(workspace, "adapters") as folder:
        (folder / "adapter_model.safetensors").write_bytes(b"w" * 100_000)
        (folder / "adapter_config.json").write_text("{}")
        return store.publish(workspace, "adapters", "m", folder, {})


def test_a_file_that_has_no_room_keeps_what_it_held(tmp_path: Path) -> None:
    path = tmp_path / "scores.json"
    write_json(path, {"n": 1})
    before = path.read_bytes()
    with no_file_beyond(1_000), pytest.raises(Denied, match=rf"{path} cannot be written: it would be larger"):
        write_json(path, {"n": "x" * 50_000})
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["scores.json"]


def test_rows_that_have_no_room_leave_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "votes.jsonl"
    append_jsonl(path, [{"n": 1}])
    before = path.read_bytes()
    with no_file_beyond(1_000), pytest.raises(Denied, match=f"{path} cannot be written"):
        append_jsonl(path, [{"n": 2}, {"n": "x" * 50_000}])
    assert path.read_bytes() == before
    append_jsonl(path, [{"n": 3}])
    assert path.read_bytes() == before + b'{"n": 3}\n'


@pytest.mark.parametrize(
    ("target", "why"),
    [("folder", "it is a folder"), ("file/report.html", "a file is in the way of its folder"),
     ("n" * 300 + ".html", "its name is too long"), ("/proc/report.html", "")],
)  # fmt: skip
def test_a_report_goes_nowhere_where_it_cannot_be_written(tmp_path: Path, target: str, why: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("kept")
    with pytest.raises(Denied, match=f"cannot be written: {why}") as refused:
        write_bytes(tmp_path / target, b"report")
    assert refused.value.fix.endswith(".")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["file", "folder"]
    assert list((tmp_path / "folder").iterdir()) == []
    assert (tmp_path / "file").read_text() == "kept"


def test_a_rename_that_has_no_room_keeps_the_old_names(workspace: Workspace, model: store.Artifact) -> None:
    with aliases.naming(workspace, "adapters"):
        aliases.write_alias(workspace, "adapters", "m", "good")
        with no_file_beyond(10), pytest.raises(Denied, match=aliases.FILE):
            aliases.write_alias(workspace, "adapters", "m", "better")
    assert aliases.aliases(workspace, "adapters") == {"m": "good"}


def test_a_lock_is_not_blamed_for_what_its_holder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="other"), sole_writer(tmp_path / ".lock"):
        (tmp_path / "other").unlink()
    with pytest.raises(Denied, match=r"gone/\.lock cannot be written"), sole_writer(tmp_path / "gone" / ".lock"):
        pass


def to_folder(model: store.Artifact, target: Path) -> Any:
    return adapters.export(model, target)


def to_zip(model: store.Artifact, target: Path) -> Any:
    return zipped(model.path, target, "m")


@pytest.mark.parametrize(("export", "name"), [(to_folder, "out"), (to_zip, "out.zip")])
def test_an_export_without_room_leaves_nothing(
    model: store.Artifact, tmp_path: Path, export: Callable[[store.Artifact, Path], Any], name: str
) -> None:
    home = tmp_path / "exports"
    home.mkdir()
    with no_file_beyond(50_000), pytest.raises(Denied, match=f"{home / name} cannot be written"):
        export(model, home / name)
    assert list(home.iterdir()) == []
    export(model, home / name)
    assert [one.name for one in home.iterdir()] == [name]


def test_an_export_fills_a_folder_that_is_there_and_needs_no_room_beside_it(
    model: store.Artifact, tmp_path: Path
) -> None:
    """A folder may be a disk of its own, or stand where nobody else may write: nothing is renamed over it."""
    out = tmp_path / "out"
    out.mkdir()
    before = out.stat().st_ino
    with no_file_beyond(50_000), pytest.raises(Denied, match=f"{out} cannot be written"):
        adapters.export(model, out)
    assert list(out.iterdir()) == []
    names = adapters.export(model, out)
    assert names == sorted(one.name for one in model.path.iterdir())
    assert out.stat().st_ino == before


def test_two_that_pack_the_same_at_once_both_give_a_whole_zip(model: store.Artifact, tmp_path: Path) -> None:
    """The second begins while the first is packing, and ends before it: neither touches the other's half."""
    from zipfile import ZipFile

    class Second:
        begun = False

        def step(self, *_: Any) -> None:
            if not Second.begun:
                Second.begun = True
                zipped(model.path, tmp_path / "m.zip", "m")

    zipped(model.path, tmp_path / "m.zip", "m", Second())  # type: ignore[arg-type]
    with ZipFile(tmp_path / "m.zip") as packed:
        assert packed.testzip() is None
        assert len(packed.namelist()) == 3


def refuse(code: int) -> Callable[..., dict[str, Any]]:
    def work(*_: Any) -> dict[str, Any]:
        raise OSError(code, os.strerror(code), "/data/rows.jsonl")

    return work


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EROFS, errno.ENOENT, errno.EDQUOT])
def test_both_doors_say_it_in_a_sentence(workspace: Workspace, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    import argparse

    top = argparse.ArgumentParser()
    verb(top.add_subparsers(), "do", refuse(code), "")
    assert main(top, ["do"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("Error: /data/rows.jsonl cannot be read or written: ")
    assert said.count("\n") == 1
    run = jobs.order(workspace, "build", "b", {}, {})
    assert child.run(workspace, run.id, refuse(code), needs_device=False) == 2
    problem = jobs.load(workspace, run.id).status["error"]
    assert problem["what"].startswith("/data/rows.jsonl")
    assert "defect" not in problem["fix"]


def test_the_traceback_of_what_nobody_foresaw_is_left_where_a_developer_looks(
    workspace: Workspace, capfd: pytest.CaptureFixture[str]
) -> None:
    run = jobs.order(workspace, "build", "b", {}, {})
    child.run(workspace, run.id, refuse(errno.ENOENT), needs_device=False)
    with frame.guarded():
        refuse(errno.ENOENT)()
    assert capfd.readouterr().err.count("in work\n") == 2, "the line that raised it, in the job's log and the server's"
    with frame.guarded():
        raise UserError("foreseen")
    assert "Traceback" not in capfd.readouterr().err
    script = (
        "import argparse, data.shell as s; top = argparse.ArgumentParser();"
        "s.verb(top.add_subparsers(), 'do', lambda o: open('/no/such'), ''); raise SystemExit(s.main(top, ['do']))"
    )
    for flags, shown in (([], False), (["-X", "dev"], True)):
        done = subprocess.run(
            [sys.executable, *flags, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert (done.returncode, "Traceback" in done.stderr) == (2, shown)
        assert done.stderr.splitlines()[-1].startswith("Error: /no/such cannot be read or written: it is not there.")


def test_a_closed_folder_for_downloads_is_not_taken_for_a_hub_out_of_reach() -> None:
    for code, said in ((errno.EACCES, "/models/x cannot be read or written: you have no right to"),
                       (errno.ENOSPC, "/models/x cannot be read or written: the disk is full"),
                       (errno.ECONNREFUSED, "the Hugging Face hub was not reached")):  # fmt: skip
        with pytest.raises(UserError, match=said), told_of_hub("org/name"):
            raise OSError(code, os.strerror(code), "/models/x")


def test_a_defect_stays_a_defect(workspace: Workspace) -> None:
    for error in (KeyError("x"), OSError(errno.EBADF, "Bad file descriptor"), RuntimeError("shapes differ")):
        assert told(error) is None
    said = UserError("what", "fix")
    assert told(said) is said
    assert "the disk is full" in str(told(RuntimeError("Error: No space left on device (os error 28)")))


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")
def test_a_closed_folder_is_named_with_its_rights(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(Denied, match="you have no right to"):
        write_bytes(tmp_path / "a.json", b"{}")
    tmp_path.chmod(0o700)


def test_half_characters_are_printed_as_codes() -> None:
    """A file's name may hold them; the terminal's encoding does not."""
    done = subprocess.run([sys.executable, "-m", "data", "check", "--train", b"no\xffthing.jsonl"], cwd=ROOT,
                          capture_output=True, check=False)  # fmt: skip
    assert (done.returncode, b"Traceback" in done.stderr) == (2, False)
    assert b"thing.jsonl is not a file" in done.stderr
