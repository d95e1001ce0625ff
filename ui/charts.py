"""Charts as Vega-Lite descriptions with their data inside; colours come from the theme, so both themes can be read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from eval.figures import ahead_first
from eval.statistics import FEW_GROUPS

NAMED = {"labelLimit": 260, "labelFlush": False, "labelBound": False}
"""An axis of names: each label stands in the middle of its row, the first one too."""
METRICS = {"exact_match": "Exact match", "token_f1": "Token F1"}


def intervals(scores: dict[str, Any], metric: str, key: str, step: int = 34) -> None:
    """One dot with its 95 % interval per system."""
    names, values = list(scores["systems"]), []
    for name, row in scores["systems"].items():
        if found := row[metric]:
            points = {part: round(100 * found[part], 2) for part in ("mean", "low", "high")}
            values.append({"system": name, **points, "n": found["n"]})
    across = {"field": "mean", "type": "quantitative", "title": f"{METRICS[metric]}, %", "scale": {"domain": [0, 100]}}
    named = {"system": "System", "mean": "Mean", "low": "95 % from", "high": "to", "n": "Questions"}
    tips = [{"field": field, "type": "nominal", "title": words} for field, words in named.items()]
    colour = {"field": "system", "type": "nominal", "legend": None, "sort": names}
    spec = {
        "data": {"values": values}, "height": {"step": step},
        "encoding": {"y": {"field": "system", "type": "nominal", "sort": names, "title": None,
                           "axis": NAMED}},
        "layer": [
            {"mark": {"type": "rule", "strokeWidth": 3, "opacity": 0.65},
             "encoding": {"x": {**across, "field": "low"}, "x2": {"field": "high"}, "color": colour, "tooltip": tips}},
            {"mark": {"type": "point", "filled": True, "size": 130, "opacity": 1},
             "encoding": {"x": across, "color": colour, "tooltip": tips}},
        ],
    }  # fmt: skip
    st.vega_lite_chart(spec, key=key, alt=f"{METRICS[metric]} of each system with its 95 % interval")


def _ink() -> str:
    """The theme's text colour, which Vega's marks do not take by themselves."""
    return "#e6eaf0" if st.context.theme.type == "dark" else "#1b2430"


def differences(rows: list[dict[str, Any]], what: str, key: str) -> None:
    """One dot with its 95 % interval per pair, the system that is ahead named first; filled where the lead is clear."""
    values = [_drawn(ahead_first(row)) for row in rows]
    across = {"field": "mean", "type": "quantitative", "title": f"Difference, points of {what}"}
    named = {"pair": "Pair", "mean": "Points", "low": "95 % from", "high": "to", "n": "Questions", "groups": "Groups"}
    tips = [{"field": field, "type": "nominal", "title": words} for field, words in named.items()]
    rests = {"field": "pair", "type": "nominal", "sort": [value["pair"] for value in values], "title": None}
    colour = {"field": "said", "type": "nominal", "sort": SURE, "scale": {"domain": SURE},
              "legend": {"orient": "top", "title": None}}  # fmt: skip
    spec = {
        "data": {"values": values}, "height": {"step": 26},
        "encoding": {"y": rests | {"axis": NAMED}},
        "layer": [
            {"mark": {"type": "rule", "strokeDash": [4, 4], "color": _ink()},
             "encoding": {"x": {"datum": 0}, "y": None}},
            {"mark": {"type": "rule", "strokeWidth": 3, "opacity": 0.65},
             "encoding": {"x": {**across, "field": "low"}, "x2": {"field": "high"}, "color": colour, "tooltip": tips}},
            {"mark": {"type": "point", "filled": True, "size": 110, "opacity": 1},
             "encoding": {"x": across, "color": colour, "shape": colour, "tooltip": tips}},
        ],
    }  # fmt: skip
    st.vega_lite_chart(spec, key=key, alt=f"Differences between systems in {what}, with 95 % intervals")


SURE = ["clear", "cannot tell", "few groups"]


def _drawn(row: Mapping[str, Any]) -> dict[str, Any]:
    said = SURE[2] if row["groups"] < FEW_GROUPS else SURE[0] if row.get("sign") else SURE[1]
    return {"pair": f"{row['first']} − {row['second']}", "n": row["n"], "groups": row["groups"], "said": said,
            **{part: round(100 * row[part], 2) for part in ("low", "mean", "high")}}  # fmt: skip


def confusion(found: dict[str, Any], key: str, alt: str) -> None:
    """Counts of given classes per true class; the darker, the larger the share of its row."""
    values = [
        {"true": true, "given": given, "count": count, "share": round(count / max(1, sum(counts)), 3)}
        for true, counts in zip(found["truth"], found["counts"], strict=True)
        for given, count in zip(found["given"], counts, strict=True)
    ]
    axes = {
        "y": {"field": "true", "type": "nominal", "sort": found["truth"], "title": "True class"},
        "x": {"field": "given", "type": "nominal", "sort": found["given"], "title": "Answered", "axis": {
            "labelAngle": -60, "labelOverlap": False, "orient": "top", "labelLimit": 140}},
    }  # fmt: skip
    tips = [{"field": field, "type": "nominal", "title": words}
            for field, words in (("true", "True"), ("given", "Answered"), ("count", "Questions"))]  # fmt: skip
    shade = {"field": "share", "type": "quantitative", "legend": None, "scale": {"domain": [0, 1], "range": [0, 0.55]}}
    spec = {
        "data": {"values": values}, "height": {"step": 34}, "encoding": axes,
        "layer": [
            {"mark": {"type": "rect"}, "encoding": {"fillOpacity": shade, "tooltip": tips}},
            {"transform": [{"filter": "datum.count > 0"}], "mark": {"type": "text", "fontSize": 13, "color": _ink()},
             "encoding": {"text": {"field": "count", "type": "quantitative"}, "tooltip": tips}},
        ],
    }  # fmt: skip
    st.vega_lite_chart(spec, key=key, alt=alt)
