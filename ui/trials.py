"""A search as it goes: the trial under way, what every trial has come to, and their curves."""

from __future__ import annotations

from typing import Any

import streamlit as st

from data import jobs
from data.options import from_saved
from eval.figures import cell
from sft.config import TrainConfig
from sft.curve import latest
from sft.sought import Trial, rows, settled, standing
from sft.starved import starved
from ui import cached, tables
from ui.charts import METRICS
from ui.frame import plain


def draw(run: jobs.Run) -> None:
    """The newest numbers of the trial under way, the table of trials with a finished round, and all curves so far."""
    measured, summary = cached.curve(run), run.status.get("summary") or {}
    trials = _ordered(run)
    if measured and not run.ended:
        st.caption(plain(_now(measured, trials)))
    found = summary.get("rows_of_search") or rows(list(standing(run.folder).values()))
    if found:
        _table(run, found, summary)
    elif not run.ended:
        st.caption("The first trial appears in a table when its first round is over.")
    points = {(row["trial"], row["step"]): row["validation_loss"] for row in measured if "validation_loss" in row}
    if points:
        _curves(
            [{"step": step, "loss": loss, "trial": f"{place + 1}: {trials[place].words}"}
             for (place, step), loss in sorted(points.items())],
            f"search_curves_{run.id}",
        )  # fmt: skip


def result(summary: dict[str, Any]) -> str:
    """What a search came to, in one sentence."""
    return f"{summary['name']}: {summary['reason']}."


def died(run: jobs.Run) -> str:
    """Where memory may be why a search died: that, and what to do; else empty."""
    return starved(run, cached.curve(run)) if run.kind == "search" else ""


def _ordered(run: jobs.Run) -> list[Trial]:
    asked = run.order["inputs"]["search"]
    return settled(from_saved(run.order["config"], TrainConfig), asked["learning_rates"], asked["ranks"])


def _now(measured: list[dict[str, Any]], trials: list[Trial]) -> str:
    """The trial that was measured last, with its newest losses."""
    place = measured[-1]["trial"]
    now = latest(row for row in measured if row["trial"] == place)
    losses = [f"{words} {now[key]:.3f}" for key, words in
              (("loss", "training loss"), ("validation_loss", "validation loss")) if key in now]  # fmt: skip
    return f"Trial {place + 1} of {len(trials)} ({trials[place].words}), step {now['step']}: {', '.join(losses)}."


def _table(run: jobs.Run, found: list[dict[str, Any]], summary: dict[str, Any]) -> None:
    tables.show(
        [
            {"Trial": number + 1, "Learning rate": f"{row['learning_rate']:g}", "Rank": row["rank"],
             "Steps": f"{row['steps']} of {row['planned']}" if row["planned"] else None,
             "Validation loss": row["validation_loss"],
             _metric(summary): _interval(row), "Best at step": row["best_step"], "Outcome": row["outcome"]}
            for number, row in enumerate(found)
        ],
        f"search_{run.id}", "Trials of the search",
    )  # fmt: skip


def _metric(summary: dict[str, Any]) -> str:
    """The metric's name with its n, once the search has told them."""
    name = summary.get("metric")
    return f"{METRICS[name]}, % (n = {summary['metric_n']})" if name else "Task metric, %"


def _interval(row: dict[str, Any]) -> str | None:
    if row["metric"] is None:
        return None
    return cell({"mean": row["metric"], "low": row["metric_low"], "high": row["metric_high"]})


def _curves(points: list[dict[str, Any]], key: str) -> None:
    """The validation loss of every trial by step."""
    spec = {
        "data": {"values": points}, "height": 280, "mark": {"type": "line", "point": {"size": 40}},
        "encoding": {
            "x": {"field": "step", "type": "quantitative", "title": "Training step", "axis": {"tickMinStep": 1}},
            "y": {"field": "loss", "type": "quantitative", "title": "Validation loss (lower is better)",
                  "scale": {"zero": False}},
            "color": {"field": "trial", "type": "nominal", "title": None,
                      "legend": {"orient": "right", "labelLimit": 260}},
            "tooltip": [{"field": "trial", "title": "Trial"}, {"field": "step", "title": "Step"},
                        {"field": "loss", "title": "Validation loss", "format": ".4f"}],
        },
    }  # fmt: skip
    st.vega_lite_chart(spec, key=key, alt="Validation loss of every trial by step")
