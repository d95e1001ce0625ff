"""One question of a comparison: the six steps of every system's answer, with the times that the run recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import streamlit as st

from data.jobs import Run
from data.schema import Answer, Example
from eval.recorded import NOT_RECORDED, recorded_steps
from eval.searching import FILE, load_searches
from eval.systems import System
from rag.retrieve import Took
from ui import cached, steps
from ui.frame import plain

SHARES = (
    "Questions of a comparison are searched and answered many at a time: each time is this question's share. "
    "The page Ask times one question alone."
)


def show(run: Run, example: Example, answers: Mapping[str, Answer]) -> None:
    """The table of steps, and what each step did. ``answers``: {system: its available answer}."""
    if not answers:
        return
    known = {row["name"]: System(**row) for row in run.order["config"]["systems"]}
    took = _searches(str(run.folder), cached.stamp(run.folder / FILE))
    found = {
        name: [asdict(step) for step in recorded_steps(example, known[name], answer, took.get((name, example.id)))]
        for name, answer in answers.items()
    }
    steps.table({name: {"steps": found[name], "seconds": _together(answers[name])} for name in found})
    missing = any(step["said"] == NOT_RECORDED for rows in found.values() for step in rows)
    st.caption(SHARES + (" Not recorded: this run is from before those times were kept." if missing else ""))
    with st.expander("What each step did", key="question_steps"):
        for tab, rows in zip(st.tabs([plain(name) for name in found]), found.values(), strict=True):
            with tab, st.container(gap="xsmall"):
                for step in rows:
                    st.markdown(f"**{step['name'].capitalize()}** · {steps.time_of(step)}")
                    st.text(step["said"])


def _together(answer: Answer) -> float:
    return answer.seconds + answer.prompt_seconds


@st.cache_resource(max_entries=4, show_spinner=False)
def _searches(folder: str, changed: int) -> dict[tuple[str, str], Took]:
    return load_searches(Path(folder))
