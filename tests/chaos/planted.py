"""Bugs planted in a copy of the sources, one at a time: a harness that finds none of them would prove nothing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HOME = Path(__file__).resolve().parents[2]
COPIED = ("data", "rag", "tests/chaos")
FOUND = 3  # exit code of ``python -m tests.chaos`` when something is broken


@dataclass(frozen=True)
class Bug:
    """A piece of one file put in the place of another, and what the harness may say when it finds it."""

    name: str
    file: str
    right: str
    wrong: str
    findings: tuple[str, ...]


BUGS = (
    Bug(
        "acknowledge before commit",
        "data/store.py",
        "def publish(workspace: Workspace,",
        """def publish(workspace: Workspace, kind: str, name: str, built: Path, manifest: dict[str, Any]) -> Artifact:
    import threading

    aside = built.with_name(f"{built.name}-later")
    os.rename(built, aside)
    home = workspace.folder(kind) / name
    number = 1 + max([int(path.name) for path in home.glob("[0-9]*")], default=0)
    threading.Timer(0.05, _commit, (workspace, kind, name, aside, manifest)).start()
    return Artifact(kind, name, number, home / str(number))


def _commit(workspace: Workspace,""",
        ("acknowledged change was lost",),
    ),
    Bug(
        "pointer before data",
        "data/store.py",
        "        version += 1\n",
        '        version += 1\n        write_json(home / "current.json", {"version": version})\n',
        ("pointer names version",),
    ),
    Bug(
        "no rename of a version's folder",
        "data/store.py",
        "os.rename(built, home / str(version))",
        "shutil.copytree(built, home / str(version))",
        ("torn",),
    ),
    Bug(
        "no rename of a file",
        "data/disk.py",
        "        os.replace(temporary, path)\n",
        """        with open(path, "wb") as target:
            target.write(content)
        temporary.unlink()
""",
        ("cannot be read", "pointer is torn"),
    ),
    Bug(
        "emptied before it is marked as deleted",
        "data/deletion.py",
        "        moment = datetime.now",
        "        _empty(artifact.path)\n        moment = datetime.now",
        ("torn",),
    ),
)


def plant(bug: Bug, copy: Path) -> None:
    """Copy the sources to ``copy`` with the bug in them. The text it replaces must occur exactly once."""
    for folder in COPIED:
        shutil.copytree(HOME / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__", "demo"))
    shutil.copy(HOME / "tests" / "hashing.py", copy / "tests")
    path = copy / bug.file
    text = path.read_text()
    if text.count(bug.right) != 1:
        raise ValueError(
            f"{bug.name!r} no longer fits {bug.file}: the text it replaces occurs {text.count(bug.right)} times"
        )
    path.write_text(text.replace(bug.right, bug.wrong))


def caught(bug: Bug, copy: Path, kills: int, seed: int) -> tuple[bool, str]:
    """Whether the harness, run against the copy, finds the bug within so many kills; and what it said last."""
    command = [sys.executable, "-m", "tests.chaos", "--kills", str(kills), "--seed", str(seed), "--no-planted"]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
    said = (done.stdout + done.stderr).strip().splitlines()[-1]
    return done.returncode == FOUND and any(finding in said for finding in bug.findings), said
