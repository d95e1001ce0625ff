"""What many tests share: an empty workspace of their own, and small examples."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.workspace import Workspace, open_workspace


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A fresh workspace, also for the child processes a test starts."""
    monkeypatch.setenv("CROSSOVER_HOME", str(tmp_path / "home"))
    return open_workspace(tmp_path / "home")
