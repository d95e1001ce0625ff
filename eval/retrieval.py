"""How well a ranking finds what it should: recall, hit rate, reciprocal rank and nDCG. Pure; no model, no disk.

A question has a set of gold passages, any of which holds what was asked for. How many they are depends on how documents
are cut, so measures that count all of them (recall, nDCG) compare cuttings less fairly than the two that look at the
first one found (hit, reciprocal rank).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from eval.statistics import Estimate, estimate


@dataclass(frozen=True)
class Outcome:
    """What one ranking found of one question's gold: the ranks (from 1, ascending) and how many there are in all."""

    ranks: tuple[int, ...]
    gold: int


def outcome(ranked: Sequence[str], gold: Collection[str]) -> Outcome:
    """Judge a ranking of passage ids, best first, against the ids of the gold passages.

    Raises ValueError without gold: such a question is left out and counted, never scored 0. A passage listed twice
    counts where it stands first.
    """
    if not gold:
        raise ValueError("a question without a gold passage cannot be judged")
    first: dict[str, int] = {}
    for rank, name in enumerate(ranked, 1):
        first.setdefault(name, rank)
    return Outcome(tuple(sorted(first[name] for name in set(gold) if name in first)), len(set(gold)))


def recall(found: Outcome, k: int) -> float:
    """Recall@k = (gold passages among the first k) / (all gold passages)."""
    return sum(rank <= k for rank in found.ranks) / found.gold


def hit(found: Outcome, k: int) -> float:
    """Hit@k: 1 if at least one gold passage is among the first k, else 0."""
    return float(any(rank <= k for rank in found.ranks))


def reciprocal_rank(found: Outcome, k: int) -> float:
    """1 / (rank of the first gold passage), 0 when none is among the first k.

    Its mean over questions is MRR@k: Voorhees (1999), "The TREC-8 Question Answering Track Report".
    """
    return 1.0 / found.ranks[0] if found.ranks and found.ranks[0] <= k else 0.0


def ndcg(found: Outcome, k: int) -> float:
    """nDCG@k = DCG / ideal DCG, with DCG = sum over gold passages at ranks r <= k of 1 / log2(1 + r).

    The ideal has all gold passages first. Järvelin and Kekäläinen (2002), "Cumulated gain-based evaluation of IR
    techniques", TOIS 20(4), with gain 1 and the discount that is usual today (theirs divides by log2 r from rank 2 on).
    """
    gained = sum(_discount(rank) for rank in found.ranks if rank <= k)
    return gained / sum(_discount(rank) for rank in range(1, min(found.gold, k) + 1))


def _discount(rank: int) -> float:
    return 1.0 / math.log2(1 + rank)


MEASURES: dict[str, Callable[[Outcome, int], float]] = {
    "mrr": reciprocal_rank, "hit": hit, "recall": recall, "ndcg": ndcg,
}  # fmt: skip
WORDS = {"mrr": "MRR", "hit": "hit rate", "recall": "recall", "ndcg": "nDCG"}


def values(found: Mapping[str, Outcome], measure: str, k: int) -> list[float]:
    """One measure of every question, in their order."""
    return [MEASURES[measure](one, k) for one in found.values()]


def means(found: Mapping[str, Outcome], clusters: Mapping[str, str], k: int) -> dict[str, Estimate | None]:
    """The mean of every measure with its 95 % interval; None without questions.

    ``clusters`` names the independent unit of each question, over which intervals are resampled.
    """
    groups = [clusters[name] for name in found]
    return {measure: estimate(values(found, measure, k), groups) for measure in MEASURES}
