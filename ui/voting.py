"""Blind voting: two answers without names, four keys, and how far one has come. No system's name is sent."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from data.disk import row_of, text_hash
from data.jobs import Run
from data.schema import Example
from eval.votes import BAD, CHOICES, LEFT, RIGHT, TIE, Ballot, Pair, cast, load_votes, pairs
from ui import cached

KEYS = {LEFT: "Left", TIE: "Up", BAD: "Down", RIGHT: "Right"}
CUT = " […] (cut at the longest allowed length)"
WORDS = {LEFT: "Left", TIE: "Tie", BAD: "Both bad", RIGHT: "Right"}


def texts(run: Run) -> dict[str, dict[str, str]]:
    """{system: {example id: text}} of all available answers of a comparison; one that was cut ends with ``CUT``."""
    path = run.folder / "answers.jsonl"
    return _texts(str(path), cached.stamp(path))


@st.cache_resource(max_entries=2, show_spinner="Reading the answers")
def _texts(path: str, changed: int) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    with open(Path(path), encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            row = row_of(line, Path(path), number)  # none where it was torn by a kill; the batch was answered again
            if row and row.get("available", True):
                end = CUT if row.get("finish_reason") == "length" else ""
                found.setdefault(row["system"], {})[row["example"]] = row["text"] + end
    return found


def show(run: Run, ballot: Ballot, rater: str) -> None:
    """The first pair that this rater has not voted on, or the one that was gone back to."""
    given = texts(run)
    shown = pairs(run, ballot, rater, given)
    own = [vote for vote in load_votes(run, ballot) if vote.rater == rater]
    voted = {vote.example for vote in own}
    count = st.container()  # filled last: who sees it change has the next pair's keys at hand
    again = st.session_state.get("review_again")
    pair = next((one for one in shown if one.example == again or (not again and one.example not in voted)), None)
    _stale(pair)
    if not shown:
        st.info("No question has two different answers of these systems to choose from.", icon=":material/info:")
    elif pair is None:
        st.success("Every pair has your vote. End the vote to see what all votes amount to.", icon=":material/check:")
    else:
        examples = {example.id: example for example in cached.questions(run)}
        _pair(examples[pair.example], given, pair)
        _buttons(run, ballot, rater, pair)
    count.progress(len(voted) / max(1, len(shown)), text=f"{len(voted)} of {len(shown)} pairs voted on")
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        if st.button("Change my last vote", key="review_back", shortcut="Backspace", disabled=not own or bool(again)):
            st.session_state["review_again"] = own[-1].example
            st.rerun()
        if st.button("End the vote", key="review_end", icon=":material/logout:"):
            st.session_state.pop("review_again", None)
            for name in ("ballot", "rater"):
                st.query_params.pop(name, None)
            st.rerun()


def _pair(example: Example, given: dict[str, dict[str, str]], pair: Pair) -> None:
    with st.container(border=True, key="review_question"):
        st.text(example.question)
        with st.expander("The accepted answers", key=f"review_accepted_{example.id}"):
            st.text(" | ".join(example.answers) if example.answerable else "It cannot be answered from the documents.")
    for column, side, system in zip(st.columns(2), ("Left", "Right"), (pair.left, pair.right), strict=True):
        with column.container(border=True, key=f"review_{side.lower()}", height="stretch"):
            st.caption(side)
            st.text(given[system][example.id] or "(an empty answer)")


def _stale(pair: Pair | None) -> None:
    """Say so when the vote just given was on a pair that another tab has voted on since this one showed it."""
    before, now = st.session_state.get("review_shown"), _key(pair) if pair else ""
    st.session_state["review_shown"] = now
    if before and before != now and any(st.session_state.get(f"review_vote_{one}_{before}") for one in CHOICES):
        st.warning("That pair was voted on in another tab in the meantime, so this vote was not kept. "
                   "Change my last vote goes back to it.", icon=":material/tab:")  # fmt: skip


def _key(pair: Pair) -> str:
    """A button belongs to the pair it was drawn under, so that a late click never votes on another one."""
    return text_hash(pair.example)[:12]


def _buttons(run: Run, ballot: Ballot, rater: str, pair: Pair) -> None:
    for column, choice in zip(st.columns(4), CHOICES, strict=True):
        with column:
            if st.button(
                WORDS[choice], key=f"review_vote_{choice}_{_key(pair)}", shortcut=KEYS[choice], width="stretch"
            ):
                cast(run, ballot, rater, pair, choice)
                st.session_state.pop("review_again", None)
                st.rerun()
