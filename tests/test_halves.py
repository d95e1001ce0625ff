"""The two halves of a test set: what is one unit, and that nothing which chose once is reported on later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from data.leakage import question_key
from eval.gold import Place, Question
from eval.halves import clusters, halves

Places = Mapping[str, Sequence[Place]]


def asked(places: Places, **words: str) -> list[Question]:
    """A question for each id; its words are the id, unless ``words`` says otherwise."""
    return [Question(name, words.get(name, f"What is {name}?"), ()) for name in places]


def units(places: Places, **words: str) -> tuple[dict[str, str], str, str]:
    return clusters(asked(places, **words), places)


# --- units ------------------------------------------------------------------------------------------------------------


def test_questions_about_overlapping_text_are_one_unit_and_documents_are_where_there_are_enough() -> None:
    places = {"a": [("x", 0, 10)], "b": [("x", 9, 20)], "c": [("x", 20, 30)], "d": [("y", 0, 5), ("x", 29, 31)]}
    found, unit, _ = units(places)
    assert unit == "place in a document"
    assert found["a"] == found["b"] == question_key("What is a?")
    assert found["c"] == found["d"] == question_key("What is c?"), "d stands in two places, and one of them overlaps c"
    many = {f"{n}-{i}": [(f"doc{n}", 100 * i, 100 * i + 5)] for n in range(40) for i in range(2)}
    found, unit, why = units(many)
    assert unit == "document"
    assert "40 documents" in why
    assert len(set(found.values())) == 40
    assert found["3-0"] == found["3-1"] == question_key("What is 3-0?")


def test_questions_that_ask_the_same_are_one_unit_wherever_they_are_answered() -> None:
    found, _, _ = units({"a": [("x", 0, 10)], "b": [("y", 0, 10)], "c": [("z", 0, 9)]}, b="what  IS a?")
    assert found["a"] == found["b"] != found["c"]


@pytest.mark.parametrize(("documents", "unit"), [(50, "document"), (12, "place in a document")])
def test_a_standing_phrase_does_not_join_the_documents_it_stands_in(documents: int, unit: str) -> None:
    places: dict[str, list[Place]] = {
        f"own {n}": [(f"doc{n}", 40, 90)] for n in range(documents)
    }  # each about its own document, and each text holds the phrase
    places |= {name: [(f"doc{n}", 50, 60) for n in range(documents)] for name in ("phrase 1", "phrase 2")}
    found, said, why = units(places)
    assert (said, why.split()[0] if unit == "document" else why.split()[1]) == (unit, str(documents))
    assert len({found[f"own {n}"] for n in range(documents)}) == documents
    assert found["phrase 1"] == found["phrase 2"] not in {found[f"own {n}"] for n in range(documents)}
    copies = units({"a": [("x", 0, 5), ("copy of x", 0, 5)], "b": [("copy of x", 3, 9)]})[0]
    assert copies["a"] == copies["b"], "a document that is there twice is still one"


def test_a_document_known_only_for_its_phrases_is_not_counted_as_asked_about() -> None:
    places = {"phrase": [(f"doc{n}", 0, 9) for n in range(60)], "own": [("doc1", 20, 30)]}
    assert units(places)[1:] == (
        "place in a document",
        "only 1 documents are asked about; questions about overlapping text count as one",
    )


# --- halves -----------------------------------------------------------------------------------------------------------


def spread(count: int, first: int = 0) -> dict[str, list[Place]]:
    """Questions about places of six documents that do not touch."""
    return {f"q{n}": [(f"doc{n % 6}", 100 * n, 100 * n + 50)] for n in range(first, first + count)}


def half_of(places: Places) -> dict[str, int]:
    first, second = halves(units(places)[0])
    assert sorted(first + second) == sorted(places)
    return {**dict.fromkeys(first, 1), **dict.fromkeys(second, 2)}


def test_a_cluster_is_never_taken_apart_and_the_halves_are_about_equal() -> None:
    places = spread(300)
    places |= {f"more{n}": [(f"doc{n % 6}", 100 * n + 20, 100 * n + 70)] for n in range(0, 300, 7)}
    half, (unit, _, _) = half_of(places), units(places)
    assert all(half[one] == half[other] for one in places for other in places if unit[one] == unit[other])
    assert 0.4 < sum(number == 1 for number in half.values()) / len(half) < 0.6


@pytest.mark.parametrize("count", range(2, 12))
def test_neither_half_is_ever_empty(count: int) -> None:
    assert set(half_of(spread(count)).values()) == {1, 2}


@pytest.mark.parametrize("count", [2, 3, 5, 20, 60])
def test_another_question_moves_no_other(count: int) -> None:
    """Also one about a place that was asked about before, and so many that documents become the unit."""
    before = spread(count)
    half = half_of(before)
    for new in ({"new": [("doc0", 10, 20)]}, {"new": [("doc9", 0, 5)]}, {"new": [("doc1", 90, 130)]}, spread(80, 500)):
        after = half_of({**before, **new})
        assert {name: after[name] for name in before} == half


def test_a_question_taken_back_moves_no_other_group() -> None:
    places = spread(60)
    half = half_of(places)
    for gone in ("q2", "q31", "q59"):
        after = half_of({name: spans for name, spans in places.items() if name != gone})
        assert after == {name: number for name, number in half.items() if name != gone}


def test_the_same_questions_from_a_file_and_with_other_ids_make_the_same_halves() -> None:
    places = spread(40)
    half = half_of(places)
    renamed = {f"row-{n}": spans for n, spans in enumerate(places.values())}
    words = {f"row-{n}": f"What is {name}?" for n, name in enumerate(places)}
    first, _ = halves(units(renamed, **words)[0])
    assert {words[name] for name in first} == {f"What is {name}?" for name, number in half.items() if number == 1}
