"""Compare: order a comparison, watch it, read its table, and look at every question."""

import streamlit as st

from data import jobs
from ui import cached, comparison, ordering, questions
from ui.frame import empty, guarded, notice, workspace
from ui.selection import choose
from ui.watch import watch

home = workspace()
runs = jobs.list_runs(home, "bench")

st.title("Compare")
st.markdown("The same test questions for every system: base or tuned weights, with or without retrieved passages.")
notice()

with st.expander("Start a new comparison", expanded=not runs, icon=":material/add:", key="compare_new"):
    ordering.form(home)

if not runs:
    then = "Choose test questions and start one above. A tuned model and a knowledge base make more systems possible."
    empty("No comparison yet.", then, "data", key="compare")
    st.stop()

run = choose(runs, "Comparison", "compare_chosen")
if not run.ended or run.state != "done":
    watch(home, run)
with guarded():
    if scores := cached.scores(run):
        comparison.show(home, run, scores)
        questions.show(run)
if run.ended and not (run.folder / "scores.json").exists():
    st.info("This comparison has no scores: it ended before every answer was there. Resume it to go on.")
    questions.show(run)
