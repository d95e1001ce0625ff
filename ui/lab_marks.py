"""Marks in the Search lab: the buttons on a passage that make them, and the list of all marks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from data.leakage import question_key
from data.schema import Passage
from data.store import Artifact
from data.workspace import Workspace
from rag.marks import Mark, add_mark, gold_passages, located, question_file, remove_mark, span_of, standing
from ui import stored
from ui.frame import guarded, notice, plain

PAGE, SHOWN = 20, 160


def right_passages(
    artifact: Artifact, question: str, marks: Sequence[Mark], methods: dict[str, Any]
) -> dict[str, list[Mark]]:
    """{passage id: the marks of this question for which it is right}, of all passages that were found."""
    found = {hit["id"] for one in methods.values() for hit in one["hits"]}
    same = [mark for mark in marks if question_key(mark.question) == question_key(question)]
    documents = frozenset(mark.document for mark in same)
    passages = [Passage(**row) for row in stored.passages_of(artifact, documents)] if same else []
    texts = stored.texts(artifact, documents) if same else {}
    right: dict[str, list[Mark]] = {}
    for mark in same:
        span = located(mark, texts)
        for passage in gold_passages(passages, mark.document, *span) if span else ():
            if passage.id in found:
                right.setdefault(passage.id, []).append(mark)
    return right


def _texts(artifact: Artifact, marks: Sequence[Mark]) -> dict[str, str]:
    return stored.texts(artifact, frozenset(mark.document for mark in marks))


def buttons(
    workspace: Workspace, artifact: Artifact, question: str, method: str, hit: dict[str, Any], marks: Sequence[Mark]
) -> None:
    """Below a passage: that it is marked as right, or the buttons that mark it, whole or some of its words."""
    key = f"{method}_{hit['id']}"
    if marks:
        st.badge("Marked as right", icon=":material/check:", color="green")
        return
    with st.container(horizontal=True, gap="small"):
        if st.button("Right", key=f"lab_right_{key}", icon=":material/check:", help="Mark this passage as right"):
            _mark(workspace, artifact, question, hit, (0, len(hit["text"])))
        with st.popover("Part of it", key=f"lab_part_{key}", help="Mark only the words that answer the question"):
            quote = st.text_area("The words that answer the question", hit["text"], key=f"lab_quote_{key}", height=180)
            if st.button("Mark these words", key=f"lab_mark_{key}", type="primary"):
                with guarded():
                    _mark(workspace, artifact, question, hit, span_of(quote or "", hit["text"], "this passage"))


def _mark(
    workspace: Workspace, artifact: Artifact, question: str, hit: dict[str, Any], inside: tuple[int, int]
) -> None:
    """Keep a mark of a passage's characters ``inside`` and draw the page anew."""
    start, end = (hit["start"] + place for place in inside)
    add_mark(workspace, artifact.name, question, hit["document"], start, end, hit["text"][slice(*inside)])
    notice(f"Marked in {hit['document']}: right for “{question}”.")
    st.rerun()


def show(workspace: Workspace, artifact: Artifact, marks: Sequence[Mark]) -> None:
    """All marks of the knowledge base, whether each stands in this version, and the file to take away."""
    st.subheader(f"Marks · {len(marks)}" if marks else "Marks")
    if not marks:
        st.markdown("No passage is marked yet. Search for a question whose answer you know, and press "
                    "**Right** on the passages that hold it.")  # fmt: skip
        return
    texts = _texts(artifact, marks)
    states = {mark.id: standing(mark, located(mark, texts)) for mark in marks}
    _summary(artifact, marks, list(states.values()))
    pages = -(-len(marks) // PAGE)
    number = st.pagination(pages, key="lab_marks_page") if pages > 1 else 1
    newest_first = list(reversed(marks))
    for mark in newest_first[(number - 1) * PAGE : number * PAGE]:
        _row(workspace, artifact, mark, states[mark.id])


def _summary(artifact: Artifact, marks: Sequence[Mark], states: Sequence[str]) -> None:
    questions = len({question_key(mark.question) for mark in marks})
    said = (
        f"{questions} question{'s' * (questions != 1)}. In {artifact.ref}: {states.count('yes')} found where they were"
    )
    said += f", {states.count('moved')} moved with their text" if "moved" in states else ""
    said += f", {states.count('no')} can't be located and are not counted" if "no" in states else ""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(plain(f"{said}."), width="content")
        st.download_button(
            "Download as questions", question_file(marks), f"{artifact.name}-marks.jsonl", "application/jsonl",
            key="lab_download", icon=":material/download:", on_click="ignore",
            help="JSON lines with question, document and evidence. The quote also stands as the answer: write a "
            "shorter one in its place before you score models on it.",
        )  # fmt: skip


def _row(workspace: Workspace, artifact: Artifact, mark: Mark, state: str) -> None:
    shown = " ".join(mark.quote.split())
    with st.container(border=True, horizontal=True, vertical_alignment="center", wrap=False, key=f"lab_row_{mark.id}"):
        with st.container(gap="xxsmall"):
            st.text(mark.question)
            st.caption(plain(f"{mark.document} · “{shown[:SHOWN]}{'…' if len(shown) > SHOWN else ''}”"))
        words, color = {"yes": ("found", "green"), "moved": ("moved", "blue"), "no": ("can't be located", "orange")}[
            state
        ]
        st.badge(words, color=color)
        if st.button("Remove", key=f"lab_remove_{mark.id}", icon=":material/close:", help="Take this mark back"):
            with guarded():
                remove_mark(workspace, artifact.name, mark.id)
                notice(f"The mark of “{mark.question}” was taken back.")
                st.rerun()
