"""What a comparison says in words: the leader, and the pairs that matter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ui.square import CORNERS, TITLES

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


def leader(scores: dict[str, Any], places: dict[str, str], ahead: Mapping[str, Sequence[str]]) -> str:
    """The best corner over all questions and how sure its lead over the next one is, then the kinds of questions where
    another is ahead of it: the mix decides who leads over all. "" without two scored corners.

    ``ahead`` is {system: kinds of questions}, from eval.hidden.clearly_ahead.
    """
    corners = ranked(scores, places)
    if len(corners) < 2:
        return ""
    first, second = corners[:2]
    best = scores["systems"][places[first]]["exact_match"]
    said = f"Over all {best['n']} questions {TITLES[first]} answers best ({100 * best['mean']:.1f} % exact match), "
    said += _lead(scores, places[first], places[second], TITLES[second])
    titles = {places[corner]: TITLES[corner] for corner in corners}
    kinds = "; ".join(f"{titles[name]} is clearly ahead on {', '.join(tags)}" for name, tags in ahead.items())
    return f"{said}. It depends on the kind of question: {kinds}." if kinds else f"{said}."


def _lead(scores: dict[str, Any], first: str, second: str, title: str) -> str:
    for pair in scores["pairs"]:
        if pair["metric"] == "exact_match" and {pair["first"], pair["second"]} == {first, second}:
            points = sorted(100 * pair[bound] * (1 if pair["first"] == first else -1) for bound in ("low", "high"))
            if points[0] > 0 and pair.get("sign", 1):
                mean = abs(100 * pair["mean"])
                return f"ahead of {title} by {mean:.1f} points ({points[0]:.1f} to {points[1]:.1f})"
    return f"but not clearly ahead of {title}"
