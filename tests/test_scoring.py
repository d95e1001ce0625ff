"""From stored answers to scores: what is counted, what is left out, and what survives the disk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from data.errors import UserError
from data.schema import Answer, Example, Hit, Message, Passage
from data.workspace import Workspace
from eval import records
from eval.found import end_that_begins, holds_gold
from eval.scoring import summarise
from eval.systems import Parts, System, corner, parse, possible, settle

EXAMPLES = [
    Example("1", "Who?", ("Ada",), evidence="Ada keeps the key in Rome.", tags=("people",)),
    Example("2", "Where?", ("Rome",), evidence="Ada keeps the key in Rome.", tags=("places",)),
    Example("3", "Why?", ("rain",)),
]
PASSAGE = Passage("p1", "d.md", "Ada keeps the key in Rome.", 0, 26)


def test_unavailable_answers_are_left_out_and_counted_others_are_not() -> None:
    given = {
        "1": Answer("1", "Ada", 0.5),
        "2": Answer("2", "", 0.5, finish_reason="over_budget"),
        "3": Answer("3", "", 0.0, available=False),
    }
    row = summarise(EXAMPLES, {"gold": given})["systems"]["gold"]
    assert (row["n"], row["not_available"], row["over_budget"], row["empty"]) == (2, 1, 1, 1)
    assert row["exact_match"]["mean"] == 0.5
    assert row["exact_match"]["groups"] == 1
    assert row["seconds"] == 1.0
    assert row["tags"]["people"]["exact_match"]["mean"] == 1


def test_pairs_compare_the_questions_both_can_answer() -> None:
    right = {e.id: Answer(e.id, e.answers[0], 0.1) for e in EXAMPLES}
    wrong = {e.id: Answer(e.id, "no", 0.1, available=e.evidence is not None) for e in EXAMPLES}
    (pair, _) = summarise(EXAMPLES, {"a": right, "b": wrong})["pairs"]
    assert (pair["first"], pair["second"], pair["n"], pair["mean"]) == ("a", "b", 2, 1.0)


def test_leaked_rows_are_also_scored_without() -> None:
    answers = {"1": Answer("1", "Ada", 0.1), "2": Answer("2", "Paris", 0.1), "3": Answer("3", "rain", 0.1)}
    row = summarise(EXAMPLES, {"sft": answers}, leaked=["1"])["systems"]["sft"]
    assert row["exact_match"]["mean"] == pytest.approx(2 / 3, abs=1e-6)
    assert row["clean"]["exact_match"]["mean"] == 0.5


def test_gold_is_found_in_a_passage_that_holds_the_answer_or_half_the_evidence() -> None:
    long = Example(
        "l", "q", ("the mill",), evidence="The key lies near the mill. " + "Nobody knows why it is there. " * 4
    )
    assert holds_gold(EXAMPLES[0], "# Keys\nAda keeps  the key in Rome. It rains.")
    assert holds_gold(long, "Before. The key lies near the mill.")
    assert not holds_gold(long, "The mill is closed.")
    assert not holds_gold(long, "it is there. Nobody knows why it is there. ")


def test_text_that_two_passages_share_is_found_at_any_length() -> None:
    random = Random(7)
    for _ in range(2_000):
        left, right = ("".join(random.choices("ab", k=random.randrange(40))) for _ in range(2))
        right = left[random.randrange(40) :] + right
        ends = (left[-length:] for length in range(min(len(left), len(right)), 0, -1))
        assert end_that_begins(left, right) == next((end for end in ends if right.startswith(end)), "")


def test_answers_come_back_from_disk_as_they_were(tmp_path: Path) -> None:
    hit = Hit(1, 0.5, PASSAGE)
    answer = Answer("1", "Ada \u2028 ✓", 0.1, 5, 2, hits=(hit,), conversation=(Message("user", "Who?"),))
    log = records.AnswerLog(tmp_path)
    log.save("rag", [answer])
    log.save("sft+rag", [replace(answer, text="Bo")])
    records.AnswerLog(tmp_path).save("rag", [replace(answer, example="2")])
    found = records.load_answers(tmp_path)
    assert found["rag"]["1"] == answer
    assert found["sft+rag"]["1"].text == "Bo"
    assert found["rag"]["2"].hits == (hit,)
    assert len((tmp_path / "passages.jsonl").read_text().splitlines()) == 1


def test_the_corners_follow_from_what_was_named() -> None:
    everything = Parts(tuned="a", knowledge="k")
    assert possible(Parts(), gold=False) == ["base"]
    assert possible(everything, gold=True) == ["base", "sft", "rag", "sft+rag", "gold", "floor"]
    assert corner("rag", everything) == System("rag", "pocket", None, "retrieved", "k")
    assert corner("sft+rag", everything).tuned == "a"
    assert corner("gold", everything).tuned is None
    with pytest.raises(UserError, match=r"'sft' needs tuned weights"):
        corner("sft", Parts())
    with pytest.raises(UserError, match="no system 'both'"):
        corner("both", everything)


def test_a_described_system_takes_the_rest_from_the_flags() -> None:
    system = parse("name=wide, knowledge=k@3, k=8", Parts(tuned="a", knowledge="k"))
    assert system == System("wide", "pocket", None, "retrieved", "k@3", 8)
    for text, sentence in (
        ("k=3", "has no name"),
        ("name=x,k=0", "whole number"),
        ("name=x,colour=red", "not understood"),
    ):
        with pytest.raises(UserError, match=sentence):
            parse(text, Parts())


def test_names_are_made_exact_and_must_differ(workspace: Workspace) -> None:
    with pytest.raises(UserError, match="Two systems are named 'base'"):
        settle(workspace, [System("base", "pocket"), System("base", "pocket")])
    with pytest.raises(UserError, match="no tuned model named 'nope'"):
        settle(workspace, [System("sft", "pocket", "nope")])
