"""The steps that lead to a comparison: which of them are done, by the user or only in the demo that is shipped."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from data.demo.first_start import SHIPPED
from data.jobs import Run
from data.store import names, versions
from data.workspace import Workspace
from ui import cached
from ui.frame import link
from ui.watch import WORDS

OWN, DEMO, OPEN = "own", "demo", "open"
DONE = {OWN: ":green-badge[:material/check: done]", DEMO: ":blue-badge[in the demo]", OPEN: ""}
STEPS = (
    ("data", "datasets", "Give questions with their answers, to train on and to test with."),
    ("knowledge", "knowledge", "Give the documents that answers can be looked up in."),
    ("tune", "adapters", "Train the model on your questions."),
    ("compare", "bench", "Run every system on the same test questions."),
    ("ask", "", "Ask one question and read all the answers side by side."),
)


def show(workspace: Workspace, runs: Sequence[Run]) -> None:
    """Every step with its page, and the jobs that are under way."""
    st.subheader("What to do next")
    for page, kind, what in STEPS:
        first, second = st.columns([1, 3], vertical_alignment="center")
        with first:
            link(page)
        second.markdown(f"{what} {DONE[_state(workspace, runs, kind)]}")
    for run in runs:
        if not run.ended:
            link("runs", f"The {WORDS[run.kind]} {run.name} is {run.state}: watch it", run=run.id)


def _state(workspace: Workspace, runs: Sequence[Run], kind: str) -> str:
    """Whether the user has made something of this kind, or only the demo has."""
    if kind == "bench":
        made = [SHIPPED / "runs" / run.id for run in runs if run.kind == kind and cached.scores(run)]
    else:
        known = names(workspace, kind) if kind else []
        made = [SHIPPED / kind / name / str(number) for name in known for number in versions(workspace, kind, name)]
    if not made:
        return OPEN
    return OWN if any(not shipped.exists() for shipped in made) else DEMO
