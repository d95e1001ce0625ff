"""What an answer rests on: citations as models write them, checked, and passages found by text match. No model."""

from __future__ import annotations

import pytest

from data.prompts import ABSTAIN
from eval.citations import ABSENT, BY_WORDS, SUPPORTED, TOGETHER, UNSUPPORTED, VERBATIM, cited
from eval.terms import readings, terms

LAMP = "Guarantee: The Tolvi 3 lamp has a warranty of 36 months and weighs 1,200 grams."
PUMP = "Winter: The Dovemar 7 pump must be indoors by Friday, 15 October."
CHAIR = "The Osby chair was painted blue in Uppsala."
PASSAGES = [LAMP, PUMP, CHAIR]


def verdicts(answer: str, passages: list[str] = PASSAGES) -> list[tuple[int, str]]:
    """(passage, verdict) of every citation; all must be of one kind, written or found."""
    found = cited(answer, passages)
    assert len({one.written for one in found}) <= 1
    return [(one.number, one.verdict) for one in found]


def test_a_written_citation_is_checked_against_its_passage() -> None:
    (one,) = cited("The warranty of the Tolvi 3 is 36 months [1].", PASSAGES)
    assert (one.written, one.number, one.verdict, one.share, one.missing) == (True, 1, SUPPORTED, 1.0, ())
    assert "The warranty of the Tolvi 3 is 36 months [1]."[one.start : one.end] == "[1]"
    assert one.claim == "The warranty of the Tolvi 3 is 36 months ."


@pytest.mark.parametrize(
    ("answer", "missing"),
    [
        ("The warranty of the Tolvi 3 lamp is 26 months [1].", "26"),  # every word fits, the number does not
        ("The warranty of the Verrin 3 lamp is 36 months [1].", "Verrin"),  # nor does another name
    ],
)
def test_one_wrong_number_or_name_is_enough_to_be_unsupported(answer: str, missing: str) -> None:
    (one,) = cited(answer, PASSAGES)
    assert one.verdict == UNSUPPORTED
    assert one.missing == (missing,)
    assert one.share > 0.6


def test_a_citation_of_another_passage_or_of_none_is_shown_and_not_dropped() -> None:
    assert verdicts("The lamp has a warranty of 36 months [2].") == [(2, UNSUPPORTED)]
    assert verdicts("The lamp has a warranty of 36 months [7].") == [(7, ABSENT)]
    assert verdicts("The lamp has a warranty of 36 months [0].") == [(0, ABSENT)]
    assert verdicts("The lamp has a warranty of 36 months [1].", []) == [(1, ABSENT)]


@pytest.mark.parametrize(
    "mark", ["[1, 2]", "[1][2]", "[1] [2]", "[1;2]", "[1-2]", "[1–2]", "[ 1 , 2 ]", "【1】【2】", "［1］［2］"]
)
def test_several_passages_may_support_a_sentence_together(mark: str) -> None:
    answer = f"The lamp weighs 1200 grams and the pump must be indoors by 15 October {mark}."
    assert verdicts(answer) == [(1, TOGETHER), (2, TOGETHER)]
    assert verdicts(f"The lamp weighs 1200 grams and costs 15 crowns in Norway {mark}.") == [
        (1, UNSUPPORTED),
        (2, UNSUPPORTED),
    ]


def test_of_several_brackets_in_one_sentence_each_speaks_for_the_words_before_it() -> None:
    answer = "The lamp weighs 1,200 grams [1], and the chair was painted in Uppsala [3]."
    assert verdicts(answer) == [(1, SUPPORTED), (3, SUPPORTED)]
    assert verdicts("The lamp weighs 1,200 grams [3], and the chair was painted in Uppsala [1].") == [
        (3, UNSUPPORTED),
        (1, UNSUPPORTED),
    ]


def test_a_bracket_after_the_full_stop_or_on_its_own_line_belongs_to_the_sentence_before() -> None:
    for answer in ("The chair was painted blue. [3] The pump must be indoors by October [2].",
                   "The chair was painted blue.\n[3]\nThe pump must be indoors by October [2]."):  # fmt: skip
        found = cited(answer, PASSAGES)
        assert [(one.number, one.verdict) for one in found] == [(3, SUPPORTED), (2, SUPPORTED)]
        assert "pump" not in found[0].claim


def test_a_bracket_at_the_beginning_speaks_for_its_sentence() -> None:
    assert verdicts("According to [3], the chair was painted blue.") == [(3, SUPPORTED)]
    assert verdicts("[3] says that the chair was painted blue.") == [(3, SUPPORTED)]


def test_ten_is_not_one_and_zero() -> None:
    passages = [f"Shelf {n} holds item{n}." for n in range(1, 12)]
    assert verdicts("Shelf 10 holds item10 [10].", passages) == [(10, SUPPORTED)]
    assert verdicts("Shelf 1 holds item1 [1].", passages) == [(1, SUPPORTED)]


@pytest.mark.parametrize("bracket", ["[sic]", "[1999]", "[a]", "[]", "[1.5]", "[3-1]", "[2010-2015]", "(1)", "[*]"])
def test_brackets_that_are_no_citations(bracket: str) -> None:
    found = cited(f"The chair was painted blue in Uppsala {bracket}", PASSAGES)
    assert not any(one.written for one in found)


def test_a_year_in_brackets_is_a_citation_only_where_there_is_such_a_passage() -> None:
    many = [f"Passage of number{n}" for n in range(1, 1205)]
    assert verdicts("It is number1200 [1200]", many) == [(1200, SUPPORTED)]
    assert [number for number, _ in verdicts("blue in Uppsala [1, 1999]")] == [1, 1999]


def test_the_same_citation_twice_for_one_sentence_counts_once_and_for_two_sentences_twice() -> None:
    assert verdicts("The chair was painted blue [3][3].") == [(3, SUPPORTED)]
    assert verdicts("The chair was painted blue [3]. It was painted in Narvik [3].") == [
        (3, SUPPORTED),
        (3, UNSUPPORTED),
    ]


@pytest.mark.parametrize("answer", [ABSTAIN, f"{ABSTAIN} [1]", "i don't know", "", "  ", "the", "yes", "No.", "It is."])
def test_an_abstention_and_an_answer_that_says_nothing_cite_nothing(answer: str) -> None:
    assert verdicts(answer, [*PASSAGES, "I don't know. Yes, it is the one. No."]) == []


@pytest.mark.parametrize(
    ("answer", "number"),
    [("36 months", 1), ("36 MONTHS.", 1), ("1200 grams", 1), ("1\u202f200 grams", 1), ("Friday, 15 October", 2),
     ("BLUE", 3), ("uppsala", 3), ("36.0 months", 1)],
)  # fmt: skip
def test_an_answer_that_stands_in_a_passage_is_found_by_text_match(answer: str, number: int) -> None:
    (one,) = cited(answer, PASSAGES)
    assert (one.number, one.written, one.verdict) == (number, False, VERBATIM)


@pytest.mark.parametrize("answer", ["6 months", "360 months", "200 grams", "lue", "1 October", "red", "37 months"])
def test_parts_of_words_and_of_numbers_are_no_match(answer: str) -> None:
    assert verdicts(answer) == []


def test_an_answer_in_other_words_is_found_by_most_of_its_words() -> None:
    (one,) = cited("You need to have pumps of type Dovemar 7 indoors by 15 October", PASSAGES)
    assert (one.number, one.verdict, one.written) == (2, BY_WORDS, False)
    assert 0.6 <= one.share < 1
    assert set(one.missing) == {"need", "type"}
    assert verdicts("You need to have pumps of type Dovemar 7 indoors by 16 October") == []


def test_every_passage_that_holds_the_answer_is_named() -> None:
    assert verdicts("36 months", [LAMP, PUMP, LAMP]) == [(1, VERBATIM), (3, VERBATIM)]


def test_other_scripts_and_forms_of_unicode() -> None:
    passages = ["Das Café in Zürich hat 40 Plätze.", "東京の町は大きくて人も多い", "Η πόλη έχει γέφυρα"]
    assert verdicts("ZÜRICH", passages) == [(1, VERBATIM)]
    assert verdicts("There is a town, İzmir [1].", ["There is a town, İzmir."]) == [(1, SUPPORTED)]
    assert verdicts("Cafe\u0301", passages) == [(1, VERBATIM)]
    assert verdicts("４０ Plätze", passages) == [(1, VERBATIM)]
    assert verdicts("東京", passages) == [(2, VERBATIM)]
    assert verdicts("東京の町は大きい。[2]", passages) == [(2, SUPPORTED)]
    assert verdicts("京都の川は長い。[2]", passages) == [(2, UNSUPPORTED)]
    assert verdicts("ΓΈΦΥΡΑ", passages) == [(3, VERBATIM)]


def test_what_digits_may_mean() -> None:
    assert readings("1,200") == readings("1’200") == readings("1200.0") == readings("1200")
    assert readings("1.200") == readings("1200") | readings("1.2")
    assert readings("3,5") == readings("3.50")
    assert readings("1,00,000") == readings("100000")
    assert readings("1.2.3") == {"1.2.3"}


def test_names_are_capitals_within_a_sentence_and_not_in_a_text_all_of_capitals() -> None:
    assert [term.shown for term in terms("Yesterday Ada met the Mayor. Then it rained.") if term.exact] == [
        "Ada",
        "Mayor",
    ]
    assert [term.shown for term in terms("ADA MET THE MAYOR") if term.exact] == []
    assert [term.shown for term in terms("the the of and")] == []
