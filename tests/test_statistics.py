"""Intervals: textbook values, coverage where it matters, and sentences that claim no more than the data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest

from data.schema import Example
from eval.sentences import Difference, verdict
from eval.statistics import Estimate, estimate, group_of, paired, unit_words, units, wilson


@pytest.mark.parametrize(("right", "n"), [(0, 10), (7, 10), (10, 10), (81, 263)])
def test_wilson_agrees_with_scipy(right: int, n: int) -> None:
    wanted = binomtest(right, n).proportion_ci(method="wilson")
    assert wilson(right, n) == pytest.approx((wanted.low, wanted.high), abs=1e-9)


def test_questions_about_one_passage_count_as_one_group() -> None:
    values = [1.0] * 10 + [0.0] * 10
    alone = estimate(values, [str(i) for i in range(20)])
    grouped = estimate(values, ["a"] * 10 + ["b"] * 10)
    assert alone is not None
    assert grouped is not None
    assert (alone.groups, grouped.groups) == (20, 2)
    assert grouped.high - grouped.low > alone.high - alone.low


def test_clustered_intervals_cover_the_truth_where_naive_ones_do_not() -> None:
    random = np.random.default_rng(5)
    groups = [str(i // 8) for i in range(40 * 8)]
    covered, naive = 0, 0
    for _ in range(120):
        values = np.repeat(random.random(40), 8) * 0.8 + random.random(320) * 0.2  # true mean 0.5
        found, single = estimate(values, groups), estimate(values, [str(i) for i in range(320)])
        assert found is not None
        assert single is not None
        covered += found.low <= 0.5 <= found.high
        naive += single.low <= 0.5 <= single.high
    assert covered / 120 > 0.88
    assert naive / 120 < 0.75


def test_the_same_input_gives_the_same_interval_and_nothing_gives_none() -> None:
    values, groups = [0.2, 0.9, 0.4, 0.4], ["a", "b", "c", "c"]
    assert estimate(values, groups) == estimate(values, groups)
    assert estimate([], []) is None


def test_all_right_is_not_certainty() -> None:
    found = estimate([1.0] * 12, ["a", "a", "b", "b", "c", "c"] * 2)
    assert found is not None
    assert found.high == 1
    assert found.low < 0.6


def test_a_paired_difference_is_tighter_than_two_means() -> None:
    random = np.random.default_rng(1)
    hard = random.random(200)
    first, second = list(hard * 0.5 + 0.1), list(hard * 0.5)
    difference = paired(first, second, [str(i) for i in range(200)])
    assert difference is not None
    assert difference.mean == pytest.approx(0.1)
    assert difference.high - difference.low < 1e-9


def test_no_difference_seen_is_not_proof_of_none() -> None:
    found = paired([0.0] * 40, [0.0] * 40, [str(i) for i in range(40)])
    assert found is not None
    assert (found.low, found.high) == pytest.approx((-wilson(0, 40)[1], wilson(0, 40)[1]))


def difference(mean: float, low: float, high: float, groups: int = 150, **more: Any) -> Difference:
    words = f"{groups} independent passages"
    return Difference("rag", "sft", Estimate(mean, low, high, 228, groups), words, **more)


def test_sentences_claim_only_what_interval_and_p_value_show() -> None:
    sure = {"p": 0.001, "p_holm": 0.006, "pairs": 6}
    wanted = "rag beats sft by 12.4 points of exact match (8.1 to 16.9; 150 independent passages)."
    assert verdict(difference(0.124, 0.081, 0.169, **sure), "exact match") == wanted
    assert verdict(difference(-0.124, -0.169, -0.081, **sure), "x").startswith("sft beats rag by 12.4 points of x (8.1")
    assert verdict(difference(0.02, -0.01, 0.05, p=0.2, p_holm=0.4, detectable=0.0431), "x") == (
        "Cannot tell rag from sft: rag minus sft is +2.0 points of x (-1.0 to +5.0; 150 independent "
        "passages). "
        "With so many only a difference above 5 points would show."
    )
    by_chance = verdict(difference(0.05, 0.01, 0.09, p=0.02, p_holm=0.12, pairs=6), "x")
    assert by_chance.startswith("Cannot tell rag from sft")
    assert "Among 6 pairs" in by_chance
    disagreeing = verdict(difference(0.05, 0.001, 0.09, p=0.07, p_holm=0.42, pairs=6), "x")
    assert disagreeing.endswith("does not confirm it (p = 0.070).")
    few = verdict(difference(0.5, 0.3, 0.7, groups=6), "x")
    assert few.startswith("Few independent groups (6), indicative only")
    assert "beats" not in few


def test_the_unit_is_the_passage_else_the_document_else_the_question_in_whatever_words() -> None:
    by_passage = [Example(str(i), "q", ("a",), evidence=text) for i, text in enumerate(["one  text", "one text"])]
    assert group_of(by_passage[0]) == group_of(by_passage[1])
    others = [
        Example("1", "q", ("a",), document="d.md"), Example("2", "q", ("a",), document="d.md", fact="f"),
        Example("3", "q", ("a",), fact="f"), Example("4", "q?", ("a",), fact="f"), Example("5", "q", ("a",)),
    ]  # fmt: skip
    assert len({group_of(example) for example in others}) == 3
    assert units([*by_passage, *others]) == {"passage": 1, "document": 1, "question": 2}
    assert unit_words({"passage": 150}) == "150 independent passages"
    assert unit_words({"passage": 1, "question": 2}) == "1 passage and 2 questions, taken as independent"
