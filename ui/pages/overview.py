"""Overview: the square of the last finished comparison, and what to do next."""

import streamlit as st

from data import jobs
from data.demo.first_start import is_demo
from data.store import names
from ui import cached, charts, tables, verdicts
from ui.frame import empty, link, notice, plain, workspace
from ui.square import places, score_cell, square
from ui.watch import WORDS

home = workspace()
runs = jobs.list_runs(home)
finished = next((run for run in runs if run.kind == "bench" and cached.scores(run)), None)

st.title("Should I fine-tune, retrieve, do both, or neither?")
notice()

if finished:
    scores = cached.scores(finished)
    where = places(finished.order["config"]["systems"])
    about = f"Comparison **{plain(finished.name)}**, {plain(finished.order['created'][:10])}"
    if finished.name.startswith("demo") and is_demo(home.root):
        about += " :blue-badge[demo workspace]"
    st.markdown(about)
    if lead := verdicts.leader(scores, where):
        st.markdown(f"#### {plain(lead)}")
    left, right = st.columns([3, 2], gap="large")
    with left:
        square(lambda corner: score_cell(corner, where.get(corner), scores))
        _, gold, floor = st.columns((0.9, 2, 2))
        with gold:
            score_cell("gold", where.get("gold"), scores)
        with floor:
            score_cell("floor", where.get("floor"), scores)
    with right:
        charts.intervals(scores, "exact_match", key="overview_chart")
        st.caption("Each dot is a mean over the same questions, each bar its 95 % interval.")
    for sentence in verdicts.sentences(scores, where) + verdicts.stamps(finished, scores):
        st.markdown(f"- {plain(sentence)}")
    by = "tags" if any(row["tags"] for row in scores["systems"].values()) else "tasks"
    st.markdown(f"**Exact match in %, by {by[:-1]}**")
    tables.show(tables.slices(scores, by), "overview_slices", "Exact match by kind of question", tuple(scores["systems"]))
    link("compare", "See every question and answer", run=finished.id)
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
