"""A comparison task by task, each by its own measures: what the mixed headline hides."""

from __future__ import annotations

from typing import Any

import streamlit as st

from eval import told
from ui import charts, tables
from ui.frame import plain


def show(scores: dict[str, Any], why: str) -> None:
    """One table per task; for labels also every class and who is taken for whom."""
    st.subheader("By task")
    if why and why != "from the task column":
        st.caption(plain(f"The file names no task; it was told from the rows: {why}."))
    for task in told.tasks(scores):
        n = max(row["tasks"][task]["n"] for row in scores["systems"].values() if task in row["tasks"])
        st.markdown(f"**{told.TITLES[task]}** · {n} questions")
        tables.show(told.task_rows(scores, task), f"task_{task}", f"{told.TITLES[task]}: scores of every system")
        st.caption(plain(told.task_note(scores, task)))
        if task == "label":
            _classes(scores)


def _classes(scores: dict[str, Any]) -> None:
    parts = {name: row["tasks"]["label"] for name, row in scores["systems"].items() if "label" in row["tasks"]}
    known = {name: part for name, part in parts.items() if part.get("confusion")}
    if not known:
        return
    with st.expander("Every class, and who is taken for whom", key="task_classes"):
        best = max(known, key=lambda name: (known[name]["exact_match"] or {"mean": 0})["mean"])
        chosen = st.selectbox("System", list(known), index=list(known).index(best), key="task_classes_of", width=240)
        tables.show(told.class_rows(known[chosen]), "task_class_table", f"Precision, recall and F1 of {chosen}")
        charts.confusion(known[chosen]["confusion"], "task_confusion", f"Confusion matrix of {chosen}")
        st.caption("Rows: the true class. Columns: what was answered. The diagonal is right.")
