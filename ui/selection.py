"""Which run a page shows: the one the URL names; choosing another writes it there."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from data.jobs import Run
from ui.frame import when


def choose(runs: Sequence[Run], label: str, key: str) -> Run:
    """A list of runs with the one of ``?run=`` chosen (else the first). ``runs`` is not empty."""
    by_id = {run.id: run for run in runs}
    named = st.query_params.get("run")
    if named in by_id:  # every time: a list that was away for a while shows its first entry else
        st.session_state[key] = named

    def keep() -> None:
        st.query_params["run"] = st.session_state[key]

    def shown(run_id: str) -> str:
        """Nothing here may change while the run goes on: the browser keeps the words of what is chosen."""
        return f"{by_id[run_id].name} · {when(by_id[run_id].order['created'], seconds=True)}"

    return by_id[st.selectbox(label, list(by_id), key=key, on_change=keep, format_func=shown)]
