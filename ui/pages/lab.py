"""Search lab: one question by every search method, and marks of the right passages, which become a test set."""

import streamlit as st

from data.store import resolve, versions
from rag.marks import read_marks
from ui import grid, lab, lab_marks, pickers
from ui.frame import captions, empty, guarded, notice, workspace

home = workspace()
known = [one.name for one, _ in pickers.bases(home)]

st.title("Search lab")
st.markdown("One question, searched by every method. Mark the right passages: marks survive every new version and "
            "every other way of cutting, and together they are a test set for search.")  # fmt: skip
notice()

if not known:
    empty("Nothing to search yet.", "Build a knowledge base, then come back with a question whose answer you know.",
          "knowledge", key="lab")  # fmt: skip
    st.stop()

grid.arrive(home)
with st.container(horizontal=True, vertical_alignment="bottom", key="lab_base_row"):
    name = st.selectbox("Knowledge base", known, key="lab_base", bind="query-params")
    numbers = versions(home, "knowledge", name)
    current = resolve(home, "knowledge", name).version
    version = st.selectbox(
        "Version", numbers, index=numbers.index(current), key=f"lab_version_{name}_{current}", width=160,
        format_func=lambda number: f"{number} (in use)" if number == current else str(number),
    )  # fmt: skip
artifact = resolve(home, "knowledge", f"{name}@{version}")
captions(pickers.why_knowledge(home, artifact.ref))

with guarded():
    lab.ask(home, artifact)
    marks = read_marks(home, name)
    lab.results(home, artifact, marks)
    lab_marks.show(home, artifact, marks)
    grid.show(home, artifact)
