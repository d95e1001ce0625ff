"""Vector search at any size: exact, narrowed, approximate with its measured recall, and a whole test set at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rag import embed, index, whole_set
from rag.whole_set import nearest_of_all

DIM = 64


def unit(rows: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def crowd(count: int, seed: int = 0) -> np.ndarray:
    """Unit vectors around forty centres, as passages on forty subjects would lie."""
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(99).standard_normal((40, DIM))
    return unit(centres[random.integers(0, 40, count)] + 0.5 * random.standard_normal((count, DIM)))


def brute(vectors: np.ndarray, query: np.ndarray, k: int) -> list[int]:
    return np.argsort(-(vectors @ query), kind="stable")[:k].tolist()


def places(found: list[index.Ranked]) -> list[list[int]]:
    return [[place for place, _ in ranking] for ranking in found]


def never() -> np.ndarray:
    raise AssertionError("an exact index needs no probes")


VECTORS, QUERIES = crowd(2000), crowd(60, seed=1)


def test_up_to_the_limit_search_is_exact_and_says_why() -> None:
    chosen = index.choose(VECTORS, never, exact_up_to=2000)
    assert chosen.record() == {
        "kind": "IndexFlatIP",
        "reason": "exact search: comparing all 2,000 vectors is cheap up to 2,000 passages",
    }
    assert places(index.nearest(chosen.index, QUERIES, 7)) == [brute(VECTORS, query, 7) for query in QUERIES]


def test_above_it_search_is_approximate_and_its_recall_is_the_true_one(tmp_path: Path) -> None:
    chosen = index.choose(VECTORS, lambda: QUERIES, exact_up_to=1999)
    record = chosen.record()
    index.write(chosen.index, tmp_path / "i")
    again = index.read(tmp_path / "i")
    found = places(index.nearest(again, QUERIES, 10))
    recall = np.mean([len({*row} & {*brute(VECTORS, q, 10)}) / 10 for row, q in zip(found, QUERIES, strict=True)])
    assert (record["kind"], record["measured_on"]) == ("IndexHNSWFlat", 60)
    assert record["recall_at_10"] == pytest.approx(recall, abs=1e-4)
    assert recall >= index.ENOUGH
    assert f"{100 * recall:.1f} % (measured on this index)" in record["reason"]
    np.testing.assert_array_equal(index.vectors_of(again), VECTORS)


def test_where_approximate_search_would_miss_too_much_search_stays_exact() -> None:
    # three thousand copies of one passage link only to each other, and cut the graph in two
    copies = np.repeat(crowd(1, seed=5), 3000, 0)
    chosen = index.choose(np.concatenate([VECTORS[:300], copies]), lambda: VECTORS[:50], exact_up_to=500)
    assert chosen.kind == "IndexFlatIP"
    assert chosen.reason.startswith("exact search, although there are more than 500 passages")
    assert chosen.recall_at_10 is not None
    assert chosen.recall_at_10 < index.ENOUGH
    assert places(index.nearest(chosen.index, VECTORS[:1], 1)) == [[0]]


def test_recall_counts_equal_passages_as_the_same_answer() -> None:
    assert index.recall_at_10(index.approximate(np.repeat(crowd(1), 500, 0)), crowd(5)) == 1.0


@pytest.mark.parametrize("make", [index.exact, index.approximate])
@pytest.mark.parametrize("share", [0.002, 0.3, 0.999])
def test_a_narrowed_search_is_exact_in_every_index(make: object, share: float) -> None:
    allowed = np.random.default_rng(3).random(len(VECTORS)) < share
    kept = np.flatnonzero(allowed)
    found = places(index.nearest(make(VECTORS), QUERIES, 5, allowed))  # type: ignore[operator]
    assert found == [kept[brute(VECTORS[kept], query, 5)].tolist() for query in QUERIES]
    assert index.nearest(make(VECTORS), QUERIES[:2], 5, np.zeros(len(VECTORS), bool)) == [[], []]  # type: ignore[operator]


# --- a whole test set at once -----------------------------------------------------------------------------------------

needs_bfloat16 = pytest.mark.skipif(not embed.fast_bfloat16(), reason="no fast bfloat16 here: float32 is used instead")


@pytest.mark.parametrize("make", [index.exact, index.approximate])
@pytest.mark.parametrize("k", [1, 10, 50])
def test_a_whole_set_finds_what_comparing_everything_finds(make: object, k: int) -> None:
    found = nearest_of_all(make(VECTORS), QUERIES, k)  # type: ignore[operator]
    assert places(found) == [brute(VECTORS, query, k) for query in QUERIES]
    for query, ranking in zip(QUERIES, found, strict=True):
        np.testing.assert_allclose([score for _, score in ranking], np.sort(VECTORS @ query)[::-1][:k], atol=1e-6)


def test_a_whole_set_larger_than_one_product_and_narrowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        whole_set, "PASSAGES", 500
    )  # blocks of passages and groups of questions that do not come out even
    monkeypatch.setattr(whole_set, "QUESTIONS", 7)
    allowed = np.random.default_rng(3).random(len(VECTORS)) < 0.6
    kept = np.flatnonzero(allowed)
    found = places(nearest_of_all(index.exact(VECTORS), QUERIES, 20, allowed))
    assert found == [kept[brute(VECTORS[kept], query, 20)].tolist() for query in QUERIES]


@needs_bfloat16
def test_passages_that_bfloat16_cannot_tell_apart_are_compared_exactly() -> None:
    # 2,000 passages whose cosines lie within a thousandth: the best of them in bfloat16 are not the best
    near = unit(crowd(1, seed=7) + 0.003 * np.random.default_rng(8).standard_normal((2000, DIM)))
    queries = unit(crowd(1, seed=7) + 0.003 * np.random.default_rng(9).standard_normal((40, DIM)))
    rough, _ = whole_set._candidates(near, queries, 10)
    true = [brute(near, query, 10) for query in queries]
    assert [sorted(row) for row in rough.tolist()] != [sorted(row) for row in true]
    found = nearest_of_all(index.exact(near), queries, 10)
    for query, ranking, best in zip(queries, found, true, strict=True):
        np.testing.assert_allclose([score for _, score in ranking], (near @ query)[best], atol=1e-6)


@needs_bfloat16
def test_no_cosine_is_further_off_in_bfloat16_than_is_allowed_for() -> None:
    import torch

    rough = torch.from_numpy(QUERIES).bfloat16() @ torch.from_numpy(VECTORS).bfloat16().T
    assert np.abs(rough.float().numpy() - QUERIES @ VECTORS.T).max() < whole_set.OFF


def test_a_whole_set_survives_questions_without_a_vector_and_small_collections() -> None:
    broken = QUERIES.copy()
    broken[3] = np.nan
    found = nearest_of_all(index.exact(VECTORS), broken, 5)
    assert found[3] == []
    assert places(found[:3]) == [brute(VECTORS, query, 5) for query in QUERIES[:3]]
    assert [len(row) for row in nearest_of_all(index.exact(VECTORS[:4]), QUERIES[:2], 10)] == [4, 4]
    assert nearest_of_all(index.exact(VECTORS), QUERIES[:0], 5) == []
