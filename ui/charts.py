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
