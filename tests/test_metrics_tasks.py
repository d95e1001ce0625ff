"""Each task's own measures against the libraries that define them, and what their intervals are made from."""

from __future__ import annotations

import numpy as np
import pytest
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu import corpus_bleu, corpus_chrf
from sklearn.metrics import (
    classification_report,
    confusion_matrix,
    mean_absolute_error,
    mean_squared_error,
    r2_score,
)

from data.errors import UserError
from data.prompts import ABSTAIN, ALSO_ABSTAIN
from data.schema import Answer, Example, Hit, Passage
from eval import forms, metrics_text
from eval.metrics import abstains, contains, score
from eval.metrics_label import NO_LABEL
from eval.tasks import measures
from eval.values import table

TEXTS = ["the cat sat on the mat today", "a dog ran in the park", "no match whatever", "rain"]
REFERENCES = [
    ("the cat sat on the mat", "a cat sat on a mat today"), ("the dog ran in the park",), ("something else entirely",),
    ("heavy rain is expected tomorrow",),
]  # fmt: skip
ZH = [("天气很好",), ("我喜欢茶",)]


def pairs(task: str, wanted: list[tuple[str, ...]], given: list[str], form: str | None = None) -> list:
    return [
        (Example(str(n), "q", references, task=task, format=form), Answer(str(n), text, 0.0))
        for n, (references, text) in enumerate(zip(wanted, given, strict=True))
    ]


def streams(references: list[tuple[str, ...]]) -> list[list[str | None]]:
    return [[row[n] if n < len(row) else None for row in references] for n in range(max(map(len, references)))]


# --- short ------------------------------------------------------------------------------------------------------------


def test_contains_looks_for_whole_words_in_order() -> None:
    assert contains("It is the Eiffel Tower, I think.", ["Eiffel tower"]) == 1
    assert contains("The towering Eiffel", ["tower"]) == 0
    assert contains("Tower Eiffel", ["Eiffel Tower"]) == 0
    assert contains("", ["x"]) == 0
    assert contains("anything", ["the"]) == 0, "a reference without content is in nothing"


def test_an_answer_that_was_cut_or_never_began_scores_nothing() -> None:
    example = Example("e", "q", ("Ada",))
    for reason, worth in (("stop", 1), ("length", 0), ("over_budget", 0)):
        assert score(example, Answer("e", "Ada", 0.0, finish_reason=reason)).exact_match == worth
        assert score(example, Answer("e", "Ada", 0.0, finish_reason=reason)).token_f1 == worth


@pytest.mark.parametrize("text", [ABSTAIN, *ALSO_ABSTAIN, "i don’t know", "  UNKNOWN "])
def test_the_listed_sentences_abstain(text: str) -> None:
    assert abstains(text)


@pytest.mark.parametrize("text", ["", "I don't know Ada.", "The unknown soldier", "He does not know."])
def test_what_only_resembles_them_does_not(text: str) -> None:
    assert not abstains(text)


# --- texts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_bleu_and_chrf_are_sacrebleus_also_from_summed_counts(count: int) -> None:
    """The interval resamples counts, so counts must give the library's own number on any part of the corpus."""
    texts, references = TEXTS[:count], REFERENCES[:count]
    for ours, theirs, of_counts in (
        (metrics_text.bleu, corpus_bleu, metrics_text.bleu_of_counts),
        (metrics_text.chrf, corpus_chrf, metrics_text.chrf_of_counts),
    ):
        wanted = theirs(texts, streams(references)).score
        found = ours(texts, references)
        assert found.value == pytest.approx(wanted)
        assert of_counts(found.counts.sum(axis=0, keepdims=True))[0] == pytest.approx(wanted)


def test_bleu_without_any_match_is_nothing() -> None:
    found = metrics_text.bleu(["x y z w v"], [("a b c d e",)])
    assert found.value == metrics_text.bleu_of_counts(found.counts)[0] == 0


def test_the_signatures_are_kept_and_say_how_text_was_cut() -> None:
    told = measures("text", pairs("text", REFERENCES, TEXTS))
    assert "tok:13a" in told["signatures"]["bleu"]
    assert "smooth:exp" in told["signatures"]["bleu"]
    assert told["signatures"]["chrf"].startswith("nrefs:var|case:mixed|eff:yes|nc:6|nw:0")
    assert "tok:char" in measures("text", pairs("text", ZH, ["天气好", "我喝茶"]))["signatures"]["bleu"]


def test_rouge_l_is_rouge_scores_and_reads_scripts_without_spaces() -> None:
    plain = RougeScorer(["rougeL"])
    wanted = [
        plain.score_multi(list(refs), text)["rougeL"].fmeasure for refs, text in zip(REFERENCES, TEXTS, strict=True)
    ]
    assert metrics_text.rouge_l(TEXTS, REFERENCES) == pytest.approx(wanted)
    # 3 of 4 characters in order: precision 1, recall 3/4
    assert metrics_text.rouge_l(["天气好"], ZH[:1]) == pytest.approx([2 * 0.75 / 1.75])
    assert metrics_text.rouge_l(["Ä Öl"], [("ä öl",)]) == [1.0]


# --- labels -----------------------------------------------------------------------------------------------------------

TRUTH = ["red", "red", "red", "blue", "blue", "green", "green", "red"]
GIVEN = ["red", "blue", "Red.", "blue", "red", "green", "a colour", ""]


def test_labels_agree_with_scikit_learns_report_and_no_label_is_a_class() -> None:
    told = measures("label", pairs("label", [(t,) for t in TRUTH], GIVEN, "label:red|blue|green|white"))
    clean = ["red", "blue", "red", "blue", "red", "green", NO_LABEL, NO_LABEL]
    names = ["blue", "green", "red"]
    wanted = classification_report(TRUTH, clean, labels=names, output_dict=True, zero_division=0)
    for average in ("macro", "micro"):
        for ours, theirs in (("precision", "precision"), ("recall", "recall"), ("f1", "f1-score")):
            assert told["measures"][f"{average}_{ours}"]["mean"] == pytest.approx(
                wanted[f"{average} avg"][theirs], abs=1e-6
            )
    for row in told["classes"]:
        assert row["f1"]["mean"] == pytest.approx(wanted[row["class"]]["f1-score"], abs=1e-6)
        assert row["n"] == wanted[row["class"]]["support"]
        assert row["f1"]["low"] <= row["f1"]["mean"] <= row["f1"]["high"]
    assert told["measures"]["accuracy"]["mean"] == 0.5
    assert told["confusion"]["given"] == [*names, NO_LABEL]
    assert told["confusion"]["counts"] == confusion_matrix(TRUTH, clean, labels=[*names, NO_LABEL])[:3].tolist()


def test_all_labels_wrong_is_not_certainty() -> None:
    told = measures("label", pairs("label", [("a",), ("b",)] * 10, ["none"] * 20))["measures"]
    assert told["macro_f1"]["mean"] == told["accuracy"]["mean"] == 0
    assert told["macro_f1"]["high"] > 0.1
    assert told["accuracy"]["high"] > 0.1


# --- numbers ----------------------------------------------------------------------------------------------------------


def test_numbers_agree_with_scikit_learn_on_those_that_are_numbers() -> None:
    wanted, given = [10, 12.5, 3, 1200], ["11", "12.5 hours", "no idea", "1,150"]
    told = measures("number", pairs("number", [(str(w),) for w in wanted], given))["measures"]
    true, read = [10, 12.5, 1200], [11, 12.5, 1150]
    assert told["parse_rate"]["mean"] == 0.75
    assert told["mae"]["mean"] == pytest.approx(mean_absolute_error(true, read), abs=1e-6)
    assert told["mse"]["mean"] == pytest.approx(mean_squared_error(true, read), abs=1e-6)
    assert told["rmse"]["mean"] == pytest.approx(mean_squared_error(true, read) ** 0.5, abs=1e-6)
    assert told["r2"]["mean"] == pytest.approx(r2_score(true, read), abs=1e-6)
    assert told["mae"]["n"] == 3
    assert measures("number", pairs("number", [("1",)] * 3, ["x"] * 3))["measures"].keys() == {"parse_rate"}


# --- form, fact and support -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "wanted", "text", "form_kept", "fact_there"),
    [
        ("label:parts|repair", "parts", "Parts", True, True),
        ("label:parts|repair", "parts", "It belongs to parts.", False, True),
        ("label:parts|repair", "parts", "parts or repair", False, False),
        ("label:parts|repair", "parts", "repair", True, False),
        ("number", "10", "10", True, True),
        ("number", "10", "It takes 10 hours.", False, True),
        ("number", "10", "11", True, False),
        ("regex:[A-Z]{2}-\\d+", "LB-917", "LB-917", True, True),
        ("regex:[A-Z]{2}-\\d+", "LB-917", "the number is LB-917", False, True),
        ("json", '{"a": 1}', '{"a":  1}', True, True),
        ("json", "Ada", "Ada", False, True),
        ("words<=3", "Ada Byron", "Ada Byron", True, True),
        ("words<=3", "Ada Byron", "It was Ada Byron herself", False, True),
        ("words<=3", "Ada Byron", "", False, False),
    ],
)
def test_form_and_fact_are_judged_apart(form: str, wanted: str, text: str, form_kept: bool, fact_there: bool) -> None:
    example = Example("e", "q", (wanted,), format=form)
    assert forms.in_form(form, text) is form_kept
    assert forms.has_fact(example, text) is fact_there
    forms.check([example])


@pytest.mark.parametrize("form", ["regex:(", "words<=many", "label:", "haiku"])
def test_a_format_that_cannot_be_judged_is_refused_before_any_model_is_asked(form: str) -> None:
    with pytest.raises(UserError, match="Row e: the format"):
        forms.check([Example("e", "q", ("a",), format=form)])


def test_what_stands_beside_is_over_the_questions_that_have_it() -> None:
    passages = ("Ada keeps the brass key in Rome.", "Bo sells lamps.")
    hits = tuple(Hit(n + 1, 0.5, Passage(f"p{n}", "d", text, 0, 9)) for n, text in enumerate(passages))
    examples = [
        Example("1", "q", ("Ada",)), Example("2", "q", (ABSTAIN,), answerable=False),
        Example("3", "q", (ABSTAIN,), answerable=False), Example("4", "q", ("x",), format="number", task="number"),
        Example("5", "q", ("x",)),
    ]  # fmt: skip
    texts = ["Ada keeps lamps", ABSTAIN, "Rome", "7 or 8", ABSTAIN]
    given = {str(n + 1): Answer(str(n + 1), text, 0.0, hits=hits) for n, text in enumerate(texts)}
    given["1"] = Answer("1", texts[0], 0.0, hits=hits, dropped=1)
    names = ("abstention_recall", "abstention_precision", "form", "lexical_support", "contains")
    nan = np.nan
    np.testing.assert_allclose(table(examples, given, {}, names), [
        [nan, nan, nan, 2 / 3, 1],  # the second passage was dropped from the prompt: "lamps" is nowhere
        [1, 1, nan, nan, nan], [0, nan, nan, 1, nan], [nan, nan, 0, 0, nan], [nan, 0, nan, nan, 0],
    ])  # fmt: skip
