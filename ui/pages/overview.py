"""Overview: the square of the last finished comparison, and what to do next."""

import streamlit as st

from data import jobs
from ui import cached, next_steps, standing
from ui.frame import empty, notice, plain, workspace

home = workspace()
runs = jobs.list_runs(home)
scored = ((run, cached.scores(run)) for run in runs if run.kind == "bench")
finished, scores = next(((run, found) for run, found in scored if found), (None, None))

st.title("Should I fine-tune, retrieve, do both, or neither?")
notice()

if finished and scores:
    standing.show(finished, scores)
else:
    empty(
        "No comparison has finished yet.",
        "A comparison asks the same test questions of the base model, the fine-tuned model, and both with retrieved "
        "passages, and shows here which answers best. The steps below lead there.",
        key="overview",
    )

next_steps.show(home, runs)
st.caption(
    "The bundled model, pocket, is a small demonstration model: it shows how the methods differ, not how good they can "
    "be. For a real decision, name a larger model on the pages Fine-tune and Compare."
)
st.caption(plain(f"Workspace: {home.root}"))
