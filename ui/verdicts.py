"""What a comparison says in words: the leader, and the pairs that matter."""

from __future__ import annotations

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


def leader(scores: dict[str, Any], places: dict[str, str]) -> str:
    """The best corner over all questions and how sure its lead over the next one is, then the kinds of questions where
    another is ahead: the mix decides who leads over all. "" without two scored corners."""
    rows = {corner: scores["systems"].get(places.get(corner, "")) for corner in CORNERS}
    scored = {corner: row for corner, row in rows.items() if row and row["exact_match"]}
    if len(scored) < 2:
        return ""
    first, second = sorted(scored, key=lambda corner: -scored[corner]["exact_match"]["mean"])[:2]
    best = scored[first]["exact_match"]
    said = f"Over all {best['n']} questions {TITLES[first]} answers best ({100 * best['mean']:.1f} % exact match), "
    said += _lead(scores, places[first], places[second], TITLES[second])
    others = _ahead(scored, first)
    kinds = "; ".join(f"{TITLES[corner]} is ahead on {', '.join(tags)}" for corner, tags in others.items())
    return f"{said}. It depends on the kind of question: {kinds}." if kinds else f"{said}."


def _lead(scores: dict[str, Any], first: str, second: str, title: str) -> str:
    for pair in scores["pairs"]:
        if pair["metric"] == "exact_match" and {pair["first"], pair["second"]} == {first, second}:
            points = sorted(100 * pair[bound] * (1 if pair["first"] == first else -1) for bound in ("low", "high"))
            if points[0] > 0 and pair.get("sign", 1):
                mean = abs(100 * pair["mean"])
                return f"ahead of {title} by {mean:.1f} points ({points[0]:.1f} to {points[1]:.1f})"
    return f"but not clearly ahead of {title}"


def _ahead(scored: dict[str, Any], first: str) -> dict[str, list[str]]:
    """{corner: the tags on which its mean is the highest of all, where the leader's is lower}."""
    found: dict[str, list[str]] = {}
    for tag in scored[first].get("tags", {}):
        parts = {corner: row["tags"].get(tag, {}).get("exact_match") for corner, row in scored.items()}
        means = {corner: part["mean"] for corner, part in parts.items() if part}
        best = max(means, key=lambda corner: means[corner], default=first)
        if means and means[best] > means.get(first, 0.0):
            found.setdefault(best, []).append(tag)
    return found
