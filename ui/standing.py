"""The answer at a glance: the square of one finished comparison, its chart, and what it says in words."""

from __future__ import annotations

from typing import Any

import streamlit as st

from data.demo.first_start import SHIPPED
from data.jobs import Run
from eval import claims, hidden, told
from eval.headline import sentences
from eval.systems import places
from ui import charts, tables
from ui.comparison import verdict
from ui.frame import bullets, link, plain, when
from ui.square import score_cell, square

METRICS = {"exact match": "exact_match", "token F1": "token_f1"}


def show(run: Run, scores: dict[str, Any]) -> None:
    """The leader in a sentence, the square with its two controls, the chart, the pairs, and the kinds of questions."""
    where = places(run.order["config"]["systems"])
    verdict(run, scores, where)
    about = f"Comparison **{plain(run.name)}**, {plain(when(run.order['created']))}"
    st.markdown(about + (" :blue-badge[demo workspace]" if (SHIPPED / "runs" / run.id).exists() else ""))
    left, right = st.columns([3, 2], gap="large")
    with left:
        _square(where, scores, hidden.refusals(scores))
    with right:
        charts.intervals(scores, "exact_match", key="overview_chart", step=48)
        st.caption("Each dot is a mean, each bar its 95 % interval; gold only where a gold passage is known.")
    _reader(scores, where)
    _claims(scores)
    _kinds(scores)
    st.markdown("**The differences behind it**")
    bullets(sentences(scores, where))
    link("compare", "See every question and answer", run=run.id)


def _square(where: dict[str, str], scores: dict[str, Any], notes: dict[str, str]) -> None:
    square(lambda corner: score_cell(corner, where.get(corner), scores, notes.get(where.get(corner, ""), "")))
    label, *controls = st.columns((0.9, 2, 2), vertical_alignment="center")
    label.markdown("**Controls**")
    for column, control in zip(controls, ("floor", "gold"), strict=True):
        with column:
            score_cell(control, where.get(control), scores)


VERDICTS = {
    claims.HOLDS: ":green-badge[:material/check: holds]",
    claims.FAILS: ":red-badge[:material/close: does not hold]",
    claims.OPEN: ":gray-badge[:material/question_mark: cannot tell]",
}


def _claims(scores: dict[str, Any]) -> None:
    """What is usually said of the two methods, and whether it held on these questions."""
    tested = scores.get("claims", [])
    if tested:
        st.markdown("**What is usually said, tested on these questions**")
    for row in tested:
        st.markdown(f"{VERDICTS[row['verdict']]} **{row['claim']}.** {plain(' '.join(row['sentences']))}")


def _reader(scores: dict[str, Any], where: dict[str, str]) -> None:
    """What the reader misses and what the search misses."""
    title, lines, note = hidden.reader(scores, where)
    if title:
        st.markdown(f"**{title}**")
        bullets(lines)
        st.caption(note)


def _kinds(scores: dict[str, Any]) -> None:
    """Where each method is strong: one row per kind of question."""
    parts = scores.get("slices", {})
    by = next((column for column in ("tag", "task") if column in parts), None)
    if by is None:
        return
    st.markdown(f"**In %, by {by} of the questions**")
    # whole sentences are hardly ever equal to the letter: their share of right words says more
    metric = st.segmented_control("Measure", list(METRICS), default="exact match", required=True, key="overview_metric")
    rows = told.slice_rows(scores, by, METRICS[metric or "exact match"])
    tables.show(rows, "overview_slices", f"{metric} by kind of question")
    st.caption("With 95 % intervals; (few): under 20 independent groups, indicative only.")
