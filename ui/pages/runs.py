"""Runs: every job, how it stands, its log; stop and resume."""

import streamlit as st

from data import jobs
from data.shell import duration
from ui.frame import empty, link, notice, plain, warnings, when, workspace
from ui.selection import choose
from ui.watch import WORDS, took, watch

RESULTS = {
    "build": ("knowledge", "Knowledge base"), "train": ("tune", "Fine-tune"), "bench": ("compare", "Compare"),
    "grid": ("lab", "Search lab"), "headroom": ("compare", "Compare"),
    **dict.fromkeys(("estimate", "search", "fetch", "merge", "export", "import"), ("tune", "Fine-tune")),
}  # fmt: skip
home = workspace()
runs = jobs.list_runs(home)

st.title("Runs")
st.markdown("Every job, newest first. Jobs go on when this page or the server is closed.")
notice()
warnings(jobs.damaged(home))
if not runs:
    then = "Building a knowledge base, fine-tuning and comparing are jobs; they appear here."
    empty("No job has run yet.", then, "data", key="runs")
    st.stop()


@st.fragment(run_every="2s" if any(not run.ended for run in runs) else None)
def listed() -> None:
    """All runs as they stand now."""
    rows = [
        {"Name": run.name, "Kind": WORDS[run.kind], "State": run.state, "Ordered": when(run.order["created"]),
         "Took": "" if (seconds := took(run)) is None else duration(seconds),
         "What it says": run.status.get("text", "")}
        for run in jobs.list_runs(home)
    ]  # fmt: skip
    st.dataframe(rows, hide_index=True, key="runs_table", alt="All runs")


listed()
run = choose(runs, "Look at one run", "runs_chosen")
watch(home, run)
page, title = RESULTS[run.kind]
link(page, f"{'Its result, on the' if run.state == 'done' else 'Open it on the'} page {title}", run.id)

with st.expander("Log", expanded=run.state in ("failed", "died"), key="runs_log"):
    st.code(jobs.log_tail(run) or "Nothing was printed yet.", language=None, height=320)
with st.expander("What was ordered", key="runs_order"):
    st.json({"config": run.order["config"], "inputs": run.order["inputs"]}, expanded=2)
with st.expander("Where and with what it ran", key="runs_versions"):
    st.json({key: run.status.get(key) for key in ("device", "device_reason", "started", "updated", "versions")})
st.caption(plain(f"Folder: {run.folder}"))
