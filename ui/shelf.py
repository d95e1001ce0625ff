"""One knowledge base on the page: its documents, passages and versions, and a search."""

from __future__ import annotations

from typing import Any

import streamlit as st

from data.store import Artifact, Workspace, point, resolve, versions
from eval import client
from rag.knowledge import delete
from rag.settings import METHODS
from ui import cached, intake
from ui.frame import guarded, notice, plain, when

PAGE = 20


def show(workspace: Workspace, artifact: Artifact) -> None:
    """The parts of one knowledge base; only the one that is open is drawn."""
    parts = {"Search": _search, "Documents and passages": _documents, "Versions": _versions}
    st.subheader(plain(artifact.ref))
    part = st.segmented_control("Part", list(parts), default="Search", key="knowledge_part", required=True,
                                label_visibility="collapsed")  # fmt: skip
    parts[part or "Search"](workspace, artifact)


def _search(workspace: Workspace, artifact: Artifact) -> None:
    with st.form("knowledge_search", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        question = st.text_input("Try a search", key="knowledge_question", placeholder="What would you look up?")
        count = st.number_input("Passages", 1, 50, 5, key="knowledge_k", width=110)
        method = st.selectbox("Method", METHODS, key="knowledge_method", width=130)
        pressed = st.form_submit_button("Search", key="knowledge_search_go", icon=":material/search:")
    if pressed and question.strip():
        waking = "" if client.running(workspace) else "; the model worker is starting, which takes a while"
        with guarded(), st.spinner(f"Searching{waking}"):
            found = client.search(workspace, artifact.ref, question, int(count), method)
            st.session_state["knowledge_found"] = (artifact.ref, question, found)
    ref, asked, found = st.session_state.get("knowledge_found", ("", "", None))
    if found and ref == artifact.ref:
        st.text(f"Found for: {asked}")
        if found["note"]:
            st.caption(plain(f"{found['note']}."))
        if not found["relevant"]:
            st.warning("Nothing relevant was found; these are only the nearest passages.", icon=":material/search_off:")
        hits(found["hits"])


def hits(found: list[dict[str, Any]]) -> None:
    """Retrieved passages with their places and scores, as text."""
    for hit in found:
        with st.container(border=True):
            score = hit.get("origin_text") or f"score {hit['score']:.3f}"
            st.caption(plain(f"{hit['rank']}. {origin(hit)} · {score}"))
            st.text(hit["text"])


def origin(passage: dict[str, Any]) -> str:
    """The document, heading and page of a passage in one line."""
    page = f"page {passage['page']}" if passage.get("page") else ""
    return " · ".join(part for part in (passage["document"], passage.get("heading") or "", page) if part)


def _documents(workspace: Workspace, artifact: Artifact) -> None:
    manifest = cached.json_file(artifact.path / "manifest.json")
    counts, embedder = manifest["counts"], manifest["embedder"]
    st.caption(plain(
        f"{counts['documents']} documents, {counts['passages']} passages; embedded with {embedder['id']} "
        f"({embedder['dim']} numbers each, {embedder['dtype']}). Search index: {manifest['index']['kind']} "
        f"({manifest['index']['reason']})."
    ))  # fmt: skip
    intake.problems(manifest)
    rows = cached.files(artifact)
    st.dataframe(rows, hide_index=True, key="knowledge_documents", alt="Files of this knowledge base",
                 placeholder="–")  # fmt: skip
    read = [row["File"] for row in rows if row.get("Passages")]
    chosen = st.selectbox("Passages of", read, key="knowledge_document")
    if not chosen:
        return
    passages = cached.passages(artifact, chosen)
    pages = -(-len(passages) // PAGE)
    number = st.pagination(pages, key="knowledge_passages_page") if pages > 1 else 1
    for passage in passages[(number - 1) * PAGE : number * PAGE]:
        with st.container(border=True):
            st.caption(plain(f"{origin(passage)} · characters {passage['start']} to {passage['end']}"))
            st.text(passage["text"])


def _versions(workspace: Workspace, artifact: Artifact) -> None:
    numbers = versions(workspace, "knowledge", artifact.name)
    found = [resolve(workspace, "knowledge", f"{artifact.name}@{number}") for number in numbers]
    manifests = [cached.json_file(one.path / "manifest.json") for one in found]
    rows = [
        {"Version": one.ref, "In use": one.version == artifact.version, "Made": when(manifest["created"]),
         "Documents": manifest["counts"]["documents"], "Passages": manifest["counts"]["passages"],
         "Embedded anew": manifest["counts"]["embedded"]}
        for one, manifest in zip(found, manifests, strict=True)
    ]  # fmt: skip
    st.dataframe(rows, hide_index=True, key="knowledge_versions", alt="Versions of this knowledge base")
    others = [one.version for one in found if one.version != artifact.version]
    if not others:
        st.caption("There is one version so far. Every change makes another, and you can go back to any of them.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        version = st.selectbox("Other version", others, index=len(others) - 1, key="knowledge_version", width=160)
        if st.button("Use this version", key="knowledge_rollback"):
            notice(f"{artifact.name} now means {point(workspace, 'knowledge', artifact.name, version).ref}.")
            st.rerun()
        with st.popover("Delete this version", key="knowledge_delete_ask"):
            _delete(workspace, f"{artifact.name}@{version}")


def _delete(workspace: Workspace, ref: str) -> None:
    st.markdown(f"{plain(ref)} is deleted for good, unless a run names it.")
    if st.button("Delete", key="knowledge_delete"):
        with guarded():
            notice(f"Deleted: {', '.join(delete(workspace, ref))}.")
            st.rerun()
