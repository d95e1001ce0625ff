"""Overview: the square of the last finished comparison, and what to do next."""

import streamlit as st

from data import jobs
from data.store import names
from ui import cached, standing
from ui.frame import empty, link, notice, plain, workspace
from ui.watch import WORDS

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

st.subheader("What to do next")
steps = (
    ("data", names(home, "datasets"), "Give questions with their answers, to train on and to test with."),
    ("knowledge", names(home, "knowledge"), "Give the documents that answers can be looked up in."),
    ("tune", names(home, "adapters"), "Train the model on your questions."),
    ("compare", finished, "Run every system on the same test questions."),
    ("ask", None, "Ask one question and read all the answers side by side."),
)
for page, there, what in steps:
    first, second = st.columns([1, 4], vertical_alignment="center")
    with first:
        link(page)
    second.markdown(f"{':green[:material/check:] ' if there else ''}{what}")
for run in runs:
    if not run.ended:
        link("runs", f"The {WORDS[run.kind]} {run.name} is {run.state}: watch it", run=run.id)

st.caption(
    "The bundled model, pocket, is a small demonstration model: it shows how the methods differ, not how good they can "
    "be. For a real decision, name a larger model on the pages Fine-tune and Compare."
)
st.caption(plain(f"Workspace: {home.root}"))
