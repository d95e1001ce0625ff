"""The charts of a fine-tune: losses, task metric and the small ones; the checkpoint that is kept is marked on them."""

from __future__ import annotations

from typing import Any

import streamlit as st

from ui.charts import METRICS

KEPT = "kept checkpoint"
CHART = 340  # pixels: what a chart needs so that its legend stands whole
STEPS = {"field": "step", "type": "quantitative", "title": "Training step", "axis": {"tickMinStep": 1, "format": "d"}}
SMALL = {
    "learning_rate": ("Learning rate", ".2~e", 1), "gradient_norm": ("Gradient norm", ".3~g", 1),
    "tokens_per_second": ("Tokens per second", ",.0f", 1), "memory_bytes": ("Memory, MB", ",.0f", 1e6),
}  # fmt: skip


def checks_and_losses(rows: list[dict[str, Any]], best: int | None, key: str) -> None:
    """The losses and, where the task metric was measured, its chart beside them; ``best`` is the step that is kept."""
    checks = [row for row in rows if "mean" in row]
    with st.grid(2 if checks else 1, min_column_width=CHART):
        losses(rows, best, f"losses_{key}")
        if checks:
            metric(checks, best, f"metric_{key}")


def losses(rows: list[dict[str, Any]], best: int | None, key: str) -> None:
    """Training and validation loss by step; a rule at the checkpoint that is kept."""
    values = [
        {"step": row["step"], "loss": row[field], "rows": kind}
        for kind, field in (("training", "loss"), ("validation", "validation_loss"))
        for row in _thinned([row for row in rows if field in row])
    ]
    tips = [{"field": "rows", "type": "nominal", "title": "Rows"},
            {"field": "step", "type": "quantitative", "title": "Step"},
            {"field": "loss", "type": "quantitative", "title": "Loss", "format": ".4f"}]  # fmt: skip
    line = {
        "data": {"values": values},
        "mark": {"type": "line", "point": {"size": 40}},
        "encoding": {
            "x": STEPS, "tooltip": tips,
            "y": {"field": "loss", "type": "quantitative", "title": "Loss (lower is better)", "scale": {"zero": False}},
            "color": {"field": "rows", "type": "nominal", **_colours(best, "training", "validation")},
        },
    }  # fmt: skip
    spec = {"height": 300, "layer": [line, *_mark(best)]}
    st.vega_lite_chart(spec, key=key, alt="Training and validation loss by step, the kept checkpoint marked")


def metric(checks: list[dict[str, Any]], best: int | None, key: str) -> None:
    """The task metric at every checkpoint with its 95 % interval; step 0 is the untuned base."""
    name = METRICS[checks[-1]["metric"]]
    values = [
        {"step": row["step"], "n": row["n"], **{part: 100 * row[part] for part in ("mean", "low", "high")}}
        for row in checks
    ]
    titles = {"step": "Step", "mean": f"{name}, %", "low": "95 % from", "high": "to", "n": "Answers"}
    tips = [{"field": f, "type": "quantitative", "title": t, "format": ".4~g"} for f, t in titles.items()]
    title = f"{name} of {checks[-1]['n']} answers, %"
    across = {"field": "mean", "type": "quantitative", "title": title, "scale": {"domain": [0, 100]}}
    colour = {"datum": f"{name.lower()}, 95 % interval", **_colours(best, f"{name.lower()}, 95 % interval")}
    layers = [
        {"mark": {"type": "rule", "strokeWidth": 2, "opacity": 0.5},
         "encoding": {"x": STEPS, "y": {**across, "field": "low"}, "y2": {"field": "high"}, "color": colour}},
        {"mark": {"type": "line", "point": {"size": 60}},
         "encoding": {"x": STEPS, "y": across, "tooltip": tips, "color": colour}},
    ]  # fmt: skip
    spec = {"data": {"values": values}, "height": 300, "layer": [*layers, *_mark(best)]}
    st.vega_lite_chart(spec, key=key, alt=f"{name} at every checkpoint, the kept one marked")


def _colours(best: int | None, *lines: str) -> dict[str, Any]:
    """Colours and legend of a chart's lines and of the mark, which has the third colour everywhere."""
    domain, marks = [*lines, *[" "] * (2 - len(lines)), KEPT], [KEPT] if best is not None else []
    legend = {"orient": "top", "title": None, "values": [*lines, *marks], "symbolType": "stroke", "labelLimit": 260}
    return {"scale": {"domain": domain}, "legend": legend}


def _mark(best: int | None) -> list[dict[str, Any]]:
    """A dashed rule with its name at the step whose checkpoint is kept."""
    if best is None:
        return []
    data, colour = {"values": [{"step": best}]}, {"datum": KEPT}
    return [{"data": data, "mark": {"type": "rule", "strokeDash": [5, 4], "strokeWidth": 2},
             "encoding": {"x": STEPS, "color": colour}}]  # fmt: skip


def small(rows: list[dict[str, Any]], field: str, key: str) -> None:
    title, form, unit = SMALL[field]
    values = [{"step": row["step"], "value": row[field] / unit}
              for row in _thinned([row for row in rows if row.get(field) is not None])]  # fmt: skip
    axis = {
        "field": "value",
        "type": "quantitative",
        "title": title,
        "scale": {"zero": False},
        "axis": {"format": form},
    }
    tips = [{"field": "step", "type": "quantitative", "title": "Step"},
            {"field": "value", "type": "quantitative", "title": title, "format": form}]  # fmt: skip
    spec = {"data": {"values": values}, "height": 160, "mark": {"type": "line"},
            "encoding": {"x": STEPS, "y": axis, "tooltip": tips}}  # fmt: skip
    st.vega_lite_chart(spec, key=key, alt=f"{title} by step")


def _thinned(rows: list[dict[str, Any]], most: int = 300) -> list[dict[str, Any]]:
    """At most about so many points: every n-th, and the last."""
    every = max(1, len(rows) // most)
    return rows[::every] + (rows[-1:] if (len(rows) - 1) % every else [])
