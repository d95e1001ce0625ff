"""Intervals: textbook values, coverage where it matters, and sentences that claim no more than the data."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from data.schema import Example
from eval.statistics import Estimate, estimate, group_of, paired, verdict, wilson


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


def test_sentences_claim_only_what_the_interval_shows() -> None:
    clear, unclear = Estimate(0.124, 0.081, 0.169, 228, 150), Estimate(0.02, -0.01, 0.05, 228, 150)
    assert verdict("rag", "sft", clear, "exact match") == (
        "rag beats sft by 12.4 points of exact match (8.1 to 16.9; 228 questions in 150 independent groups)."
    )
    behind = Estimate(-0.124, -0.169, -0.081, 228, 150)
    assert verdict("sft", "rag", behind, "x").startswith("rag beats sft by 12.4 points of x (8.1 to 16.9;")
    assert verdict("rag", "sft", unclear, "x").startswith("Cannot tell rag from sft: +2.0 points of x (-1.0 to +5.0;")
    assert verdict("rag", "sft", Estimate(0.5, 0.3, 0.7, 30, 6), "x").startswith("Few independent groups (6)")


def test_the_group_is_the_passage_else_the_fact_else_the_question() -> None:
    by_passage = [Example(str(i), "q", ("a",), evidence=text) for i, text in enumerate(["one  text", "one text"])]
    assert group_of(by_passage[0]) == group_of(by_passage[1])
    assert group_of(Example("1", "q", ("a",), fact="f")) == "f"
    assert group_of(Example("1", "q", ("a",))) == "1"
