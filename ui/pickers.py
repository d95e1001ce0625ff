"""The choices that several pages offer: a tuned model, a knowledge base, rows of a dataset."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from data.aliases import called
from data.workspace import Workspace
from eval.systems import searched
from sft.bases import same_base
from ui import cached, uploads
from ui.methods import method_name

NONE = "none"
UPLOAD = "a file of mine"
FILES = ["jsonl", "ndjson", "json", "csv", "tsv", "parquet"]


def tuned(workspace: Workspace, base: str, key: str) -> str | None:
    """A tuned model of that base, or None."""
    fitting = [one.ref for one, manifest in cached.all_versions(workspace, "adapters") if same_base(base, manifest)]
    told = {ref: called(workspace, "adapters", ref) for ref in fitting}
    return _or_none("Tuned model", fitting, key, f"Only models tuned from {base} are listed.", told)


def knowledge(workspace: Workspace, key: str) -> str | None:
    """A knowledge base at its current version, or None."""
    refs = [one.ref for one, _ in cached.artifacts(workspace, "knowledge")]
    return _or_none("Knowledge base", refs, key, "The current version of each. Build one on the page Knowledge base.")


def search_defaults(workspace: Workspace, ref: str | None, key: str) -> str:
    """Fill ``<key>_k`` and ``<key>_method`` with what this knowledge base is searched with; returns why, or "".

    Whenever another one (or another version) is chosen, and when the page is opened again, for Streamlit then forgets
    what its fields held; what the user changes in between stays.
    """
    manifests = {one.ref: manifest for one, manifest in cached.artifacts(workspace, "knowledge")}
    k, method, why = searched(manifests.get(ref or "", {}))
    forgotten = f"{key}_k" not in st.session_state or f"{key}_method" not in st.session_state
    if forgotten or st.session_state.get(f"{key}_defaults_of", "") != (ref, k, method):
        st.session_state[f"{key}_defaults_of"] = (ref, k, method)
        st.session_state[f"{key}_k"], st.session_state[f"{key}_method"] = k, method
    passages = f"{k} {'passage' if k == 1 else 'passages'}"
    return f"{ref}: {passages}, {method_name(method)}, by default; {why}." if why else ""


def _or_none(label: str, refs: Sequence[str], key: str, text: str, told: dict[str, str] | None = None) -> str | None:
    """``told``: what a reference is called on the page, where that is not itself."""
    chosen = st.selectbox(label, [*refs, NONE], key=key, help=text, format_func=lambda ref: (told or {}).get(ref, ref))
    return None if chosen == NONE else chosen


def rows(workspace: Workspace, split: str, label: str, key: str, nothing: str | None = None) -> str | None:
    """Rows of one split: a stored dataset, or a file to upload. None until there is one, and for ``nothing``."""
    having = {one.ref: f"{split} rows of {one.ref}, n = {manifest['splits'][split]['rows']:,}"
              for one, manifest in cached.artifacts(workspace, "datasets") if split in manifest["splits"]}  # fmt: skip
    options = [*([nothing] if nothing else []), *having, UPLOAD]
    chosen = st.selectbox(label, options, key=key, format_func=lambda one: having.get(one, one))
    if chosen == nothing:
        return None
    if chosen != UPLOAD:
        return chosen
    file = st.file_uploader(f"{label}: the file", type=FILES, key=f"{key}_file")
    return str(uploads.save_one(workspace, file)) if file else None


def test_manifest(workspace: Workspace, ref: str | None) -> dict[str, Any] | None:
    """What is known of the test rows of a stored dataset; None for a file."""
    found = {one.ref: manifest for one, manifest in cached.artifacts(workspace, "datasets")}
    return found[ref]["splits"]["test"] if ref in found else None
