"""Scores against cases anyone can check by eye or against the published scorers."""

from __future__ import annotations

import pytest
import sacrebleu
from sklearn.metrics import f1_score

from data.prompts import ABSTAIN
from data.schema import Answer, Example
from eval.metrics import abstains, exact_match, normalise, parse_number, score, token_f1
from eval.tasks import measures


def answer(text: str) -> Answer:
    return Answer("e", text, 0.0)


# cases of SQuAD's own evaluation script: articles, punctuation, case, white space
@pytest.mark.parametrize(
    ("text", "normal"),
    [("The  Eiffel Tower!", "eiffel tower"), ("an apple a day", "apple day"), ("U.S.A.", "usa"), ("theory", "theory")],
)
def test_squad_normalisation(text: str, normal: str) -> None:
    assert normalise(text) == normal


def test_exact_match_takes_the_best_reference_and_never_the_empty_answer() -> None:
    assert exact_match("the Tower", ["a bridge", "Tower."]) == 1
    assert exact_match("towers", ["tower"]) == 0
    assert exact_match("", ["the"]) == 0
    assert exact_match("  ", [""]) == 0


def test_token_f1_is_the_harmonic_mean_of_precision_and_recall() -> None:
    # 2 shared tokens; precision 2/3, recall 2/4
    assert token_f1("red green blue", ["red green black white"]) == pytest.approx(
        2 * (2 / 3) * (2 / 4) / (2 / 3 + 2 / 4)
    )
    assert token_f1("a b", ["x", "b"]) == 1
    assert token_f1("", ["x"]) == 0
    assert token_f1("x x", ["x"]) == pytest.approx(2 / 3)


def test_abstaining_is_right_exactly_when_there_is_no_answer() -> None:
    unknown, known = Example("e", "q", (ABSTAIN,), answerable=False), Example("e", "q", ("Ada",))
    assert abstains("i don't know")
    assert score(unknown, answer(ABSTAIN)).exact_match == 1
    assert score(unknown, answer("Ada")).exact_match == 0
    assert score(known, answer(ABSTAIN)).exact_match == 0


def test_numbers_are_compared_as_values() -> None:
    example = Example("e", "q", ("1200",), task="number")
    assert score(example, answer("1,200 hours")).exact_match == 1
    assert score(example, answer("1201")).exact_match == 0
    assert score(example, answer("many")).exact_match == 0
    assert parse_number("from -3.5 to 4") == -3.5


def test_label_measures_agree_with_scikit_learn_and_count_other_text_as_wrong() -> None:
    truth, given = ["red", "red", "blue", "green"], ["red", "blue", "blue", "a colour"]
    pairs = [
        (Example(str(i), "q", (t,), task="label"), answer(g)) for i, (t, g) in enumerate(zip(truth, given, strict=True))
    ]
    found = measures("label", pairs)["measures"]
    assert found["accuracy"]["mean"] == 0.5
    wanted = f1_score(truth, ["red", "blue", "blue", "none"], average="macro", labels=["red", "blue", "green"])
    assert found["macro_f1"]["mean"] == pytest.approx(wanted)


def test_number_measures_leave_out_what_is_no_number_and_say_so() -> None:
    pairs = [(Example(str(i), "q", ("10",), task="number"), answer(g)) for i, g in enumerate(["12", "7", "none"])]
    found = {name: (one["mean"], one["n"]) for name, one in measures("number", pairs)["measures"].items()}
    assert found == {
        "mse": (6.5, 2), "rmse": (pytest.approx(6.5**0.5), 2), "mae": (2.5, 2), "parse_rate": (pytest.approx(2 / 3), 3),
    }, "R² is left out: nothing varies in what is wanted"  # fmt: skip


def test_bleu_is_sacrebleus_also_with_several_references() -> None:
    texts = ["the cat sat on the mat today", "a dog ran in the park"]
    references = [("the cat sat on the mat", "a cat sat on a mat today"), ("the dog ran in the park",)]
    pairs = [
        (Example(str(i), "q", r, task="text"), answer(t))
        for i, (t, r) in enumerate(zip(texts, references, strict=True))
    ]
    wanted = sacrebleu.corpus_bleu(
        texts, [["the cat sat on the mat", "the dog ran in the park"], ["a cat sat on a mat today", None]]
    )
    assert measures("text", pairs)["measures"]["bleu"]["mean"] == pytest.approx(wanted.score, abs=1e-6)
