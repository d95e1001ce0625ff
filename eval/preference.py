"""What votes amount to: Bradley-Terry strengths, position bias, agreement of raters (of metrics: eval.agreement).

The model is Bradley and Terry's (1952): P(i beats j) = e^si / (e^si + e^sj). A tie, and "both bad", count as half a win
for each side. Strengths are fitted by choix (Maystre and Grossglauser 2015) with a little regularisation, so that a
system that never lost has a finite one; they are differences on the log-odds scale and sum to zero.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from eval.statistics import FEW_GROUPS, Estimate, estimate
from eval.votes import BAD, LEFT, RIGHT, TIE, Vote

RESAMPLES, SEED = 1_000, 20_231
REGULARISATION = 0.1  # of choix: as if each system had beaten each other a tenth of a time


@dataclass(frozen=True)
class Strength:
    """One system: strength (log-odds, mean 0) with its 95 % interval, and the votes that it rests on."""

    system: str
    strength: float
    low: float
    high: float
    wins: int
    losses: int
    ties: int
    both_bad: int


def strengths(votes: Sequence[Vote], systems: Sequence[str]) -> list[Strength]:
    """The systems, strongest first. Intervals come from resampling questions: votes on one are not independent."""
    questions = sorted({vote.example for vote in votes})
    by_question = np.stack([_wins([v for v in votes if v.example == one], systems) for one in questions])
    fitted = _fit(by_question.sum(axis=0))
    random = np.random.default_rng(SEED)
    drawn = random.integers(0, len(questions), size=(RESAMPLES, len(questions)))
    spread = np.stack([_fit(by_question[one].sum(axis=0)) for one in drawn])
    low, high = np.percentile(spread, [2.5, 97.5], axis=0)
    found = [
        Strength(name, float(fitted[i]), float(low[i]), float(high[i]), *_counts(votes, name))
        for i, name in enumerate(systems)
    ]
    return sorted(found, key=lambda one: -one.strength)


def strength_rows(votes: Sequence[Vote], systems: Sequence[str]) -> list[dict[str, Any]]:
    """The same as rows of a table."""
    return [
        {"System": one.system, "Strength": f"{one.strength:+.2f} ({one.low:+.2f} to {one.high:+.2f})",
         "Wins": one.wins, "Losses": one.losses, "Ties": one.ties, "Both bad": one.both_bad}
        for one in strengths(votes, systems)
    ]  # fmt: skip


def strengths_note(votes: Sequence[Vote]) -> str:
    """What has to be known to read strengths."""
    return (
        f"Strengths are log-odds after Bradley and Terry, with 95 % intervals over {len({v.example for v in votes})} "
        "questions; a tie, or both bad, is half a win for each side."
    )


def _wins(votes: Sequence[Vote], systems: Sequence[str]) -> np.ndarray:
    """[i, j]: how often system i beat system j, half a time for each tie."""
    place = {name: i for i, name in enumerate(systems)}
    wins = np.zeros((len(systems), len(systems)))
    for vote in votes:
        left, right = place[vote.left], place[vote.right]
        wins[left, right] += {LEFT: 1.0, RIGHT: 0.0}.get(vote.choice, 0.5)
        wins[right, left] += {LEFT: 0.0, RIGHT: 1.0}.get(vote.choice, 0.5)
    return wins


def _fit(wins: np.ndarray) -> np.ndarray:
    import choix  # brings scipy: only where there are votes to count

    return np.asarray(choix.ilsr_pairwise_dense(wins, alpha=REGULARISATION))


def _counts(votes: Sequence[Vote], system: str) -> tuple[int, int, int, int]:
    own = [vote for vote in votes if system in (vote.left, vote.right)]
    wins = sum(vote.winner == system for vote in own)
    ties, bad = (sum(vote.choice == choice for vote in own) for choice in (TIE, BAD))
    return wins, len(own) - wins - ties - bad, ties, bad


def head_to_head(votes: Sequence[Vote], first: str, second: str) -> tuple[str, Estimate | None]:
    """(sentence, share of the decisive votes that chose ``first``, with its interval over questions)."""
    own = [vote for vote in votes if {vote.left, vote.right} == {first, second}]
    decisive = [vote for vote in own if vote.winner]
    share = estimate([float(vote.winner == first) for vote in decisive], [vote.example for vote in decisive])
    if not share:
        return f"{first} and {second}: no vote preferred one ({len(own)} votes).", None
    counted = f"{100 * share.low:.0f} to {100 * share.high:.0f} %; {share.n} decisive of {len(own)} votes"
    said = f"{first} was preferred to {second} in {100 * share.mean:.0f} % ({counted}, {share.groups} questions)"
    if share.groups < FEW_GROUPS:
        return f"Few votes, indicative only: {said}.", share
    if share.low <= 0.5 <= share.high:
        return f"Cannot tell: {said}.", share
    return f"{said}.", share


def all_pairs(votes: Sequence[Vote], systems: Sequence[str]) -> list[str]:
    """One sentence for every two systems that were voted on."""
    voted = {frozenset((vote.left, vote.right)) for vote in votes}
    return [head_to_head(votes, a, b)[0] for a, b in combinations(systems, 2) if frozenset((a, b)) in voted]


def position_bias(votes: Sequence[Vote]) -> tuple[str, float | None]:
    """(sentence, two-sided exact binomial p-value) for whether the side itself attracts votes; sides are random."""
    from scipy.stats import binomtest

    sides = Counter(vote.choice for vote in votes if vote.winner)
    n = sides[LEFT] + sides[RIGHT]
    if not n:
        return "No decisive vote yet, so nothing can be said of the sides.", None
    p = float(binomtest(sides[LEFT], n).pvalue)
    said = f"The left answer won {sides[LEFT]} of {n} decisive votes (p = {p:.2g} if sides do not matter)"
    return f"{said}{': the votes lean to one side' if p < 0.05 else ''}.", p


def raters(votes: Sequence[Vote]) -> tuple[dict[str, int], Estimate | None]:
    """(votes of each rater, share of the pairs voted on by two raters on which both chose alike)."""
    each = Counter(vote.rater for vote in votes)
    by_pair: dict[tuple[str, frozenset[str]], list[Vote]] = {}
    for vote in votes:
        by_pair.setdefault(vote.pair, []).append(vote)
    both = [(a, b) for given in by_pair.values() for a, b in combinations(given, 2)]
    alike = [float((a.winner or "none") == (b.winner or "none")) for a, b in both]
    return dict(sorted(each.items())), estimate(alike, [a.example for a, _ in both])
