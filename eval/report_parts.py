"""What a report says of times, memory and wrong answers, as plain rows for page, shell and HTML alike."""

from __future__ import annotations

from typing import Any

from eval.why import LABELS

COSTS = ("System", "n", "Retrieving, s", "Prefill, s", "Decoding, s", "One answer, s", "Answers/s", "New tokens/s")


def cost_rows(scores: dict[str, Any]) -> list[tuple[str, ...]]:
    """One row per timed system in the columns of COSTS: median and, in brackets, 95th percentile; n single answers."""
    rows = []
    for name in scores["systems"]:
        if found := scores.get("latency", {}).get(name):
            through = scores["throughput"].get(name) or {"answers": 0, "tokens": 0}
            parts = [_spread(found.get(part)) for part in ("retrieving", "prefill", "decoding", "total")]
            many = (f"{through['answers']:.1f}", f"{through['tokens']:.0f}")
            rows.append((name, str(found["total"]["n"]), *parts, *many))
    return rows


def _spread(value: dict[str, Any] | None) -> str:
    return f"{value['median']:.3f} ({value['p95']:.3f})" if value else "–"


def memory_said(scores: dict[str, Any]) -> str:
    """The peak of memory in one sentence; "" where it was not taken."""
    found = scores.get("memory", {})
    if not found:
        return ""
    own = [f"{name} {mib:,.0f} MiB" for name, mib in found.get("systems", {}).items()]
    gpu = f" On the GPU, at most: {', '.join(own)}." if own else ""
    return f"The whole run took at most {found['run_mib']:,.0f} MiB of memory.{gpu}"


def why_rows(scores: dict[str, Any]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """(head, rows): wrong answers of every system by reason; no rows for runs scored without."""
    found = scores.get("why", {})
    named = [label for label in LABELS if any(label in counts for counts in found.values())]
    rows = [
        (name, str(scores["systems"][name]["n"]), str(sum(counts.values())), *(str(counts.get(k, 0)) for k in named))
        for name, counts in found.items()
    ]
    return ("system", "n", "wrong", *named), rows
