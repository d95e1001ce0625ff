"""The versions of a knowledge base: what each changed and cost, going back to one, and deleting one."""

from __future__ import annotations

from typing import Any

import streamlit as st

from data.store import Artifact, point
from data.workspace import Workspace
from rag.history import told_changes
from rag.knowledge import delete
from ui import cached
from ui.frame import guarded, notice, plain, when

COLUMNS = {"embedded": "Embedded", "cached": "Cached", "taken_over": "Kept"}  # short, so that the table fits


def show(workspace: Workspace, artifact: Artifact) -> None:
    """One row per version; older versions do not know of every count."""
    every = cached.all_versions(workspace, "knowledge")
    found = [(one, manifest) for one, manifest in reversed(every) if one.name == artifact.name]
    rows = [_row(one, one.version == artifact.version, manifest) for one, manifest in found]
    st.dataframe(rows, hide_index=True, key="knowledge_versions", alt="Versions of this knowledge base",
                 placeholder="–")  # fmt: skip
    st.caption("Embedded, Cached and Kept count passages: embedded anew, found in the cache of earlier embeddings, or "
               "kept from the version before.")  # fmt: skip
    others = [one.version for one, _ in found if one.version != artifact.version]
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


def _row(one: Artifact, in_use: bool, manifest: dict[str, Any]) -> dict[str, Any]:
    counts = manifest["counts"]
    return {
        "Version": f"{one.version} (in use)" if in_use else str(one.version),
        "Changes": told_changes(manifest).strip(" ()") or None, "Documents": counts["documents"],
        "Passages": counts["passages"], **{words: counts.get(name) for name, words in COLUMNS.items()},
        "Made": when(manifest["created"]),
    }  # fmt: skip


def _delete(workspace: Workspace, ref: str) -> None:
    st.markdown(f"{plain(ref)} is deleted for good, unless a run names it.")
    if st.button("Delete", key="knowledge_delete"):
        with guarded():
            notice(delete(workspace, ref).words())
            st.rerun()
