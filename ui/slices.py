"""The same scores on parts of the questions: by any column, each part with its n and intervals."""

from __future__ import annotations

from typing import Any

import streamlit as st

from eval import told
from ui import tables
from ui.frame import plain

METRICS = {"exact_match": "Exact match", "token_f1": "Token F1"}


def show(scores: dict[str, Any]) -> None:
    """A choice of column and measure, and one row per value. Nothing for scores from before there were slices."""
    columns = [name for name, part in scores.get("slices", {}).items() if len(part["values"]) > 1]
    if not columns:
        return
    st.subheader("On parts of the questions")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        column = st.selectbox("By", columns, key="slices_by", width=260, format_func=str.capitalize)
        metric = st.segmented_control("Measure", list(METRICS), default="exact_match", required=True,
                                      key="slices_metric", format_func=METRICS.__getitem__)  # fmt: skip
    tables.show(told.slice_rows(scores, column, metric or "exact_match"), "slices_table", f"Scores by {column}")
    left_out = scores["slices"][column]["left_out"]
    st.caption(plain(
        f"{METRICS[metric or 'exact_match']} in % with 95 % intervals; (few): under 20 independent groups, indicative "
        "only." + (f" The {left_out} smallest are not shown." if left_out else "")
    ))  # fmt: skip
