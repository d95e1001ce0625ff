"""Whether the systems were compared under the same conditions: the whole lock on request."""

from __future__ import annotations

from typing import Any

import streamlit as st

from data.jobs import Run
from eval import conditions, fairness
from ui import tables
from ui.frame import bullets


def show(run: Run, scores: dict[str, Any]) -> None:
    """Every condition of every system."""
    met = conditions.load(run)
    found = scores.get("fairness")
    if not met or not found:
        st.caption("Was it fair? Not recorded when this comparison was made.")
        return
    equal = not found["differs"]
    said = "All systems had the same conditions" if equal else "Not all conditions were equal"
    with st.expander(f"Was it fair? {said}", key="fairness", icon=":material/balance:"):
        bullets(found["differs"] + found["unknown"])
        tables.show(fairness.table(met), "fairness_table", "Conditions of every system")
        st.caption("Weights, passages and search settings differ by design: they are what is compared.")
