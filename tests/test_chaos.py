"""A short campaign of kills, and proof that it would notice (``make chaos`` is the long one)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.chaos import planted

HOME = Path(__file__).resolve().parents[1]


def test_a_few_kills_lose_nothing() -> None:
    command = [sys.executable, "-m", "tests.chaos", "--kills", "8", "--seed", "7", "--no-planted"]
    done = subprocess.run(command, cwd=HOME, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip().endswith("nothing lost, nothing torn.")


@pytest.mark.parametrize("bug", planted.BUGS, ids=lambda bug: bug.name)
def test_every_planted_bug_still_fits_the_sources(bug: planted.Bug, tmp_path: Path) -> None:
    planted.plant(bug, tmp_path)
    assert (tmp_path / bug.file).read_text() != (HOME / bug.file).read_text()
    compile((tmp_path / bug.file).read_text(), bug.file, "exec")


def test_a_planted_bug_is_noticed(tmp_path: Path) -> None:
    bug = next(bug for bug in planted.BUGS if bug.name == "no rename of a version's folder")
    planted.plant(bug, tmp_path)
    found, said = planted.caught(bug, tmp_path, kills=200, seed=7)
    assert found, said
