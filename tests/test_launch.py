"""Opening the dashboard: the port it takes, and what it says when it cannot."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from ui.__main__ import free_port


def test_a_busy_port_gives_the_next_free_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        taken = busy.getsockname()[1]
        assert free_port(taken) > taken
    assert free_port(taken) == taken


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [("CROSSOVER_PORT", "abc", "CROSSOVER_PORT is not a number"), ("CROSSOVER_HOME", "FILE/home", "The workspace")],
)
def test_what_stands_in_the_way_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("CROSSOVER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv(name, value.replace("FILE", str(tmp_path / "file")))
    done = subprocess.run([sys.executable, "-m", "ui"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
