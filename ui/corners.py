"""One question put to every corner of the square: answers written as they come, and the passages that were found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import streamlit as st

from data.errors import UserError
from data.schema import DecodeSettings
from data.workspace import Workspace
from eval import client
from eval.headline import TITLES
from eval.systems import System
from rag.filters import EVERYTHING, Filter
from ui import steps
from ui.frame import plain
from ui.passages import origin
from ui.square import MEANING, square

CITING = (
    "Adds one line to the prompt of the systems that read passages: name them by number, like [1]. "
    "Off, passages that hold the answer are found by text match."
)
STARTERS = Path(__file__).resolve().parents[1] / "data" / "demo" / "questions.json"


def starters() -> list[dict[str, str]]:
    """The demo's questions to begin with: [{"question", "why"}]."""
    return json.loads(STARTERS.read_text(encoding="utf-8"))


def ask(
    workspace: Workspace, question: str, systems: dict[str, System], only: Filter = EVERYTHING, cite: bool = False
) -> dict[str, Any]:
    """Draw the square and fill it while the worker answers; returns {corner: answer}. Raises UserError."""
    slots: dict[str, Any] = {}
    whole = st.empty()
    with whole.container():
        square(lambda corner: slots.setdefault(corner, _waiting(corner, corner in systems)))
    try:
        return _asked(workspace, question, systems, slots, only, cite)
    except UserError:
        whole.empty()  # four empty cells above an error say nothing
        raise


def _asked(
    workspace: Workspace, question: str, systems: dict[str, System], slots: dict[str, Any], only: Filter, cite: bool
) -> dict[str, Any]:
    """Fill the slots of the square while the worker answers."""
    answers: dict[str, Any] = {}
    written = dict.fromkeys(systems, "")
    waking = "" if client.running(workspace) else "; the model worker is starting, which takes a while"
    with st.spinner(f"Answering{waking}", show_time=True):
        for event in client.ask(workspace, question, list(systems.values()), DecodeSettings(), only, cite):
            corner = event["system"]
            if "text" in event:
                written[corner] += event["text"]
                with slots[corner].container():
                    st.text(written[corner])
            if "answer" in event:
                answers[corner] = event["answer"]
                with slots[corner].container():
                    _answer(event["answer"])
    return answers


def show(answers: dict[str, Any]) -> None:
    """The square with answers that were given before."""

    def cell(corner: str) -> None:
        slot = _waiting(corner, corner in answers)
        if corner in answers:
            with slot.container():
                _answer(answers[corner])

    square(cell)


def below(answers: dict[str, Any]) -> None:
    """Every answer's steps with their times, and what the search found (both corners that read it read the same)."""
    steps.table({TITLES[corner]: answer for corner, answer in answers.items()})
    steps.details(answers)
    reading = next((answer for answer in answers.values() if answer["relevant"] is not None), None)
    if reading is None:
        return
    found = reading["hits"]
    if not found:
        said = next(step["said"] for step in reading["steps"] if step["name"] == "passages")
        then = "The systems that read passages were asked the question alone, and answered from their weights."
        st.warning(
            f"{plain(said[0].upper() + said[1:])}. {then}", title="No passage was read", icon=":material/search_off:"
        )
        return
    if not reading["relevant"]:
        st.warning(
            "Nothing relevant was found in the knowledge base: the nearest passages are below, but a right answer is "
            "unlikely to be in them.", icon=":material/search_off:",
        )  # fmt: skip
    st.markdown(f"**The {len(found)} passages that were read**" if len(found) > 1 else "**The passage that was read**")
    for hit in found:
        with st.container(border=True):
            st.subheader(f":small[\\[{hit['rank']}\\] {plain(origin(hit))}]", anchor=steps.anchor(hit["rank"]))
            st.caption(plain(hit["origin_text"]))
            st.text(hit["text"])


def _waiting(corner: str, possible: bool) -> Any:
    """An empty cell with its title; the returned place takes the answer."""
    with st.container(border=True, key=f"ask_{corner.replace('+', '_')}", height="stretch"):
        st.markdown(f"**{TITLES[corner]}** :gray[· {MEANING[corner]}]")
        slot = st.empty()
        if not possible:
            needs = {"sft": "a tuned model", "rag": "a knowledge base", "sft+rag": "a tuned model and a knowledge base"}
            slot.caption(f"Needs {needs[corner]}.")
        return slot


def _answer(answer: dict[str, Any]) -> None:
    st.text(answer["text"] or "(an empty answer)")
    steps.citations(answer["citations"], [hit["document"] for hit in answer["hits"]], linked=True)
    notes = [f"{answer['seconds']:.2f} s", f"{answer['new_tokens']} tokens"]
    if answer["finish_reason"] == "over_budget":
        notes.append("the question does not fit the model's window")
    if answer["finish_reason"] == "length":
        notes.append("cut at the longest allowed length")
    if answer["dropped"]:
        notes.append(f"{answer['dropped']} passages dropped, for they did not fit")
    if answer["relevant"] is not None and not answer["hits"]:
        notes.append("nothing good enough was found: asked without passages")
    st.caption(plain(" · ".join([*notes, *filter(None, [answer["note"]])])))
