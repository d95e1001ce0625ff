"""What answers cost: seconds until one is there, answers an hour of many at once, memory."""

from __future__ import annotations

from typing import Any

import streamlit as st

from eval.report_parts import COSTS, cost_rows, memory_said
from ui import tables
from ui.frame import plain


def show(scores: dict[str, Any]) -> None:
    """The table of times; nothing for a comparison that was run before they were taken."""
    rows = cost_rows(scores)
    if not scores.get("latency"):
        return
    with st.expander("Time and memory", key="costs", icon=":material/timer:"):
        tables.show([dict(zip(COSTS, row, strict=True)) for row in rows], "costs_table", "Time of one answer by system")
        st.caption(
            "Median seconds of single answers, asked one at a time and warm, the systems taking turns; 95 % of the "
            "answers took at most what stands in brackets. Throughput is of the whole test set, asked in batches. The "
            "floor has no model: its decoding is choosing the sentence."
        )
        if said := memory_said(scores):
            st.caption(plain(said))
