"""What pocket must reach and what it aims at, beside what the report measured."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean
from typing import Any

Row = tuple[str, float | None, str, float, float]
"""(what, measured or None where it was left out, "at least" or "at most", must, aim)"""


def rows(figures: dict[str, Any]) -> list[Row]:
    """One row per target, from the figures of ``report.measure``."""
    exams, learned = figures["exams"], figures["learning"] or {}
    facts = learned.get("facts", {})

    def over(metric: str, *titles: str) -> float | None:
        return round(mean(exams[t][metric] for t in titles), 3) if all(t in exams for t in titles) else None

    known = ("invented facts, one sentence a passage", "invented facts, paragraphs")
    held = ("held-out wordings, one sentence a passage", "held-out wordings, paragraphs")
    trained = ("real paragraphs, wikipedia", "real paragraphs, privacy_policies")
    unfamiliar = ("real paragraphs, amazon_reviews", "real paragraphs, reddit")
    lost = round(facts["reading_before"] - facts["reading_after"], 3) if facts else None
    least, most = "at least", "at most"
    return [
        ("invented facts, unseen names and values: exact match", over("exact_match", *known), least, 0.90, 0.97),
        ("the same in held-out wordings: exact match", over("exact_match", *held), least, 0.60, 0.85),
        ("abstains when the fact is missing", over("abstains", "fact missing"), least, 0.85, 0.95),
        ("abstains wrongly when it is there", over("abstains", *known), most, 0.10, 0.03),
        ("real paragraphs, held-out articles: token F1", over("token_f1", *trained), least, 0.20, 0.50),
        ("unfamiliar real text: token F1", over("token_f1", *unfamiliar), least, 0.15, 0.40),
        ("300 facts taught, other words, closed-book: exact match", facts.get("other_words"), least, 0.60, 0.90),
        ("minutes of that fine-tune", facts.get("minutes"), most, 5.0, 5.0),
        ("reading lost by that fine-tune", lost, most, 0.05, 0.0),
        ("real labels after a fine-tune: accuracy", learned.get("labels", {}).get("accuracy"), least, 0.80, 0.92),
        ("answers a second, 600-token prompts", figures["answers_per_second_600_tokens"], least, 4.0, 8.0),
    ]


def verdict(row: Row) -> str:
    """ "aim", "must" or "missed" for what was reached; "not measured" without a figure."""
    _, found, sense, must, aim = row
    if found is None:
        return "not measured"
    sign = 1 if sense == "at least" else -1
    return "aim" if sign * found >= sign * aim else "must" if sign * found >= sign * must else "missed"


def table(found: Sequence[Row]) -> list[str]:
    """The rows as a Markdown table."""
    lines = ["| on text the recipe never saw | measured | must | aim | reached |", "|---|--:|--:|--:|---|"]
    for row in found:
        what, figure, sense, must, aim = row
        shown = "–" if figure is None else f"{figure:g}"
        sign = "≥" if sense == "at least" else "≤"
        lines.append(f"| {what} | {shown} | {sign} {must:g} | {sign} {aim:g} | {verdict(row)} |")
    return lines
