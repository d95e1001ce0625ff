"""The upper part of the Search lab: a question with its filters, and what each method found, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from data.store import Artifact
from data.workspace import Workspace
from eval import client
from rag.marks import Mark
from rag.retrieve import RRF_K
from ui import cached, filters, lab_marks
from ui.frame import guarded, plain
from ui.methods import method_name
from ui.passages import origin

MEANING = {"dense": "meaning, by cosine", "bm25": "words, by BM25 score", "fused": "both, by their ranks"}
ORDER = ("dense", "bm25", "fused")


def ask(workspace: Workspace, artifact: Artifact) -> None:
    """The form; what was found is kept in the session as (reference, question, what eval.client told)."""
    with st.form("lab_form"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            question = st.text_input("Question", key="lab_question", placeholder="What would somebody look up?")
            count = st.number_input("Passages", 1, 50, 5, key="lab_k", width=110)
            pressed = st.form_submit_button("Search", type="primary", key="lab_go", icon=":material/search:")
        with st.expander("Look only in some documents; leave out weak passages", key="lab_more"):
            only = filters.only(cached.json_file(artifact.path / "manifest.json"), f"lab_{artifact.name}")
            at_least, words_at_least = _least()
    if pressed and not question.strip():
        st.caption("Type a question first.")
    elif pressed:
        st.session_state.pop("lab_found", None)
        waking = "" if client.running(workspace) else "; the model worker is starting, which takes a while"
        with guarded(), st.spinner(f"Searching{waking}", show_time=True):
            found = client.side_by_side(workspace, artifact.ref, question, int(count), only, at_least, words_at_least)
            st.session_state["lab_found"] = (artifact.ref, question.strip(), found)


def _least() -> tuple[float | None, float | None]:
    """The least cosine and the least BM25 score that count as found."""
    left, right = st.columns(2)
    cosine = left.number_input("Least cosine", -1.0, 1.0, None, 0.05, key="lab_least", placeholder="any",
                               help="For the lists dense and fused.")  # fmt: skip
    words = right.number_input("Least BM25 score", 0.0, None, None, 0.5, key="lab_least_words", placeholder="any",
                               help="For the list BM25.")  # fmt: skip
    return cosine, words


def results(workspace: Workspace, artifact: Artifact, marks: Sequence[Mark]) -> None:
    """The three lists of the last search in this version."""
    ref, question, found = st.session_state.get("lab_found", ("", "", None))
    if not found or ref != artifact.ref:
        st.caption("Search to see what each method finds, and to mark the passages that answer the question.")
        return
    st.text(f"Found for: {question}")
    if found["note"]:
        st.caption(plain(f"{found['note']}."))
    methods = found["methods"]
    if methods["dense"]["hits"] and not methods["dense"]["relevant"]:
        st.warning("Even the nearest passage is as far from this question as passages on other subjects are: "
                   "probably nothing here answers it.", icon=":material/search_off:")  # fmt: skip
    right = lab_marks.right_passages(artifact, question, marks, methods)
    for column, method in zip(st.columns(len(ORDER)), ORDER, strict=True):
        with column:
            st.markdown(f"**{method_name(method)}** :gray[· {MEANING[method]}]")
            _list(method, methods)
            for hit in methods[method]["hits"]:
                with st.container(border=True, key=f"lab_hit_{method}_{hit['id']}"):
                    _hit(method, hit, methods)
                    lab_marks.buttons(workspace, artifact, question, method, hit, right.get(hit["id"], []))


def _list(method: str, methods: dict[str, Any]) -> None:
    """What there is to say of a whole list: that nothing was good enough, or how many were left out."""
    found = methods[method]
    below = f"{found['below']} passages score less than the least score." if found["below"] else ""
    if not found["hits"] and found["below"]:
        st.info(f"Nothing good enough: {below}", icon=":material/search_off:")
    elif not found["hits"]:
        st.info("Nothing found: no passage holds a word of the question.", icon=":material/search_off:")
    elif below:
        st.caption(f"Left out: {below}")


def _hit(method: str, hit: dict[str, Any], methods: dict[str, Any]) -> None:
    """One passage: its rank here and in the other lists, where its score came from, its place and its text."""
    others = " · ".join(f"{method_name(one)}: {_rank(hit, one, methods)}" for one in ORDER if one != method)
    st.markdown(f"**{hit['rank']}** :gray[· {others}]")
    st.caption(plain(f"{origin(hit)} · {_score(method, hit)}"))
    st.text(hit["text"])


def _rank(hit: dict[str, Any], method: str, methods: dict[str, Any]) -> str:
    shown = next((one["rank"] for one in methods[method]["hits"] if one["id"] == hit["id"]), None)
    known = {"dense": hit["origin"]["dense_rank"], "bm25": hit["origin"]["bm25_rank"], "fused": None}[method]
    return str(shown or known or "–")


def _score(method: str, hit: dict[str, Any]) -> str:
    """Where the score of this list came from; a fused one is the sum of what its two ranks give."""
    told = hit["origin"]
    if method == "dense":
        return f"cosine {told['cosine']:.3f}"
    if method == "bm25":
        return f"BM25 {told['bm25']:.2f}"
    parts = [f"1/({RRF_K}+{rank})" for rank in (told["dense_rank"], told["bm25_rank"]) if rank]
    return f"{' + '.join(parts)} = {told['fused']:.4f}"
