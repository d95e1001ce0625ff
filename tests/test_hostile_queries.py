"""Questions nobody should ask, and languages without spaces: each gets a sane answer by every method."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.errors import UserError
from data.workspace import Workspace
from rag import knowledge
from rag.found import Found
from rag.knowledge import open_knowledge
from rag.retrieve import LONGEST, KnowledgeRetriever, check_question
from tests.hashing import fake
from tests.test_rag import SETTINGS

TEXTS = {
    "wall.md": "长城位于中国北部,全长两万多公里。",
    "panda.md": "大熊猫以竹子为食,生活在四川。",
    "fuji.md": "富士山は日本で一番高い山です。",
    "cat.md": "แมวดำนอนหลับอยู่บนเตียง",
    "mat.md": "The grey cat sleeps on the mat, and it is warm.",
}
METHODS = pytest.mark.parametrize("method", ["dense", "bm25", "fused"])


@pytest.fixture
def base(workspace: Workspace, tmp_path: Path) -> Workspace:
    (tmp_path / "docs").mkdir()
    for name, text in TEXTS.items():
        (tmp_path / "docs" / name).write_text(text)
    knowledge.build(workspace, "K", [tmp_path / "docs"], SETTINGS, fake())
    return workspace


def find(workspace: Workspace, question: str, method: str) -> Found:
    return KnowledgeRetriever(open_knowledge(workspace, "K"), fake(), method).find([question], 3)[0]


@METHODS
@pytest.mark.parametrize(
    ("question", "right"),
    [("大熊猫吃什么?", "panda.md"), ("中国的长城多长?", "wall.md"), ("日本で一番高い山は何ですか", "fuji.md"),
     ("แมวดำอยู่ที่ไหน", "cat.md"), ("grey\0 cat \ud800 mat\udcff", "mat.md"), ("the grey cat 👩\u200d🚀🔥", "mat.md")],
)  # fmt: skip
def test_the_right_document_is_found_first(base: Workspace, question: str, right: str, method: str) -> None:
    assert find(base, question, method).hits[0].passage.document == right


@METHODS
def test_a_question_without_anything_to_find_finds_nothing_or_something_far(base: Workspace, method: str) -> None:
    for question in ("", " \n\t"):
        assert (find(base, question, method).hits, find(base, question, method).relevant) == ([], False)
    for question in ("🔥", "\ud800", "\0"):
        found = find(base, question, method)
        assert all(hit.origin.bm25_rank is None for hit in found.hits)
        assert method != "bm25" or (found.hits, found.relevant) == ([], False)


@METHODS
def test_words_that_stand_in_every_text_are_a_question_like_any_other(base: Workspace, method: str) -> None:
    assert find(base, "and it is the on", method).hits[0].passage.document == "mat.md"


def test_a_typed_question_is_neither_empty_nor_endless() -> None:
    check_question("x" * LONGEST)
    with pytest.raises(UserError, match=r"The question is empty\."):
        check_question(" \u2003\n")
    with pytest.raises(UserError, match=r"1,000,000 characters; the limit of a search is 20,000"):
        check_question("x" * 1_000_000)
