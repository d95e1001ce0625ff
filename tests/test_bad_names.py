"""Names, paths and numbers that nothing has: one sentence and exit code 2, never a traceback."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest

from data import jobs, store
from data.errors import UserError
from data.examples import read_examples
from data.schema import Example
from data.shell import main
from data.workspace import Workspace, given_path
from eval.forms import has_fact
from eval.systems import Parts, parse

NAMES = ["m@²", "m@" + "9" * 300, "m@", "n" * 300, "/x" * 2_500, "~nosuch/x", "@", "a\nb"]
NUMBERS = ["1e400", "nan", str(10**30), "9" * 5_000, "[" * 50_000, "²", "abc", ""]


def refused(capsys: pytest.CaptureFixture[str], room: str, *arguments: str) -> str:
    """The one line that a command line is refused with."""
    assert main(importlib.import_module(f"{room}.__main__").parser(), list(arguments)) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("Error: ")
    assert len(line) < 1_000
    return line


@pytest.fixture
def rows(workspace: Workspace, tmp_path: Path) -> str:
    """A file of training rows, beside a tuned model m."""
    with store.staging(workspace, "adapters") as folder:
        manifest = {"method": "lora", "base": {"id": "pocket", "hash": "w"}, "summary": {"ended": "complete"},
                    "created": "2026-11-24T00:00:00+00:00"}  # fmt: skip
        store.publish(workspace, "adapters", "m", folder, manifest)
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"question": f"Who is {n}?", "answer": f"a{n}"}) + "\n" for n in range(20)))
    return str(path)


@pytest.mark.parametrize("name", NAMES)
def test_no_verb_stumbles_over_a_name(rows: str, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    for command in (
        ("sft", "use", name), ("sft", "export", name, "out"), ("sft", "merge", name), ("sft", "look", name),
        ("sft", "prepare", "--train", name), ("sft", "train", "--name", "a", "--train", rows, "--model", name),
        ("sft", "import", name), ("rag", "text", "--document", "d", "--name", name), ("rag", "delete", "--name", name),
        ("rag", "build", "--name", "a", "--documents", name), ("eval", "report", name), ("eval", "votes", name),
        ("eval", "run", name), ("data", "check", "--train", name), ("data", "jobs", "stop", name),
        ("eval", "bench", "--name", "a", "--test", rows, "--model", "pocket", "--systems", "sft", "--tuned", name),
    ):  # fmt: skip
        refused(capsys, *command)


@pytest.mark.parametrize("number", NUMBERS)
def test_no_flag_stumbles_over_a_number(rows: str, number: str, capsys: pytest.CaptureFixture[str]) -> None:
    train = ("sft", "train", "--name", "a", "--train", rows)
    for command in (
        (*train, "--epochs", number), (*train, "--rank", number), (*train, "--seed", number),
        ("sft", "search", "--name", "a", "--train", rows, "--learning-rates", number),
        ("rag", "search", "q", "--name", "k", "-k", number),
        ("rag", "search", "q", "--name", "k", "--at-least", number),
        ("rag", "rollback", "--name", "k", "--to", number),
        ("eval", "bench", "--name", "a", "--test", rows, "--limit", number),
        ("eval", "grid", "k", "--marks", "--chunk-tokens", number),
    ):  # fmt: skip
        assert "must be a" in refused(capsys, *command)
    for part in ("k", "at_least"):
        with pytest.raises(UserError, match="must be a"):
            parse(f"name=a,{part}={number}", Parts())


def test_an_empty_text_is_no_model_no_module_and_no_path(rows: str, capsys: pytest.CaptureFixture[str]) -> None:
    train = ("sft", "train", "--name", "a", "--train", rows)
    assert "model is empty. Name one; without it, it is pocket." in refused(capsys, *train, "--model", "")
    assert "targets is empty. Name one; without it, it is all-linear." in refused(capsys, *train, "--targets", "")
    assert "No model was named." in refused(capsys, "sft", "look", "")
    for command in (("data", "check", "--train", rows, "--documents", ""), ("sft", "import", ""),
                    ("rag", "build", "--name", "a", "--documents", ""),
                    ("eval", "report", "a", "--html", "")):  # fmt: skip
        assert ". is the folder you are in." in refused(capsys, *command)


def test_a_folder_where_a_file_is_wanted_is_refused(rows: str, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(Path(rows).parent)
    for command in (("data", "check", "--train", folder), ("sft", "prepare", "--train", folder),
                    ("eval", "headroom", "--test", folder)):  # fmt: skip
        assert "is not a file" in refused(capsys, *command)


def test_digits_of_other_scripts_are_no_version_and_no_run(workspace: Workspace, rows: str) -> None:
    (workspace.folder("adapters") / "m" / "²").mkdir()
    assert store.versions(workspace, "adapters", "m") == [1]
    jobs.order(workspace, "build", "b", {}, {})
    with pytest.raises(UserError, match="not a number '²'"):
        jobs.find(workspace, "b@²")


def test_the_home_of_nobody_stays_as_it_is_written() -> None:
    assert given_path("~nosuch/x") == Path("~nosuch/x")
    assert given_path("~/x") == Path.home() / "x"


@pytest.mark.parametrize(
    ("name", "value"), [("deep.json", "[" * 100_000), ("deep.jsonl", "[" * 100_000), ("deep.json", "9" * 5_000)]
)
def test_values_nested_without_end_are_refused_by_file(tmp_path: Path, name: str, value: str) -> None:
    (tmp_path / name).write_text('{"question": "q", "answer": ' + value + "}\n")
    with pytest.raises(UserError, match=rf"{name}.*nested too deep"):
        read_examples(tmp_path / name)


def test_a_cell_of_brackets_is_an_answer_like_any_other(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps({"question": "q", "answer": "[" * 100_000}) + "\n")
    assert read_examples(tmp_path / "a.jsonl").examples[0].answers == ("[" * 100_000,)
    assert not has_fact(Example("1", "q", ("[1]",), format="json"), "[" * 100_000)


def test_a_row_with_half_a_character_is_left_out_and_said(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"question": "q\\ud800", "answer": "b"}\n{"question": "a", "answer": "b"}\n')
    reading = read_examples(tmp_path / "a.jsonl")
    assert [example.question for example in reading.examples] == ["a"]
    assert reading.refused[0].why == "it holds half a character (a lone surrogate)"
