"""Why answers are wrong: every label, their order, and planted faults whose labels one can foretell."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.prompts import ABSTAIN
from data.schema import Answer, Example, Hit
from data.taught import is_taught, taught_by
from eval import why
from eval.gold_alone import alone, to_ask
from eval.systems import System
from tests.gates import Gatekeeper, Shelf, answerer, example, passage

BASE, SFT = System("base", "m"), System("sft", "m", "tuned@1")
RAG = System("rag", "m", context="retrieved", knowledge="k@1", k=4, method="fused")
GOLD = System("gold", "m", context="gold")
FLOOR = replace(RAG, name="floor", floor=True)
GATES = range(1, 101)
PLANTED = set(range(1, 101, 2))


def wrong(text: str = "code 0", *gates: int, **values: object) -> Answer:
    hits = tuple(Hit(rank, 1.0, passage(number)) for rank, number in enumerate(gates, 1))
    return Answer(**{"example": "q001", "text": text, "seconds": 0.1, "hits": hits} | values)  # type: ignore[arg-type]


ROW, OPEN = example(1), example(1, answerable=False, answers=(ABSTAIN,))
FORMED = example(1, format="regex:code \\d+")
RIGHT = wrong("code 7", 1)


@pytest.mark.parametrize(
    ("label", "system", "row", "answer", "gold_alone", "taught"),
    [
        ("error", RAG, OPEN, wrong("", finish_reason="error", available=False), None, None),
        ("truncated", RAG, OPEN, wrong("code 0", 2, finish_reason="length"), None, None),
        ("truncated", BASE, ROW, wrong("", finish_reason="over_budget"), None, None),
        ("should have refused", RAG, replace(OPEN, format="number"), wrong("code 0", 1), None, None),
        ("refused", RAG, FORMED, wrong(ABSTAIN, 2), None, None),
        ("format miss", RAG, FORMED, wrong("the code is 7", 2), None, None),
        ("retrieval miss", RAG, FORMED, wrong("code 0", 2, 3), None, None),
        ("retrieval miss", RAG, ROW, wrong("code 0", 2, 3, 1, dropped=1), None, None),
        ("retrieval miss", FLOOR, ROW, wrong("code 0", 2, 1), None, None),
        ("not used", RAG, ROW, wrong("code 0", 2, 1), RIGHT, None),
        ("reading miss", RAG, ROW, wrong("code 0", 2, 1), wrong("code 9", 1), None),
        ("reading miss", GOLD, ROW, wrong("code 0", 1), None, None),
        ("unknown", RAG, ROW, wrong("code 0", 2, 1), None, None),
        ("unknown", RAG, replace(ROW, evidence=None), wrong("code 0", 2, 1), None, None),
        ("not learned", SFT, ROW, wrong(), None, True),
        ("never taught", SFT, ROW, wrong(), None, False),
        ("unknown", SFT, ROW, wrong(), None, None),
        ("not known", BASE, ROW, wrong(), None, True),
    ],
)
def test_the_first_label_that_fits_is_given(
    label: str, system: System, row: Example, answer: Answer, gold_alone: Answer | None, taught: bool | None
) -> None:
    assert why.is_wrong(row, answer)
    assert why.why(system, row, answer, gold_alone, taught) == label


answers = st.builds(
    wrong,
    st.sampled_from(["code 7", "code 0", "", ABSTAIN, "7"]),
    st.sampled_from([1, 2]),
    st.sampled_from([1, 3]),
    finish_reason=st.sampled_from(["stop", "stop", "length", "over_budget", "error"]),
    dropped=st.integers(0, 2),
    available=st.booleans(),
)
rows = st.builds(
    lambda **values: replace(ROW, **values),
    answerable=st.booleans(),
    format=st.sampled_from([None, "number", "regex:code \\d+", "regex:("]),
    evidence=st.sampled_from([None, ROW.evidence]),
)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([BASE, SFT, RAG, GOLD, FLOOR, replace(RAG, tuned="tuned@1")]),
    st.lists(st.tuples(rows, answers, st.none() | answers, st.sampled_from([None, True, False])), max_size=8),
)
def test_labels_add_up_to_the_wrong_answers(
    system: System, cases: Sequence[tuple[Example, Answer, Answer | None, bool | None]]
) -> None:
    asked = [replace(row, id=str(n)) for n, (row, *_) in enumerate(cases)]
    answered = {str(n): given for n, (_, given, *_) in enumerate(cases)}
    again = {str(n): one for n, (_, _, one, _) in enumerate(cases) if one}
    labels = why.labelled(system, asked, answered, again, {str(n): known for n, (*_, known) in enumerate(cases)})
    assert set(labels) == {row.id for row in asked if why.is_wrong(row, answered[row.id])}
    assert sum(why.counted(labels).values()) == len(labels)
    assert set(labels.values()) <= set(why.LABELS)


def test_taught_is_the_same_fact_else_the_same_passage_and_answer_else_unknown() -> None:
    learned = json.loads(json.dumps(taught_by([example(1), example(2, fact=None), example(3, evidence=None)])))
    assert is_taught(example(1, question="Gate 1?", evidence=None), learned) is True
    assert is_taught(example(2, fact="another"), learned) is False
    assert is_taught(example(2, fact=None, evidence=f"{example(2).evidence}".upper()), learned) is True
    assert is_taught(example(2, fact=None, answers=("code 0",)), learned) is False
    assert is_taught(example(2, fact=None, evidence=None), learned) is None
    assert is_taught(example(1), {"keys": ["old"]}) is None


def labelled(system: System, asked: Sequence[Example], model: Gatekeeper, shelf: Shelf | None = None,
             training: Sequence[Example] = ()) -> dict[str, str]:  # fmt: skip
    """What a bench does: ask, ask the gold passage alone where it must, label."""
    given = {answer.example: answer for answer in answerer(system, model, shelf).answer(asked)}
    left = to_ask([system], asked, {system.name: given})[system.name]
    again = {answer.example: answer for answer in answerer(alone(system), model).answer(left)}
    learned = taught_by(training)
    return why.labelled(system, asked, given, again, {e.id: is_taught(e, learned) for e in asked})


def share(labels: dict[str, str], label: str) -> float:
    """The share of planted faults that got this label; nothing else may have any."""
    assert {int(id_[1:]) for id_ in labels} <= PLANTED, "what was not planted is right"
    return sum(labels.get(f"q{number:03}") == label for number in PLANTED) / len(PLANTED)


def nearby(number: int) -> list[int]:
    return list(range(number + 1, number + 5))


ASKED = [example(number) for number in GATES]


def test_a_deleted_gold_chunk_is_a_retrieval_miss() -> None:
    shelf = Shelf({n: nearby(n) if n in PLANTED else [n, *nearby(n)] for n in GATES})
    assert share(labelled(RAG, ASKED, Gatekeeper(), shelf), "retrieval miss") >= 0.95


def test_a_passage_shuffled_to_where_the_model_does_not_look_is_not_used_and_one_shuffled_out_is_a_retrieval_miss() -> (
    None
):
    late = Shelf({n: [*nearby(n)[:3], n] if n in PLANTED else [n, *nearby(n)] for n in GATES})
    assert share(labelled(RAG, ASKED, Gatekeeper(), late), "not used") >= 0.95
    out = Shelf({n: [*nearby(n), n] if n in PLANTED else [n, *nearby(n)] for n in GATES})
    assert share(labelled(RAG, ASKED, Gatekeeper(), out), "retrieval miss") >= 0.95


def test_a_passage_that_the_model_cannot_read_is_a_reading_miss() -> None:
    shelf = Shelf({n: [n, *nearby(n)] for n in GATES})
    assert share(labelled(RAG, ASKED, Gatekeeper(blind=PLANTED), shelf), "reading miss") >= 0.95


def test_a_broken_form_is_a_format_miss() -> None:
    asked = [replace(row, format="regex:code \\d+") for row in ASKED]
    model = Gatekeeper(style=lambda number, code: f"It is {code}!" if number in PLANTED else code)
    shelf = Shelf({n: [n, *nearby(n)] for n in GATES})
    assert share(labelled(RAG, asked, model, shelf), "format miss") >= 0.95


def test_a_fact_removed_from_the_training_is_never_taught_and_one_forgotten_not_learned() -> None:
    kept = [row for number, row in zip(GATES, ASKED, strict=True) if number not in PLANTED]
    model = Gatekeeper(taught=[number for number in GATES if number not in PLANTED])
    assert share(labelled(SFT, ASKED, model, training=kept), "never taught") >= 0.95
    nameless = [replace(row, fact=None) for row in kept]
    assert share(labelled(SFT, ASKED, model, training=nameless), "never taught") >= 0.95
    assert share(labelled(SFT, ASKED, model, training=ASKED), "not learned") >= 0.95
