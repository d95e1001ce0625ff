"""Rules of the house that a machine can check: layers, lint, types, sizes, and the README's commands."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("data", "rag", "sft", "eval", "ui")


def tool(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def script(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def test_rooms_never_import_upward_and_only_the_page_knows_streamlit() -> None:
    done = tool(script("lint-imports"), "--no-cache")
    assert done.returncode == 0, done.stdout


def test_lint_and_format() -> None:
    for arguments in (("check", "."), ("format", "--check", ".")):
        done = tool(script("ruff"), *arguments)
        assert done.returncode == 0, done.stdout


def test_types() -> None:
    done = tool(script("mypy"))
    assert done.returncode == 0, done.stdout


def sources() -> list[Path]:
    return [path for room in ROOMS for path in (ROOT / room).rglob("*.py")] + [ROOT / "app.py"]


def test_no_function_is_longer_than_sixty_lines_and_no_page_than_eighty() -> None:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, kinds):
                assert (node.end_lineno or 0) - node.lineno < 60, f"{path}:{node.lineno} {node.name}"
    for path in (ROOT / "ui" / "pages").glob("*.py"):
        assert len(path.read_text().splitlines()) <= 80, path


@pytest.mark.parametrize(
    "pattern",
    [r"trust_remote_code=True", r"unsafe_allow_html", r"allow_pickle=True", r"shell=True", r"weights_only=False"],
)
def test_no_source_opens_a_door_that_stays_shut(pattern: str) -> None:
    assert [path for path in sources() if re.search(pattern, path.read_text())] == []


def readme_verbs() -> list[tuple[str, ...]]:
    """Every verb the README's table names, as the words after ``python -m``."""
    rows = re.findall(r"^\| `python -m (\w+)` \|(.*)\|$", (ROOT / "README.md").read_text(), re.MULTILINE)
    return [(room, *verb.split()) for room, verbs in rows for verb in re.findall(r"`([^`]+)`", verbs)]


def test_every_verb_the_readme_names_has_help() -> None:
    verbs = readme_verbs()
    assert len(verbs) >= 18
    for room in ("data", "rag", "sft", "eval"):
        named = [verb[1:] for verb in verbs if verb[0] == room]
        code = f"import importlib; importlib.import_module('{room}.__main__').parser().parse_args(ARGS)"
        for verb in named:
            done = tool(sys.executable, "-c", code.replace("ARGS", repr([*verb, "--help"])))
            assert done.returncode == 0, done.stderr
            assert "usage: python -m" in done.stdout


def test_pins_cover_what_the_project_asks_for() -> None:
    pinned = {
        line.partition("==")[0].lower().replace("_", "-") for line in (ROOT / "constraints.txt").read_text().split()
    }
    asked = re.findall(r'^    "([A-Za-z0-9_-]+)[<>=]', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert asked
    assert {name.lower().replace("_", "-") for name in asked} <= pinned
    assert re.search(r"^torch==2\.13\.0$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    installs = re.findall(r"\$\(PIP\) (.* -e .*)", (ROOT / "Makefile").read_text())
    assert len(installs) == 2
    assert all(one.startswith("-c constraints.txt ") for one in installs), "both install the pinned versions"
