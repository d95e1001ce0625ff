"""How far systems lie apart, with what is sure about it: one chart, the sentences, and every pair's figures."""

from __future__ import annotations

from typing import Any

import streamlit as st

from eval import told
from eval.headline import that_matter
from eval.values import WORDS
from ui import charts, tables
from ui.frame import bullets, plain

ALL = "All questions"


def show(scores: dict[str, Any], places: dict[str, str]) -> None:
    """For all questions or one task's: each pair's difference with its interval, and the pairs that matter in words."""
    st.subheader("Differences")
    rows = _chosen(scores)
    if not rows:
        st.caption("Only one system was compared: there is no difference to show.")
        return
    what = WORDS[rows[0]["metric"]]
    charts.differences(rows, what, "differences_chart")
    st.caption(plain(
        f"Differences in points of {what} with 95 % intervals. Clear: the interval leaves out 0 and p stays below 0.05 "
        f"with all {len(rows)} pairs allowed for (Holm)."
    ))  # fmt: skip
    bullets(that_matter(rows, places) or [row["sentence"] for row in rows[:6]])
    with st.expander(f"Every pair of systems ({len(rows)})", key="compare_pairs"):
        tables.show(told.pair_rows(rows), "differences_table", "Every pair of systems with its difference")
        st.caption(
            "p: exact McNemar where every group is one question, else random signs of whole groups. Smallest that "
            "would show: the true difference that so many questions find in 80 of 100 comparisons (Bloom 1995)."
        )


def _chosen(scores: dict[str, Any]) -> list[dict[str, Any]]:
    """The pairs of what was chosen to look at; older scores have no pairs by task."""
    by_task = scores.get("task_pairs", [])
    tasks = [task for task in told.tasks(scores) if any(row["task"] == task for row in by_task)]
    scope = ALL
    if len(tasks) > 1:
        names = {ALL: ALL, **{task: told.TITLES[task] for task in tasks}}
        scope = st.segmented_control("On", list(names), default=ALL, required=True, key="differences_on",
                                     format_func=names.__getitem__) or ALL  # fmt: skip
    elif tasks:
        scope = tasks[0]
    if scope == ALL:
        return [row for row in scores["pairs"] if row["metric"] == "exact_match"]
    return [row for row in by_task if row["task"] == scope]
