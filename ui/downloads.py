"""A finished comparison as files to take away; each is made when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import streamlit as st

from data.jobs import Run
from eval.exports import WRITERS
from eval.report import as_html

Write = Callable[[Run, dict[str, Any]], str]
KINDS: dict[str, tuple[Write, str, str]] = {
    "HTML": (as_html, "html", "text/html"),
    "Markdown": (WRITERS["markdown"], "md", "text/markdown"),
    "CSV": (WRITERS["csv"], "csv", "text/csv"),
    "JSONL": (WRITERS["jsonl"], "jsonl", "application/jsonl"),
}


def show(run: Run, scores: dict[str, Any]) -> None:
    """One button for each kind of file."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Take it with you**")
        for label, (write, ending, mime) in KINDS.items():
            st.download_button(
                label, partial(_made, write, run, scores), f"{run.id}.{ending}", mime,
                key=f"compare_{label.lower()}", icon=":material/download:", on_click="ignore",
            )  # fmt: skip
    st.caption(
        "HTML: everything on one page, to open anywhere. Markdown: the summary. CSV: every answer with its scores. "
        "JSONL: the same, with prompts and passages."
    )


def _made(write: Write, run: Run, scores: dict[str, Any]) -> bytes:
    return write(run, scores).encode("utf-8", "replace")
