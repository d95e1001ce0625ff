"""Tests of difference against textbook values and scipy, what an n can show, and pairs of systems."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest, permutation_test

from data.schema import Answer, Example
from eval import seeds
from eval.pairs import by_document, differences
from eval.resampling import levels, totals
from eval.scoring import summarise
from eval.significance import detectable, holm, mcnemar, p_values, sign_flip
from eval.statistics import estimate, estimates, figure


def test_mcnemar_is_the_textbooks() -> None:
    """Agresti (2013), "Categorical Data Analysis", approval ratings: 150 and 86 changed their minds."""
    assert mcnemar(150, 86) == pytest.approx(binomtest(86, 236, 0.5).pvalue, rel=1e-9)
    assert mcnemar(150, 86) == pytest.approx(3.7e-5, rel=0.05)
    assert mcnemar(5, 0) == pytest.approx(0.0625)
    assert mcnemar(0, 6) == pytest.approx(0.03125)
    assert mcnemar(3, 3) == mcnemar(0, 0) == 1


def test_holm_is_the_textbooks() -> None:
    # Holm (1979): 4 * 0.005, 3 * 0.01, 2 * 0.03, and never below the one before
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []


def test_sign_flips_of_groups_agree_with_scipy() -> None:
    random = np.random.default_rng(3)
    groups = [str(n // 3) for n in range(75)]
    first, second = random.random(75) + 0.08, random.random(75)
    sums = [float(sum(first[n : n + 3] - second[n : n + 3])) for n in range(0, 75, 3)]
    wanted = permutation_test((sums, [0.0] * 25), lambda a, b: np.sum(a) - np.sum(b), permutation_type="samples",
                              n_resamples=9_999, rng=np.random.default_rng(1))  # fmt: skip
    assert sign_flip(first.tolist(), second.tolist(), groups) == pytest.approx(wanted.pvalue, abs=0.015)


def test_the_test_follows_the_unit() -> None:
    column = np.array([1.0, -1.0, 0.0, 1.0] * 10)
    alone, paired = [str(n) for n in range(40)], [str(n // 2) for n in range(40)]
    halves = column * 0.5
    one, two, three = (p_values(c[:, None], g)[0] for c, g in ((column, alone), (column, paired), (halves, alone)))
    assert one == (pytest.approx(mcnemar(20, 10)), "McNemar")
    assert two is not None
    assert two[1] == "sign flip", "two questions share a passage"
    assert three is not None
    assert three[1] == "sign flip", "not right or wrong"
    assert p_values(column[:, None], [str(n // 3) for n in range(40)]) == [None], "14 groups are too few"


def test_what_an_n_could_show_shrinks_with_n_and_is_found_about_four_times_in_five() -> None:
    random = np.random.default_rng(8)
    found = []
    for n in (60, 240):
        sample = random.choice([-1.0, 0.0, 1.0], p=[0.15, 0.7, 0.15], size=n)
        found.append(detectable(sample.tolist(), [str(one) for one in range(n)]))
    assert found[1] == pytest.approx(found[0] / 2, rel=0.15)
    chances = [0.15 - found[1] / 2, 0.7, 0.15 + found[1] / 2]
    called = 0
    for _ in range(400):
        sample = random.choice([-1, 0, 1], p=chances, size=240)
        called += mcnemar(int((sample > 0).sum()), int((sample < 0).sum())) < 0.05
    assert 0.68 < called / 400 < 0.9, "the exact test finds somewhat less than its approximation"


def test_questions_that_never_differ_still_need_six_that_do() -> None:
    assert detectable([0.0] * 60, [str(n) for n in range(60)]) == pytest.approx(6 / 60)


def test_few_groups_widen_percentiles_as_students_t_does() -> None:
    low, high = levels(10_000)
    assert (low, high) == pytest.approx((2.5, 97.5), abs=0.01)
    assert levels(6)[0] < levels(30)[0] < 2.5


def test_columns_together_give_what_each_gives_alone() -> None:
    random = np.random.default_rng(0)
    table = random.random((40, 3))
    table[5:9, 1] = np.nan
    groups = [str(n // 2) for n in range(40)]
    for column, one in zip(table.T, estimates(table, groups), strict=True):
        has = np.isfinite(column)
        alone = estimate(column[has].tolist(), [group for group, there in zip(groups, has, strict=True) if there])
        assert one == alone
        assert one is not None
        assert one.n == has.sum()


def test_a_figure_of_totals_has_the_interval_of_the_mean_it_is() -> None:
    values, groups = np.random.default_rng(2).random(60), [str(n // 3) for n in range(60)]
    features = np.column_stack([values, np.ones(60)])
    one = figure(features, lambda sums: sums[:, 0] / sums[:, 1], groups, float(values.mean()))
    mean = estimate(values.tolist(), groups)
    assert one is not None
    assert mean is not None
    assert (one.low, one.high) == pytest.approx((mean.low, mean.high), abs=0.02)
    assert figure(features, lambda sums: sums[:, 0], ["a"] * 60, 1.0) is None


def test_resampled_totals_do_not_depend_on_how_they_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    features, where = np.random.default_rng(2).random((30, 2)), np.arange(30) // 2
    whole = totals(features, where, 15, 100)
    monkeypatch.setattr("eval.resampling.CELLS", 15 * 7)
    np.testing.assert_allclose(totals(features, where, 15, 100), whole)


# --- pairs of systems -------------------------------------------------------------------------------------------------


def examples(count: int, documents: int = 1) -> list[Example]:
    return [
        Example(str(n), "q", ("a",), f"d{n % documents}.md", f"passage {n}", task="short" if n % 2 else "label")
        for n in range(count)
    ]


def test_many_pairs_make_a_lucky_one_unsure() -> None:
    random = np.random.default_rng(1)
    columns = {"lucky": np.r_[np.ones(9), np.zeros(51)], "plain": np.r_[np.ones(1), np.zeros(59)]}
    (alone,) = differences(examples(60), columns)
    assert alone.sign == 1
    assert alone.p == alone.p_holm == mcnemar(8, 0)
    others = {f"s{n}": (random.random(60) < 0.1).astype(float) for n in range(4)}
    among = differences(examples(60), columns | others)
    assert len(among) == 15
    assert among[0].p == alone.p
    assert among[0].p_holm is not None
    assert among[0].p_holm > 0.05
    assert among[0].sign == 0


def test_fewer_than_twenty_units_have_no_p_value() -> None:
    (one,) = differences(examples(19), {"a": np.ones(19), "b": np.zeros(19)})
    assert one.p is None
    assert one.sign == 0


def test_the_spread_over_documents_stands_beside() -> None:
    rows = examples(40, documents=4)
    column = np.array([1.0 if e.document == "d0.md" else -0.5 if e.document == "d1.md" else 0.0 for e in rows])
    told = by_document(rows, column)
    assert told == {"n": 4, "ahead": 1, "behind": 1, "sd": pytest.approx(0.629153, abs=1e-6), "low": -0.5, "high": 1.0}
    assert by_document(examples(5), np.ones(5)) is None, "one document has no spread"


def test_each_task_is_compared_and_cut_apart() -> None:
    rows = examples(80, documents=2)
    good = {e.id: Answer(e.id, "a" if e.task == "label" else "b", 0.1) for e in rows}
    other = {e.id: Answer(e.id, "b" if e.task == "label" else "a", 0.1) for e in rows}
    scores = summarise(rows, {"x": good, "y": other})
    assert [pair["sign"] for pair in scores["pairs"]] == [0, 0], "over all, they are equal"
    assert {pair["task"]: pair["sign"] for pair in scores["task_pairs"]} == {"label": 1, "short": -1}
    assert "on label questions" in scores["task_pairs"][0]["sentence"]
    parts = scores["slices"]["task"]["values"]
    assert parts["label"]["x"]["exact_match"]["mean"] == parts["short"]["y"]["exact_match"]["mean"] == 1
    assert parts["label"]["x"]["exact_match"]["n"] == 40
    assert set(scores["slices"]["document"]["values"]) == {"d0.md", "d1.md"}
    assert scores["unit"] == {"counts": {"passage": 80}, "words": "80 independent passages"}


def test_training_seeds_show_their_spread_beside_the_interval() -> None:
    known = {name: {"recipe": "r", "seed": n} for n, name in enumerate(("a", "b", "c"))}
    known["other"] = {"recipe": "q", "seed": 0}
    systems = {
        name: {"exact_match": {"mean": mean, "low": mean - 0.05, "high": mean + 0.05}}
        for name, mean in (("a", 0.5), ("b", 0.54), ("c", 0.52), ("other", 0.9))
    }
    (row,) = seeds.spread(known, systems)
    assert (row["systems"], row["mean"], row["sd"]) == (["a", "b", "c"], 0.52, 0.02)
    assert "standard deviation between seeds 2.0 points" in row["sentence"]
    assert seeds.spread({**known, "b": known["a"], "c": known["a"]}, systems) == [], "the same seed twice is no spread"
