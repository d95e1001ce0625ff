"""The versions of a knowledge base: what each changed and cost, going back to one, and deleting one."""

from __future__ import annotations

import streamlit as st

from data.store import Artifact, point
from data.workspace import Workspace
from rag.history import COSTS, file_count, told_changes
from rag.knowledge import delete
from ui import cached
from ui.frame import guarded, notice, plain, when


def show(workspace: Workspace, artifact: Artifact) -> None:
    """One row per version; older versions do not know of every count."""
    every = cached.all_versions(workspace, "knowledge")
    found = [(one, manifest) for one, manifest in reversed(every) if one.name == artifact.name]
    rows = [
        {"Version": one.ref, "In use": one.version == artifact.version, "Made": when(manifest["created"]),
         "Documents": manifest["counts"]["documents"], "Files": file_count(manifest),
         "Changes": told_changes(manifest).strip(" ()") or None,
         "Passages": manifest["counts"]["passages"],
         **{words.capitalize(): manifest["counts"].get(name) for name, words in COSTS.items()}}
        for one, manifest in found
    ]  # fmt: skip
    st.dataframe(rows, hide_index=True, key="knowledge_versions", alt="Versions of this knowledge base",
                 placeholder="–")  # fmt: skip
    st.caption("The last three columns count passages: embedded anew, remembered from an earlier version, or unchanged "
               "since the version before.")  # fmt: skip
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


def _delete(workspace: Workspace, ref: str) -> None:
    st.markdown(f"{plain(ref)} is deleted for good, unless a run names it.")
    if st.button("Delete", key="knowledge_delete"):
        with guarded():
            notice(delete(workspace, ref).words())
            st.rerun()
