"""A fine-tune as it goes: its newest numbers, its curves, and which checkpoint is kept; the same of one that ended."""

from __future__ import annotations

from typing import Any

import streamlit as st

from data import jobs
from data.shell import duration
from eval.figures import cell
from sft.curve import latest, lived
from sft.starved import starved
from ui import cached
from ui.charts import METRICS
from ui.curve_charts import SMALL, checks_and_losses, small
from ui.frame import plain

LOSS = {"eval_loss": "validation_loss"}  # what manifests call it: what runs do
METRIC = {"eval_metric": "mean", "eval_metric_low": "low", "eval_metric_high": "high", "eval_metric_n": "n"}


def draw(run: jobs.Run) -> None:
    """Everything measured of a fine-tune so far; says what will be here while there is nothing."""
    rows = lived(cached.curve(run))
    if not run.ended:
        _numbers(run, latest(rows))
    if not any("loss" in row or "validation_loss" in row for row in rows):
        if not run.ended:
            st.caption("The first loss appears after the first steps.")
        return
    kept(run.status.get("criterion"), run.status.get("best_step"), run.order["config"])
    checks_and_losses(rows, run.status.get("best_step"), run.id)
    with st.expander("Learning rate, gradient norm, speed and memory", key=f"small_{run.id}"), st.grid(2):
        for field in SMALL:
            small(rows, field, f"{field}_{run.id}")


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
    said = f"It ended after step {done} of {total}. Resume goes on from its last whole checkpoint."
    if not total:
        said = "It ended before its first step. Resume begins again."
    return f"{said} {starved(run, lived(cached.curve(run)))}".strip()


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


def kept(rule: dict[str, str] | None, best: int | None, settings: dict[str, Any]) -> None:
    """Which checkpoint is kept, by what, and why that. ``rule``: the criterion as a run's status, or a manifest, has
    it; ``best``: the step of the checkpoint; ``settings``: of the training, whose patience 0 stops nothing early."""
    if not rule:
        return
    metric = METRICS.get(rule.get("metric", ""), "").lower()
    what = {"metric": f"the highest {metric}, and of equal ones the lowest validation loss",
            "loss": "the lowest validation loss", "last": "being the last"}[rule["keep"]]  # fmt: skip
    begun = f"Kept: the checkpoint after step {best}" if best is not None else "The checkpoint to keep is chosen"
    text = f"{begun}, by {what} ({rule['reason']})."
    if rule["stop"] not in (rule["keep"], "last") and settings.get("patience") != 0:
        looked = {
            "loss": "the validation loss",
            "both": f"{metric} and validation loss: it waits for both to stand still",
        }
        text += f" Early stopping looks at {looked.get(rule['stop'], metric)}."
    if metric:
        text += (f" At every checkpoint {rule['asked']} are asked, and before the first step the untuned base is, as "
                 f"step 0. The metric is {metric}: {rule['metric_reason']}.")  # fmt: skip
    st.caption(plain(text))


def of_manifest(manifest: dict[str, Any], key: str) -> None:
    """The curves of a tuned model, and why that checkpoint of it was kept, as its manifest holds them."""
    summary, rule = manifest["summary"], manifest.get("criterion") or {}
    metric, best = rule.get("metric") or summary.get("metric"), summary.get("best_step")
    named = LOSS | (METRIC if metric in METRICS else {})
    rows = [{named.get(name, name): value for name, value in point.items()} for point in manifest.get("curve", ())]
    if not rows:
        st.markdown("Its training was not watched here, so there is no curve.")
        return
    kept(rule, best, manifest.get("settings", {}))
    checks_and_losses([row | {"metric": metric} for row in rows], best, key)
