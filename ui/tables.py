"""Scores as plain rows for st.dataframe."""

from __future__ import annotations

from typing import Any

import streamlit as st

from eval.told import cell

SHOWN_TAGS = 12
FLAWS = ("truncated", "over_budget", "empty", "abstained", "passages_dropped")


def systems(scores: dict[str, Any]) -> list[dict[str, Any]]:
    """One row per system: n, the two metrics with their intervals, seconds, and what was left out or odd."""
    rows = []
    for name, row in scores["systems"].items():
        odd = [f"{row[flaw]} {flaw.replace('_', ' ')}" for flaw in FLAWS if row.get(flaw)]
        if row["not_available"]:
            odd.insert(0, f"{row['not_available']} without a gold passage")
        rows.append({
            "System": name, "n": row["n"], "Exact match, %": cell(row["exact_match"]),
            "Token F1, %": cell(row["token_f1"]), "Seconds per answer": row["seconds_per_answer"],
            "Left out, and counts": "; ".join(odd),
        })  # fmt: skip
    return rows


def slices(scores: dict[str, Any], by: str, metric: str = "exact_match") -> list[dict[str, Any]]:
    """One row per task or tag with each system's mean in percent; the largest slices first."""
    sizes: dict[str, int] = {}
    for row in scores["systems"].values():
        for name, part in row[by].items():
            sizes[name] = max(sizes.get(name, 0), part["n"])
    found = []
    for name in sorted(sizes, key=lambda n: (-sizes[n], n))[:SHOWN_TAGS]:
        line: dict[str, Any] = {"Questions": name, "n": sizes[name]}
        for system, row in scores["systems"].items():
            value = row[by].get(name, {}).get(metric)
            line[system] = round(100 * value["mean"], 1) if value else None
        found.append(line)
    return found


def show(rows: list[dict[str, Any]], key: str, alt: str, percent: tuple[str, ...] = ()) -> None:
    """A table that fits its rows; ``percent`` columns with one decimal."""
    config: dict[str, Any] = {name: st.column_config.NumberColumn(format="%.1f") for name in percent}
    config["Seconds per answer"] = st.column_config.NumberColumn(format="%.3f")
    present = {name: value for name, value in config.items() if rows and name in rows[0]}
    height = "content" if len(rows) <= 20 else "auto"
    st.dataframe(rows, hide_index=True, column_config=present, key=key, alt=alt, height=height, placeholder="–")
