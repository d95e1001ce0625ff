"""What a comparison says in one sentence, and which of its pairs matter: the same for page, shell and report."""

from __future__ import annotations

import math
from typing import Any

from eval.figures import cell
from eval.statistics import FEW_GROUPS

CORNERS = ("base", "rag", "sft", "sft+rag")
TITLES = {
    "base": "Base", "rag": "RAG", "sft": "SFT", "sft+rag": "SFT + RAG",
    "gold": "Gold", "floor": "Floor",
}  # fmt: skip
PAIRS = (("base", "sft"), ("base", "rag"), ("sft", "rag"), ("sft", "sft+rag"), ("rag", "sft+rag"), ("rag", "gold"))


def sentences(scores: dict[str, Any], places: dict[str, str], metric: str = "exact_match") -> list[str]:
    """The sentence of each pair of corners that matters, in the order in which a reader asks."""
    return that_matter([pair for pair in scores["pairs"] if pair["metric"] == metric], places)


def that_matter(pairs: list[dict[str, Any]], places: dict[str, str]) -> list[str]:
    """The same of pairs that all use one measure."""
    wanted = [frozenset((places.get(a), places.get(b))) for a, b in PAIRS]
    found = {frozenset((pair["first"], pair["second"])): pair["sentence"] for pair in pairs}
    return [found[pair] for pair in wanted if pair in found]


def ranked(scores: dict[str, Any], places: dict[str, str]) -> list[str]:
    """The scored corners, the one with the most exact matches first."""
    rows = {corner: scores["systems"].get(places.get(corner, "")) for corner in CORNERS}
    scored = {corner: row["exact_match"]["mean"] for corner, row in rows.items() if row and row["exact_match"]}
    return sorted(scored, key=lambda corner: -scored[corner])


def headline(scores: dict[str, Any], places: dict[str, str]) -> str:
    """The best corner over all questions and how sure its lead over the next one is, then the kinds of questions where
    another is ahead of it: the mix decides who leads over all. "" where no corner was scored.

    Those kinds are ``scores["hidden"]["ahead"]`` (eval.hidden); scores from before have none.
    """
    corners = ranked(scores, places)
    if not corners:
        return ""
    first, best = corners[0], scores["systems"][places[corners[0]]]["exact_match"]
    if len(corners) == 1:
        return (
            f"{TITLES[first]} answers {cell(best)} % of {best['n']} questions right, with nothing to compare it with."
        )
    second = corners[1]
    said = f"Over all {best['n']} questions {TITLES[first]} answers best ({100 * best['mean']:.1f} % exact match), "
    said += _lead(scores, places[first], places[second], TITLES[second])
    titles = {places[corner]: TITLES[corner] for corner in corners}
    ahead = scores.get("hidden", {}).get("ahead", {})
    kinds = "; ".join(f"{titles[name]} is clearly ahead on {', '.join(tags)}" for name, tags in ahead.items())
    return f"{said}. It depends on the kind of question: {kinds}." if kinds else f"{said}."


def _lead(scores: dict[str, Any], first: str, second: str, title: str) -> str:
    """How far the first is ahead of the second, or why that cannot be told."""
    wanted = [
        p for p in scores["pairs"] if p["metric"] == "exact_match" and {p["first"], p["second"]} == {first, second}
    ]
    if not wanted:
        return f"and no question has an answer of both it and {title}"
    pair = wanted[0]
    low, high = sorted(100 * pair[bound] * (1 if pair["first"] == first else -1) for bound in ("low", "high"))
    if low > 0 and pair.get("sign", 1):
        return f"ahead of {title} by {abs(100 * pair['mean']):.1f} points ({low:.1f} to {high:.1f})"
    said = f"but not clearly ahead of {title}"
    if pair.get("groups", FEW_GROUPS) < FEW_GROUPS:
        return f"{said}: few independent groups ({pair['groups']}), indicative only"
    if low > 0 and pair.get("p_holm") is not None:
        return (
            f"{said}: among {pair['pairs']} pairs so much is to be expected by chance (Holm p = {pair['p_holm']:.3f})"
        )
    if pair.get("detectable"):
        return f"{said}: only a difference above {math.ceil(100 * pair['detectable'])} points would show"
    return said
