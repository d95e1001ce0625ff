"""Charts as Vega-Lite descriptions with their data inside; colours come from the theme, so both themes can be read."""

from __future__ import annotations

from typing import Any

import streamlit as st

METRICS = {"exact_match": "Exact match", "token_f1": "Token F1"}


def intervals(scores: dict[str, Any], metric: str, key: str, step: int = 34) -> None:
    """One dot with its 95 % interval per system."""
    names, values = list(scores["systems"]), []
    for name, row in scores["systems"].items():
        if found := row[metric]:
            points = {part: round(100 * found[part], 2) for part in ("mean", "low", "high")}
            values.append({"system": name, **points, "n": found["n"]})
    title = f"{METRICS[metric]}, % of questions" if metric == "exact_match" else f"{METRICS[metric]}, %"
    across = {"field": "mean", "type": "quantitative", "title": title, "scale": {"domain": [0, 100]}}
    named = {"system": "System", "mean": "Mean", "low": "95 % from", "high": "to", "n": "Questions"}
    tips = [{"field": field, "type": "nominal", "title": words} for field, words in named.items()]
    colour = {"field": "system", "type": "nominal", "legend": None, "sort": names}
    spec = {
        "data": {"values": values}, "height": {"step": step},
        "encoding": {"y": {"field": "system", "type": "nominal", "sort": names, "title": None,
                           "axis": {"labelLimit": 240}}},
        "layer": [
            {"mark": {"type": "rule", "strokeWidth": 3, "opacity": 0.65},
             "encoding": {"x": {**across, "field": "low"}, "x2": {"field": "high"}, "color": colour, "tooltip": tips}},
            {"mark": {"type": "point", "filled": True, "size": 130, "opacity": 1},
             "encoding": {"x": across, "color": colour, "tooltip": tips}},
        ],
    }  # fmt: skip
    st.vega_lite_chart(spec, key=key, alt=f"{METRICS[metric]} of each system with its 95 % interval")


def losses(curve: list[dict[str, Any]], key: str) -> None:
    """Training and validation loss by step, as far as the run has come."""
    values = [
        {"step": row["step"], "loss": row[field], "rows": kind}
        for kind, field in (("training", "loss"), ("validation", "validation_loss"))
        for row in _thinned([row for row in curve if field in row])
    ]
    if not values:
        st.caption("The first loss appears after the first steps.")
        return
    colour = {"field": "rows", "type": "nominal", "title": None, "sort": ["training", "validation"]}
    spec = {
        "data": {"values": values}, "height": 320,
        "mark": {"type": "line", "point": {"size": 40}},
        "encoding": {
            "x": {"field": "step", "type": "quantitative", "title": "Training step", "axis": {"tickMinStep": 1}},
            "y": {"field": "loss", "type": "quantitative", "title": "Loss (lower is better)", "scale": {"zero": False}},
            "color": colour | {"legend": {"orient": "top", "title": None}},
            "tooltip": [{"field": "rows", "type": "nominal", "title": "Rows"},
                        {"field": "step", "type": "quantitative", "title": "Step"},
                        {"field": "loss", "type": "quantitative", "title": "Loss", "format": ".4f"}],
        },
    }  # fmt: skip
    st.vega_lite_chart(spec, key=key, alt="Training and validation loss by step")


def _thinned(rows: list[dict[str, Any]], most: int = 300) -> list[dict[str, Any]]:
    """At most about so many points: every n-th, and the last."""
    every = max(1, len(rows) // most)
    return rows[::every] + (rows[-1:] if (len(rows) - 1) % every else [])
