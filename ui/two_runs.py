"""This comparison beside another over the same test questions."""

from __future__ import annotations

from typing import Any

import streamlit as st

from data import jobs
from data.workspace import Workspace
from eval.figures import cell
from ui import tables
from ui.errand import result_of, run_errand
from ui.frame import bullets, guarded, plain, when


def show(workspace: Workspace, run: jobs.Run) -> None:
    """Choose another finished comparison; what each system of both gained or lost, or why they cannot be compared."""
    others = {one.id: one for one in jobs.list_runs(workspace, "bench") if one.id != run.id and one.state == "done"}
    if not others:
        return
    with st.expander("Compare with another run", key="two_runs", icon=":material/difference:"):
        chosen = st.selectbox("The other run", list(others), index=None, placeholder="choose one", key="two_runs_other",
                              format_func=lambda one: f"{others[one].name} · {when(others[one].order['created'])}"
                              if one in others else one)  # fmt: skip
        if chosen:
            with guarded():
                _shown(result_of(_compared(str(workspace.root), run.id, chosen)))


@st.cache_data(max_entries=8, show_spinner="Reading the answers of both")
def _compared(root: str, first: str, second: str) -> dict[str, Any]:
    """Answers of a finished run never change, so its id is the key; a refusal is kept too."""
    return run_errand({"do": "compare", "workspace": root, "first": first, "second": second})


def _shown(found: dict[str, Any]) -> None:
    for line in found["differs"]:
        st.error(plain(line), icon=":material/balance:")
    rows = [
        {"System": row["system"], "n": row["difference"]["n"], "This run, %": cell(row["first"]),
         "The other, %": cell(row["second"]), "Difference, points": cell(row["difference"])}
        for row in found["systems"] if row["metric"] == "exact_match"
    ]  # fmt: skip
    tables.show(rows, "two_runs_table", "Exact match of the same systems in both runs")
    bullets([row["sentence"] for row in found["systems"] if row["metric"] == "exact_match"] + found["designed"])
