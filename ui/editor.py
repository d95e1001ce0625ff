"""One document's text in an editor, saved as a new version; and leaving a document out."""

from __future__ import annotations

import shlex
from typing import Any

import streamlit as st

from data.disk import text_hash
from data.errors import UserError
from data.store import Artifact, resolve
from data.workspace import Workspace
from rag.editing import tidy
from rag.orders import order_edit, order_remove
from ui import cached, stored
from ui.frame import guarded, plain, when
from ui.watch import active, launch

LONGEST = 200_000  # characters: what a browser edits without halting


def show(workspace: Workspace, artifact: Artifact) -> None:
    """Choose a document, change its text or leave it out. Each makes the next version."""
    known = cached.json_file(artifact.path / "manifest.json")["files"]
    chosen = st.selectbox("Document", list(known), key="knowledge_edited", placeholder="Choose a document")
    if not chosen:
        return
    document = stored.document(artifact, chosen)
    busy = any(one.name == artifact.name for one in active(workspace, "build"))
    if document["edited"]:
        st.caption(plain(f"{document['file']}, edited on the page on {when(document['edited'])}."))
    if len(document["text"]) > LONGEST:
        _too_long(artifact, document)
    else:
        _editor(workspace, artifact, document, busy)
    with st.popover("Remove this document", key="knowledge_remove_ask", icon=":material/delete:", disabled=busy):
        _remove(workspace, artifact, document["id"], len(known))


def _too_long(artifact: Artifact, document: dict[str, Any]) -> None:
    st.info(plain(f"{document['id']} has {len(document['text']):,} characters; the page edits up to {LONGEST:,}. "
                  "Download its text, change it, and save it with:"), icon=":material/edit_off:")  # fmt: skip
    command = f"python -m rag edit --name {artifact.ref} --document {shlex.quote(document['id'])} --text text.txt"
    st.code(command, language=None, wrap_lines=True)
    st.download_button("Download its text", document["text"], file_name="text.txt", key="knowledge_text_download")


def _editor(workspace: Workspace, artifact: Artifact, document: dict[str, Any], busy: bool) -> None:
    """The text area. What is typed is kept in the session until it is saved, also while another part is open."""
    drafts = st.session_state.setdefault("knowledge_drafts", {})
    name = (artifact.name, document["id"])
    based, text = drafts.get(name, (artifact.ref, document["text"]))
    if _same(text, document):
        drafts.pop(name, None)
        based, text = artifact.ref, document["text"]
    if based != artifact.ref and not _unchanged(workspace, based, document):
        st.warning(plain(f"{document['id']} was changed after its text was taken from {based}, so this text cannot be "
                         "saved. Copy what you need of it, then take the text as it is now."),
                   icon=":material/difference:")  # fmt: skip
    key = f"knowledge_text_{artifact.name}_{text_hash(document['id'])[:12]}"
    st.session_state[key] = text
    typed = st.text_area("Its text, as it was extracted", key=key, height=420, max_chars=LONGEST,
                         on_change=lambda: drafts.update({name: (based, st.session_state[key])}))  # fmt: skip
    changed = not _same(typed, document)
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Save as a new version", type="primary", key="knowledge_save", disabled=busy):
            with guarded():
                if not changed:
                    raise UserError("Nothing was changed.", "Change the text above first.")
                launch(workspace, order_edit(workspace, based, document["id"], typed))
        if changed and st.button("Take the stored text", key="knowledge_take_back", icon=":material/undo:"):
            drafts.pop(name, None)
            st.rerun()
        st.caption("This knowledge base is being changed now." if busy else
                   "Its passages are made anew from the text; only those that are new are embedded.")  # fmt: skip


def _same(text: str, document: dict[str, Any]) -> bool:
    try:
        return text == document["text"] or tidy(text, document["id"])[0] == document["text"]
    except UserError:
        return False


def _unchanged(workspace: Workspace, based: str, document: dict[str, Any]) -> bool:
    """True if the version that a draft was begun from holds the same text as the one in use."""
    try:
        return stored.document(resolve(workspace, "knowledge", based), document["id"])["text"] == document["text"]
    except UserError:  # that version was deleted meanwhile
        return False


def _remove(workspace: Workspace, artifact: Artifact, document: str, count: int) -> None:
    if count == 1:
        st.markdown("It is the only document, and a knowledge base needs one.")
        return
    st.markdown(f"{plain(document)} is left out of the next version. Older versions keep it.")
    if st.button("Remove", key="knowledge_remove"):
        with guarded():
            launch(workspace, order_remove(workspace, artifact.name, [document]))
