"""What a comparison says in words: the leader, and the pairs that matter."""

from __future__ import annotations

from typing import Any

from ui.square import CORNERS, TITLES

PAIRS = (("base", "sft"), ("base", "rag"), ("sft", "rag"), ("sft", "sft+rag"), ("rag", "sft+rag"), ("rag", "gold"))


def sentences(scores: dict[str, Any], places: dict[str, str], metric: str = "exact_match") -> list[str]:
    """The sentence of each pair of corners that matters, in the order in which a reader asks."""
    wanted = [frozenset((places.get(a), places.get(b))) for a, b in PAIRS]
    found = {frozenset((p["first"], p["second"])): p["sentence"] for p in scores["pairs"] if p["metric"] == metric}
    return [found[pair] for pair in wanted if pair in found]


def leader(scores: dict[str, Any], places: dict[str, str]) -> str:
    """One sentence on the best corner and how sure its lead over the next one is; "" without two scored corners."""
    means = {}
    for corner in CORNERS:
        row = scores["systems"].get(places.get(corner, ""))
        if row and row["exact_match"]:
            means[corner] = row["exact_match"]["mean"]
    if len(means) < 2:
        return ""
    first, second = sorted(means, key=lambda corner: -means[corner])[:2]
    names = {places[first], places[second]}
    sure = next(
        (p["low"] > 0 or p["high"] < 0 for p in scores["pairs"]
         if p["metric"] == "exact_match" and {p["first"], p["second"]} == names), False,
    )  # fmt: skip
    tail = f"clearly ahead of {TITLES[second]}" if sure else f"but not clearly ahead of {TITLES[second]}"
    return f"{TITLES[first]} answers best here ({100 * means[first]:.1f} % exact match), {tail}."
