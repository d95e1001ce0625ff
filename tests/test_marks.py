"""Marks of right passages: kept per name, found again after an edit or another cutting, never lost to another tab."""

from __future__ import annotations

import fcntl
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest

from data import deletion, store
from data.errors import UserError
from data.examples import read_examples
from data.schema import Passage
from data.shell import main
from data.workspace import Workspace
from rag import knowledge, marks
from rag.__main__ import parser
from rag.knowledge import open_knowledge
from rag.marks import Mark, add_mark, carries, gold_passages, located, occurrences, read_marks, remove_mark
from rag.settings import BuildConfig
from tests.hashing import fake

QUOTE = "Goods may be returned within thirty days."
TEXT = (
    f"The shop opens at nine. {QUOTE} Keep the receipt, for nobody is paid without one. The cellar holds spare lamps."
)


@pytest.fixture
def file(workspace: Workspace, tmp_path: Path) -> Path:
    """The one file of knowledge base K, whose text has several passages."""
    path = tmp_path / "returns.txt"
    path.write_text(TEXT)
    build(workspace, path, 16)
    return path


def build(workspace: Workspace, path: Path, size: int) -> None:
    knowledge.build(workspace, "K", [path], BuildConfig(chunk_tokens=size, embedder="hash"), fake())


def mark(workspace: Workspace, quote: str = QUOTE, question: str = "How long may goods be returned?") -> Mark:
    start = TEXT.index(quote)
    return add_mark(workspace, "K", question, "returns.txt", start, start + len(quote), quote)


# --- kept -------------------------------------------------------------------------------------------------------------


def test_a_mark_is_kept_once_and_can_be_taken_back(workspace: Workspace, file: Path) -> None:
    assert read_marks(workspace, "K") == []
    first = mark(workspace)
    assert (TEXT[first.start : first.end], first.document) == (QUOTE, "returns.txt")
    assert mark(workspace, question="how long may  goods be returned?") == first
    other = mark(workspace, "Keep the receipt")
    third = mark(workspace, question="Which goods?")
    assert read_marks(workspace, "K") == [first, other, third]
    assert json.loads((workspace.folder("knowledge") / "K" / "marks.json").read_text())["format"] == 1
    assert remove_mark(workspace, "K", other.id) == other
    assert read_marks(workspace, "K") == [first, third]
    with pytest.raises(UserError, match="has no mark"):
        remove_mark(workspace, "K", other.id)


def test_other_words_at_a_marked_span_are_another_mark(workspace: Workspace, file: Path) -> None:
    first = mark(workspace)
    second = add_mark(workspace, "K", first.question, first.document, first.start, first.end, QUOTE.upper())
    assert read_marks(workspace, "K") == [first, second]


def test_what_cannot_be_a_mark_is_refused(workspace: Workspace, file: Path) -> None:
    with pytest.raises(UserError, match="needs a question"):
        mark(workspace, question="  ")
    with pytest.raises(UserError, match="quote is empty"):
        add_mark(workspace, "K", "What?", "returns.txt", 3, 4, " ")
    with pytest.raises(ValueError, match="does not fill"):
        add_mark(workspace, "K", "What?", "returns.txt", 3, 9, "shop")
    with pytest.raises(UserError, match="no knowledge base named 'other'"):
        add_mark(workspace, "other", "What?", "returns.txt", 4, 8, "shop")
    assert read_marks(workspace, "K") == []


def test_marks_made_at_the_same_moment_are_all_kept(workspace: Workspace, file: Path) -> None:
    with ThreadPoolExecutor(8) as tabs:
        made = list(tabs.map(lambda number: mark(workspace, question=f"Question {number}?"), range(40)))
        list(tabs.map(lambda one: remove_mark(workspace, "K", one.id), made[::2]))
    assert sorted(one.id for one in read_marks(workspace, "K")) == sorted(one.id for one in made[1::2])


def test_marks_live_as_long_as_the_name(workspace: Workspace, file: Path) -> None:
    kept = [mark(workspace)]
    file.write_text(TEXT + " More.")
    build(workspace, file, 16)
    assert store.versions(workspace, "knowledge", "K") == [1, 2]
    assert knowledge.delete(workspace, "K@1").marks == 0
    assert read_marks(workspace, "K") == kept
    assert store.names(workspace, "knowledge") == ["K"]
    assert knowledge.delete(workspace, "K", every=True).marks == 1
    with pytest.raises(UserError, match="no knowledge base named 'K'"):
        read_marks(workspace, "K")
    build(workspace, file, 16)
    assert read_marks(workspace, "K") == []


def test_deleting_a_name_says_how_many_marks_go(
    workspace: Workspace, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mark(workspace)
    mark(workspace, question="Which goods?")
    code, said = shell(capsys, "delete", "--name", "K", "--all")
    assert (code, said) == (0, "Deleted: K@1, and with them 2 marks.\n")
    build(workspace, file, 16)
    assert shell(capsys, "delete", "--name", "K", "--all") == (0, "Deleted: K@2.\n")


def test_a_mark_and_a_deletion_at_the_same_moment_leave_no_mark_behind(workspace: Workspace, file: Path) -> None:
    """The deletion waits for the mark that is being written, and the next mark finds that the name is gone."""
    path = marks.marks_file(workspace, "K")
    outcome: list[object] = []

    def attempt(work: Callable[[], object]) -> None:
        try:
            outcome.append(work())
        except UserError as error:
            outcome.append(error.what)

    deleting = Thread(target=attempt, args=[lambda: knowledge.delete(workspace, "K", every=True)])
    marking = Thread(target=attempt, args=[lambda: mark(workspace)])
    with open(path.with_name(marks.LOCK), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # somebody is writing
        mark_now = Mark("m", "?", "returns.txt", 4, 8, "shop")
        deleting.start()
        while store.names(workspace, "knowledge"):
            time.sleep(0.01)
        marks._write(path, [mark_now])
    deleting.join()
    assert outcome == [knowledge.Deleted(("K@1",), 1)], "the mark made meanwhile is counted"
    assert not path.exists()
    build(workspace, file, 16)
    with open(path.with_name(marks.LOCK), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        marking.start()  # it knows the name, and waits
        time.sleep(0.2)
        deletion.delete_all(workspace, "knowledge", "K")
    marking.join()
    assert outcome[1] == "There is no knowledge base named 'K'."
    assert not path.exists()


# --- found again ------------------------------------------------------------------------------------------------------


def test_a_mark_moves_with_its_words_and_is_lost_with_them(workspace: Workspace, file: Path) -> None:
    one = mark(workspace)
    assert located(one, open_knowledge(workspace, "K").texts) == (one.start, one.end)
    file.write_text("Much stands before it now. " + TEXT)
    build(workspace, file, 16)
    start, end = located(one, open_knowledge(workspace, "K").texts) or (0, 0)
    assert open_knowledge(workspace, "K").texts["returns.txt"][start:end] == QUOTE
    assert start == one.start + 27
    file.write_text(TEXT.replace("thirty", "ten"))
    build(workspace, file, 16)
    assert located(one, open_knowledge(workspace, "K").texts) is None
    assert located(replace(one, document="gone.txt"), {"returns.txt": TEXT}) is None


def test_of_several_places_the_nearest_is_meant_and_white_space_does_not_count() -> None:
    one = Mark("m", "?", "d", 40, 47, "the key")
    assert located(one, {"d": "the key " + "." * 30 + "the  key" + "." * 60 + "the key"}) == (38, 46)
    assert located(one, {"d": "the key, " + "." * 31 + "the key"}) == (40, 47)
    assert occurrences("a+b and aab, a+b", "a+b") == [(0, 3), (13, 16)]
    assert occurrences("anything", "  ") == []


# --- right passages ---------------------------------------------------------------------------------------------------


def cut(*sizes: int, document: str = "d", text: str = "0123456789" * 4) -> list[Passage]:
    """Passages of these sizes, one behind the other."""
    starts = [sum(sizes[:number]) for number in range(len(sizes))]
    return [
        Passage(f"p{number}", document, text[at : at + size], at, at + size)
        for number, (at, size) in enumerate(zip(starts, sizes, strict=True))
    ]


def gold(passages: list[Passage], start: int, end: int, answers: tuple[str, ...] = ()) -> list[str]:
    return [one.id for one in gold_passages(passages, "d", start, end, answers)]


def test_a_passage_that_covers_half_of_the_span_is_right() -> None:
    tens = cut(10, 10, 10, 10)
    assert gold(tens, 10, 20) == ["p1"]
    assert gold(tens, 15, 25) == ["p1", "p2"]
    assert gold(tens, 16, 26) == ["p2"], "four of ten characters are less than half"
    assert gold(tens, 12, 14) == ["p1"], "a narrow quote lies in one passage"
    assert gold(cut(10, 10, document="other"), 0, 5) == []
    overlapping = [*cut(20), replace(tens[1], id="again")]
    assert gold(overlapping, 11, 19) == ["p0", "again"]


def test_a_passage_with_an_answer_inside_the_span_is_right_however_little_it_covers() -> None:
    text = "The key is red. Nobody knew where it lay; so everybody looked about and about. It is red."
    passages = cut(15, 63, len(text) - 78, text=text)
    assert gold(passages, 0, 78) == ["p1"]
    assert gold(passages, 0, 78, ("red",)) == ["p0", "p1"]
    assert gold(passages, 0, 78, ("black",)) == ["p1"]
    assert gold(passages, 0, 7, ("red",)) == ["p0"], "covers the span, though the answer lies behind it"
    assert carries("on the  big\nkey", 1000, ("big key",))
    assert not carries("", 0, ("",))


def test_a_span_longer_than_passages_are_has_those_inside_it() -> None:
    assert gold(cut(*[8] * 5), 6, 34) == ["p1", "p2", "p3"]
    assert gold(cut(*[8] * 5), 2, 34) == ["p0", "p1", "p2", "p3"]


def test_a_span_across_a_border_has_the_passages_that_share_most_with_it() -> None:
    text = "a" * 36 + "\n\n\n\n" + "b" * 40
    two = [Passage("p0", "d", text[:36], 0, 36), Passage("p1", "d", text[40:], 40, 80)]
    assert gold(two, 34, 42) == ["p0", "p1"], "two of eight characters each, for four are white space"
    assert gold(two, 33, 42) == ["p0"]
    assert gold(two, 36, 40) == [], "only white space"


def test_a_mark_of_a_whole_passage_is_right_in_every_smaller_cutting(workspace: Workspace, file: Path) -> None:
    build(workspace, file, 120)
    (whole,) = open_knowledge(workspace, "K").passages
    one = mark(workspace, whole.text)
    for size in range(16, 60, 4):
        build(workspace, file, size)
        right = gold_passages(open_knowledge(workspace, "K").passages, one.document, one.start, one.end)
        assert right, size
        assert all(one.start <= passage.start < passage.end <= one.end for passage in right)


def test_a_mark_is_right_after_another_cutting(workspace: Workspace, file: Path) -> None:
    one = mark(workspace)
    counts = []
    for size in (16, 120):
        build(workspace, file, size)
        base = open_knowledge(workspace, "K")
        span = located(one, base.texts)
        assert span == (one.start, one.end)
        right = gold_passages(base.passages, one.document, *span)
        assert right
        assert all(passage.start < one.end and passage.end > one.start for passage in right)
        counts.append(len(base.passages))
    assert counts[0] > counts[1] == len(right) == 1


# --- from the shell ---------------------------------------------------------------------------------------------------


def shell(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """The exit code of ``python -m rag`` and everything it printed."""
    code = main(parser(), list(words))
    printed = capsys.readouterr()
    return code, printed.out + printed.err


def test_marks_are_made_listed_saved_and_taken_back_from_the_shell(
    workspace: Workspace, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("mark", "--name", "K", "How long?", "--document", "returns.txt")
    assert shell(capsys, *asked, "--quote", "within  thirty\ndays")[0] == 0
    (made,) = read_marks(workspace, "K")
    assert (made.quote, TEXT[made.start : made.end]) == ("within thirty days", "within thirty days")
    saved = tmp_path / "marks.jsonl"
    code, said = shell(capsys, "marks", "--name", "K", "--save", str(saved))
    assert code == 0
    assert f"{made.id}  How long?" in said
    assert "(found: yes)" in said
    (example,) = read_examples(saved).examples
    assert (example.question, example.document, example.evidence) == ("How long?", "returns.txt", made.quote)
    assert shell(capsys, "unmark", "--name", "K", made.id)[0] == 0
    assert read_marks(workspace, "K") == []


@pytest.mark.parametrize(
    ("document", "quote", "why"),
    [
        ("returns.txt", "within ten days", "do not stand in returns.txt"),
        ("returns.txt", "The", "stand 2 times in returns.txt"),
        ("other.txt", "shop", "K@1 has no document 'other.txt'. It has: returns.txt."),
    ],
)
def test_a_quote_that_is_not_one_place_is_refused(
    workspace: Workspace, file: Path, capsys: pytest.CaptureFixture[str], document: str, quote: str, why: str
) -> None:
    code, said = shell(capsys, "mark", "--name", "K", "How?", "--document", document, "--quote", quote)
    assert code == 2
    assert why in said
    assert read_marks(workspace, "K") == []
