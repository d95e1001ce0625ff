"""Overview: the square of the last finished comparison, and what to do next."""

import streamlit as st

from data import jobs
from ui import cached, next_steps, standing
from ui.frame import empty, guarded, notice, plain, warnings, workspace

home = workspace()
runs = jobs.list_runs(home)
scored, damaged = cached.scored(run for run in runs if run.kind == "bench")

st.title("Should I fine-tune, retrieve, do both, or neither?")
notice()
warnings([*jobs.damaged(home), *damaged])

if scored:
    with guarded():
        standing.show(*scored[0])
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
