"""One knowledge base on the page: its documents, passages and versions, and a search."""

from __future__ import annotations

from typing import Any

import streamlit as st

from data.store import Artifact
from data.workspace import Workspace
from eval import client
from rag.history import file_count, told_documents
from rag.settings import METHODS
from ui import cached, editor, filters, history, intake, passages, pickers, stored
from ui.frame import guarded, plain
from ui.methods import METHOD_HELP, method_name
from ui.passages import origin


def show(workspace: Workspace, artifact: Artifact) -> None:
    """The parts of one knowledge base; only the one that is open is drawn."""
    parts = {"Search": _search, "Documents and passages": _documents, "Edit or remove": editor.show,
             "Versions": history.show}  # fmt: skip
    st.subheader(plain(artifact.ref))
    part = st.segmented_control("Part", list(parts), default="Search", key="knowledge_part", required=True,
                                label_visibility="collapsed")  # fmt: skip
    parts[part or "Search"](workspace, artifact)


def _search(workspace: Workspace, artifact: Artifact) -> None:
    manifest = cached.json_file(artifact.path / "manifest.json")
    why = pickers.search_defaults(workspace, artifact.ref, "knowledge")
    with st.form("knowledge_search", border=False):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            question = st.text_input("Try a search", key="knowledge_question", placeholder="What would you look up?")
            count = st.number_input("Passages", 1, 50, key="knowledge_k", width=110)
            method = st.selectbox("Method", METHODS, key="knowledge_method", width=140, help=METHOD_HELP,
                                  format_func=method_name)  # fmt: skip
            pressed = st.form_submit_button("Search", key="knowledge_search_go", icon=":material/search:")
        if why:
            st.caption(plain(why))
        chosen = filters.narrowing(manifest, f"knowledge_{artifact.name}")
    if pressed and question.strip():
        st.session_state.pop("knowledge_found", None)  # a search that fails must not leave the hits of another
        waking = "" if client.running(workspace) else "; the model worker is starting, which takes a while"
        with guarded(), st.spinner(f"Searching{waking}"):
            only, least = chosen.only, chosen.at_least
            found = client.search(workspace, artifact.ref, question, int(count), method, only, least)
            st.session_state["knowledge_found"] = (artifact.ref, question, chosen, found)
    elif pressed:
        st.caption("Type what you would look up first.")
    ref, asked, narrowed, found = st.session_state.get("knowledge_found", ("", "", None, None))
    if found and ref == artifact.ref:
        _found(asked, narrowed, found)


def _found(asked: str, narrowed: filters.Narrowing, found: dict[str, Any]) -> None:
    """What a search found, what it left out, and a sentence where that is nothing good."""
    st.text(f"Found for: {asked}")
    if narrowed:
        st.caption(plain(f"Looked only in: {filters.told(narrowed)}."))
    if found["note"]:
        st.caption(plain(f"{found['note']}."))
    if said := filters.verdict(found, narrowed):
        st.warning(plain(said), icon=":material/search_off:")
    elif found["below"]:
        st.caption(plain(filters.below(found, narrowed)))
    hits(found["hits"])


def hits(found: list[dict[str, Any]]) -> None:
    """Retrieved passages with their places and scores, as text."""
    for hit in found:
        with st.container(border=True):
            score = hit.get("origin_text") or f"score {hit['score']:.3f}"
            st.caption(plain(f"{hit['rank']}. {origin(hit)} · {score}"))
            st.text(hit["text"])


def _widths(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Room for how each file ended; columns that say nothing here are left out, so that the others fit."""
    widths: dict[str, Any] = {"Ended as": st.column_config.TextColumn(width=170)}
    if all(row.get("Documents", 1) == 1 for row in rows):
        widths["Documents"] = None
    widths |= {name: None for name in ("Pages", "Tags") if not any(row.get(name) for row in rows)}
    if any(row.get("Date") for row in rows):
        widths["Date"] = st.column_config.TextColumn(width=170)
    return widths


def _documents(workspace: Workspace, artifact: Artifact) -> None:
    manifest = cached.json_file(artifact.path / "manifest.json")
    counts, embedder = manifest["counts"], manifest["embedder"]
    said = told_documents(counts["documents"], file_count(manifest))
    st.caption(plain(
        f"{said}, {counts['passages']:,} passages; embedded with {embedder['id']} ({embedder['dim']} numbers each, "
        f"{embedder['dtype']}). Search index: {manifest['index']['kind']} ({manifest['index']['reason']})."
    ))  # fmt: skip
    intake.problems(manifest, "version")
    rows = stored.files(artifact)
    st.dataframe(rows, hide_index=True, key="knowledge_documents", alt="Files of this knowledge base",
                 placeholder="–", column_config=_widths(rows))  # fmt: skip
    if any(row.get("Kept", 0) > (row.get("In the file") or row.get("Kept", 0)) for row in rows):
        st.caption("In the file and Kept are characters. A table keeps more than it had: each of its rows is written "
                   "with the names of its columns, so that it can be read by itself.")  # fmt: skip
    else:
        st.caption("In the file and Kept are characters.")
    read = [row["File"] for row in rows if row.get("Passages")]
    chosen = st.selectbox("Passages of", read, key="knowledge_document")
    if not chosen:
        return
    passages.show(artifact, chosen)
