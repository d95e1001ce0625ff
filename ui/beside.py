"""What a mean of right answers does not tell: honesty, what retrieval found, tokens, times and memory."""

from __future__ import annotations

from typing import Any

import streamlit as st

from eval import told_beside
from ui import tables
from ui.frame import plain


def show(scores: dict[str, Any]) -> None:
    """One table each; those without a figure are not shown, and nothing where none has one."""
    parts = (
        (told_beside.beside_rows(scores, told_beside.HONESTY), "beside_honest", "Abstaining, form and support",
         told_beside.HONEST_NOTE),
        (told_beside.found_rows(scores), "beside_found", "What retrieval found", told_beside.FOUND_NOTE),
        (told_beside.beside_rows(scores, told_beside.COST), "beside_cost", "Tokens, empty and cut answers, perplexity",
         told_beside.COST_NOTE),
        (told_beside.cost_rows(scores), "costs_table", "Time and memory",
         f"{told_beside.TIMES_NOTE} {told_beside.memory_said(scores)}"),
    )  # fmt: skip
    known = [part for part in parts if part[0] and set(part[0][0]) - {"System", "n"}]
    if not known:
        return
    st.subheader("Beside correctness")
    for rows, key, title, note in known:
        st.markdown(f"**{title}**")
        tables.show(rows, key, title)
        st.caption(plain(note))
