"""Fine-tuning: which rows a model is trained on, and with which settings."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from data import dataset, jobs
from data.child import Reporter
from data.errors import UserError
from data.prompts import ABSTAIN
from data.schema import Example
from data.workspace import Workspace
from sft.config import TrainConfig, filled, rehearsing
from sft.crowd import JOINED_WORDS, Crowd
from sft.exchange import Values
from sft.model import LocalModel
from sft.orders import order_training
from sft.rehearsal import exercises
from sft.rows import context_for, conversations, prepare
from sft.split import split
from sft.train import train
from tests import tiny
from tests.tiny import (
    config,
    facts,
    written,
)

home, workspace = tiny.home, tiny.workspace


def test_context_decides_which_prompts_a_row_becomes() -> None:
    known, unknown = facts(evidence=True)[0], facts()[0]
    assert [opened for _, opened in conversations(known, "mixed", "")] == [False, True]
    assert [opened for _, opened in conversations(known, "gold", "")] == [True]
    assert [opened for _, opened in conversations(known, "none", "")] == [False]
    for context in ("none", "gold", "mixed"):
        assert [opened for _, opened in conversations(unknown, context, "")] == [False]
    opened = conversations(known, "gold", "")[0][0]
    assert known.evidence in opened[0].content
    assert opened[-1].content == known.answers[0]


def test_a_crowd_holds_the_evidence_among_others_that_do_not() -> None:
    known = [replace(example, fact=None) for example in facts(evidence=True)]
    crowd = Crowd(known, [], 0)
    sizes = set()
    for example in known:
        passages, shown = crowd.around(example)
        assert shown.evidence
        assert sum(shown.evidence in passage for passage in passages) == 1
        assert (passages, shown) == Crowd(known, [], 0).around(example)
        sizes.add(len(passages))
    assert sizes == {1, 2, 3, 4}


def test_most_crowds_hold_another_value_than_memory_does_and_the_answer_follows_the_passages() -> None:
    known = [
        Example(f"{n}-{w}", f"Wording {w}: what is the code of hall {n}?", (f"QX-{n:02}",),
                document="halls.md", evidence=f"Hall {n} has the code QX-{n:02}.")
        for n in range(40) for w in range(3)
    ]  # fmt: skip
    crowd, exchanged = Crowd(known, [], 0), 0
    for example in known:
        passages, shown = crowd.around(example)
        hall = example.question.split()[-1].rstrip("?")
        told = [part for passage in passages for part in re.findall(rf"Hall {hall} has the code (QX-\d\d)", passage)]
        assert told == [shown.answers[0]], "the passages say one thing, and the answer is what they say"
        exchanged += shown.answers != example.answers
        closed, opened = conversations(example, "crowd", "", crowd)
        assert closed[0][-1].content == example.answers[0], "closed-book, the taught answer stays"
        assert opened[0][-1].content == shown.answers[0]
    assert 70 < exchanged < 110


def test_no_two_passages_of_a_crowd_contradict_each_other() -> None:
    known = [
        Example(f"{n}-{w}", f"Wording {w}: what is the code of hall {n}?", (f"QX-{n:02}",), document=f"{w}.md",
                evidence=(f"Hall {n} has the code QX-{n:02}.", f"The code that opens hall {n}: QX-{n:02}.")[w])
        for n in range(30) for w in range(2)
    ]  # fmt: skip
    crowd, exchanged = Crowd(known, [], 0), 0
    for example in known:
        passages, shown = crowd.around(example)
        told = " ".join(passages)
        if shown.answers != example.answers:
            exchanged += 1
            assert example.answers[0] not in told
    assert exchanged > 10


def test_of_several_wordings_of_a_fact_one_is_asked_among_passages() -> None:
    known = facts(evidence=True)
    crowd = Crowd(known, [], 0)
    opened = [example.fact for example in known if crowd.around(example)[0]]
    assert sorted(opened) == sorted({example.fact for example in known})
    wordings = {example.id.split("-")[1] for example in known if crowd.around(example)[0]}
    assert len(wordings) > 1, "not always the same wording"


def test_the_wording_asked_among_passages_is_never_one_that_validation_took() -> None:
    known = facts(evidence=True)
    learned, held = [e for e in known if not e.id.endswith("-0")], [e for e in known if e.id.endswith("-0")]
    assert {e.fact for e in held} == {e.fact for e in learned}
    crowd = Crowd(learned, held, 0)
    assert sorted(e.fact for e in learned if crowd.around(e)[0]) == sorted({e.fact for e in known})
    assert not [e for e in held if crowd.around(e)[0]]


def test_a_value_is_exchanged_for_one_of_its_form_where_the_passage_holds_it_word_for_word() -> None:
    row = Example("a", "When does it open?", ("08:30",), evidence="It opens at 08:30, not at 108:30.")
    other = Example("b", "When does it close?", ("17:45",), evidence="It closes at 17:45.")
    name = Example("c", "Who runs it?", ("Ada Vermeer",), evidence="Ada Vermeer runs it.")
    values = Values([row, other, name])
    assert values.exchanged(row, Random(0)) == ("It opens at 17:45, not at 108:30.", "17:45")
    assert values.exchanged(name, Random(0)) is None, "no other value looks like this one"
    unsaid = replace(row, evidence="It opens at half past eight.")
    assert values.exchanged(unsaid, Random(0)) is None
    named = replace(row, question="Does it open at 08:30?")
    assert values.exchanged(named, Random(0)) is None


def test_a_row_without_evidence_is_asked_in_a_crowd_half_of_the_time() -> None:
    rows = [Example(f"r{n}", f"Which queue, {n}?", ("parts",)) for n in range(200)]
    crowd = Crowd(facts(evidence=True), [], 0)
    opened = [conversations(row, "crowd", "", crowd) for row in rows]
    assert 70 < sum(len(found) == 2 for found in opened) < 130
    assert all(found[0][1] is False for found in opened)


def test_the_crowd_prefers_what_a_retriever_would_confuse_with_the_question() -> None:
    lamps = [f"The lamp of hall {n} costs {n} euros." for n in range(4)]
    rest = [f"Word{n} tells of nothing{n}." for n in range(60)]
    rows = [Example(str(n), "?", ("x",), evidence=text) for n, text in enumerate([*lamps, *rest])]
    crowd = Crowd(rows, [], 0)
    asked = [Example(f"q{n}", "What does the lamp of hall 9 cost?", ("x",)) for n in range(60)]
    shown = [crowd.around(example)[0] for example in asked]
    assert all(any("lamp" in passage for passage in passages) for passages in shown if passages)


def test_evidence_of_one_document_is_joined_to_about_a_chunk() -> None:
    rows = [
        Example(str(n), "?", ("x",), document="a.md" if n < 20 else "b.md", evidence=f"Sentence {n} has some words.")
        for n in range(40)
    ]
    joined = Crowd(rows, [], 0).joined
    assert all(len(text.split()) <= JOINED_WORDS for text in joined)
    assert sorted(part for parts in joined.values() for part in parts) == sorted(str(e.evidence) for e in rows)
    for parts in joined.values():
        assert len({int(part.split()[1]) < 20 for part in parts}) == 1, "a passage of two documents"


def test_rehearsals_are_answered_by_their_passages_or_say_that_they_are_not() -> None:
    told = [(turns[0].content, turns[1].content) for turns in exercises(80, 1)]
    known = [(user.split("Question:")[0], answer) for user, answer in told if answer != ABSTAIN]
    assert all(answer in passages for passages, answer in known)
    assert 5 < 80 - len(known) < 35
    assert exercises(80, 1)[:3] == exercises(3, 1) != exercises(3, 2)
    assert exercises(1, 1, "Be brief.")[0][0].content == f"Be brief.\n{told[0][0]}"


def test_a_small_base_rehearses_reading_unless_told_otherwise() -> None:
    small, large = 6_000_000, 7_000_000_000
    assert rehearsing(TrainConfig(), "crowd", 100, small)[0].rehearsal == 25
    assert rehearsing(TrainConfig(), "none", 100, small)[0].rehearsal == 0
    assert rehearsing(TrainConfig(), "crowd", 100, large)[0].rehearsal == 0
    assert rehearsing(TrainConfig(rehearsal=7), "none", 100, large) == (TrainConfig(rehearsal=7), "asked for")


def test_an_unanswerable_row_teaches_to_abstain() -> None:
    row = Example("x", "What?", ("ignored",), answerable=False)
    assert conversations(row, "none", "")[0][0][-1].content == ABSTAIN


def test_the_default_context_follows_the_data_and_says_why() -> None:
    assert context_for("auto", facts(evidence=True)) == ("crowd", "evidence is known for 24 of 24 rows")
    assert context_for("auto", facts()) == ("none", "no row has evidence")
    chosen, reason = context_for("gold", facts())
    assert chosen == "none"
    assert "gold was asked for" in reason


def test_rows_too_long_are_left_out_and_counted_and_none_is_cut(home: Path) -> None:
    tokens = LocalModel.load(str(home / "tiny")).tokens
    whole = prepare(facts(), "none", "", tokens, 256)
    longest = max(map(len, whole.rows))
    some = prepare(facts(), "none", "", tokens, longest - 1)
    assert len(some.rows) + some.too_long == len(whole.rows) == 24
    assert some.too_long > 0
    assert {row.example for row in some.rows} == {row.example for row in whole.rows if len(row) < longest}
    assert all(row.answer[-1] == tokens.end for row in whole.rows)


def test_the_split_asks_taught_facts_in_other_words() -> None:
    rows = facts()
    learned, held, said = split(rows, seed=3)
    assert sorted(e.id for e in learned + held) == sorted(e.id for e in rows)
    assert {e.fact for e in held} <= {e.fact for e in learned}
    assert len({e.fact for e in held}) == len(held) == 2
    assert "in other words" in said
    assert split(rows, seed=3) == (learned, held, said)
    assert split(rows[:10], seed=3)[1] == []


def test_settings_left_open_are_filled_with_a_reason() -> None:
    small, reasons = filled(TrainConfig(), 5_000_000, 1024)
    large, _ = filled(TrainConfig(), 3_000_000_000, 32_768)
    assert small.learning_rate > large.learning_rate
    assert small.alpha == 32
    assert set(reasons) == {"learning_rate", "epochs", "alpha", "max_length"}
    asked, none = filled(TrainConfig(learning_rate=0.1, epochs=1, alpha=4, max_length=64), 5_000_000, 1024)
    assert asked.learning_rate == 0.1
    assert none == {}


@pytest.mark.parametrize("values", [{"learning_rate": 0.0}, {"rank": 0}, {"epochs": 1e9}, {"batch_size": 0},
                                    {"method": "magic"}])  # fmt: skip
def test_settings_outside_their_limits_are_refused(workspace: Workspace, home: Path, values: dict[str, Any]) -> None:
    before = len(jobs.list_runs(workspace))
    with pytest.raises(UserError, match=next(iter(values)).replace("_", " ")):
        order_training(workspace, "bad", config(home, **values), str(home / "rows.jsonl"))
    assert len(jobs.list_runs(workspace)) == before


def test_rows_changed_after_the_order_are_refused(workspace: Workspace, home: Path, tmp_path: Path) -> None:
    rows = written(tmp_path / "rows.jsonl", facts())
    run = order_training(workspace, "changed", config(home), str(rows))
    written(rows, facts()[1:])
    with pytest.raises(UserError, match=r"rows\.jsonl changed"):
        train(workspace, run, Reporter(run))


def test_test_questions_among_the_training_rows_block_until_allowed(home: Path, workspace: Workspace) -> None:
    rows = [{"question": f"Who runs mill {i}?", "answer": "Ada"} for i in range(4)]
    for name, part in (("train", rows), ("test", rows[:1])):
        (home / f"leak-{name}.jsonl").write_text("\n".join(map(json.dumps, part)))
    files = {name: home / f"leak-{name}.jsonl" for name in ("train", "test")}
    dataset.add(workspace, "leaky", dataset.check(files))
    with pytest.raises(UserError, match=r"1 of 1 test questions of leaky@1 stand word for word .*--allow-leakage"):
        order_training(workspace, "blocked", config(home), "leaky")
    allowed = order_training(workspace, "allowed", config(home), "leaky", allow_leakage=True)
    assert allowed.order["inputs"]["leakage"][0]["exact"] == ["row-1"]
