"""Fine-tune: choose rows and method, launch, watch the curve, stop; and what came of it."""

import streamlit as st

from ui import curve, trials, tune_form, tuned
from ui.frame import notice, plain, workspace
from ui.watch import others, selected, unfinished, watch

home = workspace()

st.title("Fine-tune")
st.markdown("Train a model on your questions and answers. The training goes on when this page is closed.")
notice()

KINDS = ("train", "search")
run = selected(home, KINDS)
others(home, KINDS, run.id if run else None, "tune")
unfinished(home, KINDS, run.id if run else None, "tune")
if run:
    watch(home, run)
    summary = run.status.get("summary") or {}
    if summary.get("name"):
        told = trials.result(summary) if run.kind == "search" else curve.result(summary)
        st.success(plain(told), icon=":material/check:")
    for note in summary.get("notes", ()):
        st.caption(plain(note[:1].upper() + note[1:]))
    if summary.get("name"):
        tuned.next_steps(home, summary["name"], "tune_done")

with st.container(border=True, key="tune_form"):
    tune_form.form(home)

tuned.show(home)
