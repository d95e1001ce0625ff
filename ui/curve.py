"""A fine-tune as it goes: its newest numbers, its curves, and the checkpoint that is kept, marked on them."""

from __future__ import annotations

from typing import Any

import streamlit as st

from data import jobs
from data.shell import duration
from eval.figures import cell
from sft.curve import latest, lived
from ui import cached
from ui.charts import METRICS
from ui.frame import plain

KEPT = "kept checkpoint"
CHART = 340  # pixels: what a chart needs so that its legend stands whole
STEPS = {"field": "step", "type": "quantitative", "title": "Training step", "axis": {"tickMinStep": 1, "format": "d"}}
SMALL = {
    "learning_rate": ("Learning rate", ".2~e", 1), "gradient_norm": ("Gradient norm", ".3~g", 1),
    "tokens_per_second": ("Tokens per second", ",.0f", 1), "memory_bytes": ("Memory, MB", ",.0f", 1e6),
}  # fmt: skip


def draw(run: jobs.Run) -> None:
    """Everything measured of a fine-tune so far; says what will be here while there is nothing."""
    rows = lived(cached.curve(run))
    if not run.ended:
        _numbers(run, latest(rows))
    if not any("loss" in row or "validation_loss" in row for row in rows):
        if not run.ended:
            st.caption("The first loss appears after the first steps.")
        return
    _kept(run)
    best = run.status.get("best_step")
    checks = [row for row in rows if "mean" in row]
    with st.grid(2 if checks else 1, min_column_width=CHART):
        losses(rows, best, f"losses_{run.id}")
        if checks:
            _metric(checks, best, f"metric_{run.id}")
    with st.expander("Learning rate, gradient norm, speed and memory", key=f"small_{run.id}"), st.grid(2):
        for field in SMALL:
            _small(rows, field, f"{field}_{run.id}")


def result(summary: dict[str, Any]) -> str:
    """What a fine-tune came to, in one sentence."""
    said = f"{summary['name']}: {summary['steps']} steps"
    if (loss := summary.get("validation_loss")) is not None:
        said += f"; kept after step {summary['best_step']}, validation loss {loss:.3f}"
    if "metric" in summary:
        value = cell({part: summary[f"metric_{part}"] for part in ("mean", "low", "high")})
        said += f", {METRICS[summary['metric']].lower()} {value} % (n = {summary['metric_n']})"
    return said + "."


def halted(run: jobs.Run) -> str:
    """Where a fine-tune that was stopped, or that died, stands, and what a resume does."""
    done, total = run.status.get("done", 0), run.status.get("total", 0)
    if not total:
        return "It ended before its first step. Resume begins again."
    return f"It ended after step {done} of {total}. Resume goes on from its last whole checkpoint."


def _numbers(run: jobs.Run, now: dict[str, Any]) -> None:
    """The newest value of everything, a dash for what is not known yet."""
    left = run.status.get("seconds_left")
    name = METRICS.get(now.get("metric", ""), "Task metric")
    spread = f"{100 * now['low']:.0f} to {100 * now['high']:.0f} %, n = {now['n']}" if "mean" in now else ""
    shown = [
        ("Training loss", _form(now.get("loss"), ".3f"), ""),
        ("Validation loss", _form(now.get("validation_loss"), ".3f"), ""),
        (name, f"{100 * now['mean']:.1f} %" if "mean" in now else "–", spread),
        ("Time left", duration(left) if left is not None else "–", "evaluations counted"),
        ("Learning rate", _form(now.get("learning_rate"), ".2e"), ""),
        ("Gradient norm", _form(now.get("gradient_norm"), ".3g"), ""),
        ("Tokens per second", _form(now.get("tokens_per_second"), ",.0f"), ""),
        ("Memory", f"{now['memory_bytes'] / 1e6:,.0f} MB" if "memory_bytes" in now else "–", ""),
    ]
    with st.grid(4, min_column_width=150, key=f"numbers_{run.id}"):
        for label, value, below in shown:
            with st.container(gap=None):
                st.caption(label)
                st.markdown(f"**{plain(value)}**")
                if below:
                    st.caption(plain(below))


def _form(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)


def _kept(run: jobs.Run) -> None:
    """Which checkpoint is kept, by what, and why that."""
    rule, best = run.status.get("criterion"), run.status.get("best_step")
    if not rule:
        return
    metric = METRICS.get(rule.get("metric", ""), "").lower()
    what = {"metric": f"the highest {metric}, and of equal ones the lowest validation loss",
            "loss": "the lowest validation loss", "last": "being the last"}[rule["keep"]]  # fmt: skip
    begun = f"Kept: the checkpoint after step {best}" if best is not None else "The checkpoint to keep is chosen"
    text = f"{begun}, by {what} ({rule['reason']})."
    if rule["stop"] not in (rule["keep"], "last"):
        looked = {
            "loss": "the validation loss",
            "both": f"{metric} and validation loss: it waits for both to stand still",
        }
        text += f" Early stopping looks at {looked.get(rule['stop'], metric)}."
    if metric:
        text += (f" At every checkpoint {rule['asked']} are asked, and before the first step the untuned base is, as "
                 f"step 0. The metric is {metric}: {rule['metric_reason']}.")  # fmt: skip
    st.caption(plain(text))


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


def _metric(checks: list[dict[str, Any]], best: int | None, key: str) -> None:
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


def _small(rows: list[dict[str, Any]], field: str, key: str) -> None:
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
