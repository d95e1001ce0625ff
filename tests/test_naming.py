"""How the verbs of ``python -m rag`` name a knowledge base: each in one way, and never in one that means another."""

from __future__ import annotations

import pytest

from data.shell import main
from rag.__main__ import parser


@pytest.mark.parametrize("verb", ["build", "add", "remove", "versions", "rollback", "unmark"])
def test_a_version_is_refused_where_the_whole_knowledge_base_is_meant(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(parser(), [verb, "--name", "K@1"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line == "Error: 'K@1' names a version; this is about all of 'K'. Leave the @ out."


@pytest.mark.parametrize("verb", ["text", "edit", "search", "delete", "mark", "marks"])
def test_a_version_may_be_named_where_one_is_meant(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args([verb, "--help"])
    assert "NAME[@VERSION]" in capsys.readouterr().out
