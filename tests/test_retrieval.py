"""Measures of a ranking against cases worked out by hand."""

from __future__ import annotations

from math import log2

import numpy as np
import pytest
from sklearn.metrics import ndcg_score

from eval.retrieval import Outcome, hit, means, ndcg, outcome, recall, reciprocal_rank

RANKED = ["a", "b", "c", "d", "e"]


def test_measures_of_a_ranking_worked_out_by_hand() -> None:
    found = outcome(RANKED, {"b", "d", "z"})
    assert found == Outcome((2, 4), 3)
    assert [recall(found, k) for k in (1, 2, 3, 4, 5)] == pytest.approx([0, 1 / 3, 1 / 3, 2 / 3, 2 / 3])
    assert [hit(found, k) for k in (1, 2, 5)] == [0, 1, 1]
    assert [reciprocal_rank(found, k) for k in (1, 2, 5)] == [0, 0.5, 0.5]
    gained, ideal = 1 / log2(3) + 1 / log2(5), 1 + 1 / log2(3) + 1 / log2(4)
    assert ndcg(found, 5) == pytest.approx(gained / ideal)  # 0.4979...
    assert ndcg(found, 5) == pytest.approx(0.4981, abs=2e-4)
    assert ndcg(found, 2) == pytest.approx((1 / log2(3)) / (1 + 1 / log2(3)))


def test_the_ideal_ranking_scores_one_and_a_miss_scores_nothing() -> None:
    perfect, missed = outcome(["x", "y", "a"], {"x", "y"}), outcome(RANKED, {"z"})
    for measure in (recall, hit, reciprocal_rank, ndcg):
        assert measure(perfect, 3) == 1
        assert measure(missed, 5) == 0
    assert ndcg(perfect, 1) == 1, "one place can hold only one of two gold passages"
    assert recall(perfect, 1) == 0.5


def test_a_passage_listed_twice_counts_once() -> None:
    assert outcome(["a", "a", "b"], {"a"}) == Outcome((1,), 1)


def test_a_question_without_gold_is_never_scored() -> None:
    with pytest.raises(ValueError, match="without a gold"):
        outcome(RANKED, set())


def test_means_have_n_and_an_interval_over_clusters() -> None:
    found = {"q1": Outcome((1,), 1), "q2": Outcome((), 1), "q3": Outcome((4,), 1)}
    told = means(found, {"q1": "a", "q2": "a", "q3": "b"}, 5)
    assert told["hit"] is not None
    assert told["mrr"] is not None
    assert (told["hit"].mean, told["hit"].n, told["hit"].groups) == (pytest.approx(2 / 3), 3, 2)
    assert told["mrr"].mean == pytest.approx((1 + 0 + 0.25) / 3)
    assert told["mrr"].low <= told["mrr"].mean <= told["mrr"].high
    assert means({}, {}, 5)["mrr"] is None


def test_ndcg_agrees_with_scikit_learn_on_random_rankings() -> None:
    random = np.random.default_rng(4)
    for _ in range(50):
        ranked = [f"p{n}" for n in range(12)]
        gold = {f"p{n}" for n in random.choice(12, size=random.integers(1, 6), replace=False)}
        relevant = np.array([[float(name in gold) for name in ranked]])
        descending = np.array([[float(-n) for n in range(12)]])
        for k in (1, 3, 10):
            assert ndcg(outcome(ranked, gold), k) == pytest.approx(ndcg_score(relevant, descending, k=k))
