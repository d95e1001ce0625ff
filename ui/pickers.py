"""The choices that several pages offer: a tuned model, a knowledge base, rows of a dataset."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from data.aliases import called
from data.demo.first_start import SHIPPED
from data.store import Artifact
from data.workspace import Workspace
from eval.systems import searched
from sft.adapters import unfinished
from sft.bases import same_base
from ui import cached, uploads
from ui.methods import method_name

NONE = "none"
UPLOAD = "a file of mine"
FILES = ["jsonl", "ndjson", "json", "csv", "tsv", "parquet"]


def tuned(workspace: Workspace, base: str, key: str) -> str | None:
    """A tuned model of that base, or None; of one whose training was cut short the list says so."""
    fitting = _tuned_of(workspace, base)
    told = {one.ref: _told(called(workspace, "adapters", one.ref), unfinished(manifest)) for one, manifest in fitting}
    return _or_none("Tuned model", list(told), key, f"Only models tuned from {base} are listed.", told)


def why_tuned(workspace: Workspace, base: str, ref: str | None) -> str:
    """Where its training was cut short (a narrow list cuts that off), and why this tuned model is chosen before anybody
    chose; "" where there is nothing to say."""
    fitting = _tuned_of(workspace, base)
    how = next((unfinished(manifest) for one, manifest in fitting if one.ref == ref), "")
    why = why_newest(ref, fitting, "tuned model that you stored last")
    return " ".join(filter(None, [f"{called(workspace, 'adapters', str(ref))}: {how}." if how else "", why]))


def _tuned_of(workspace: Workspace, base: str) -> list[tuple[Artifact, dict[str, Any]]]:
    return own_first([pair for pair in cached.all_versions(workspace, "adapters") if same_base(base, pair[1])])


def _told(name: str, cut_short: str) -> str:
    return f"{name} ({cut_short})" if cut_short else name


def knowledge(workspace: Workspace, key: str) -> str | None:
    """A knowledge base at its current version, or None."""
    refs = [one.ref for one, _ in bases(workspace)]
    return _or_none("Knowledge base", refs, key, "The current version of each. Build one on the page Knowledge base.")


def why_knowledge(workspace: Workspace, ref: str | None) -> str:
    """Why this knowledge base is chosen before anybody chose; "" where there is nothing to say."""
    return why_newest(ref, bases(workspace), "knowledge base that you built last")


def bases(workspace: Workspace) -> list[tuple[Artifact, dict[str, Any]]]:
    """Every knowledge base at its current version, the user's newest first."""
    return own_first(cached.artifacts(workspace, "knowledge"))


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


def rows(
    workspace: Workspace, split: str, label: str, key: str, nothing: str | None = None, beside: str | None = None
) -> str | None:  # fmt: skip
    """Rows of one split: a stored dataset, or a file to upload. None until there is one, and for ``nothing``.

    Chosen at first: those of the dataset ``beside``, where it has such rows; else ``nothing``, where that may be; else
    the dataset that the user stored last, the demo's only where there is none.
    """
    stored = own_first(cached.artifacts(workspace, "datasets"))
    having = {one.ref: f"{split} rows of {one.ref}, n = {manifest['splits'][split]['rows']:,}"
              for one, manifest in stored if split in manifest["splits"]}  # fmt: skip
    same = beside if beside in having else None
    first = [one for one in (same, nothing) if one]
    options = list(dict.fromkeys([*first, *having, UPLOAD]))
    # with another dataset beside it the choice begins anew
    chosen = st.selectbox(
        label, options, key=f"{key}_{same}" if same else key, format_func=lambda one: having.get(one, one)
    )
    if chosen == options[0] and (why := _why_first(options[0], same, stored)):
        st.caption(why)
    if chosen == nothing:
        return None
    if chosen != UPLOAD:
        return chosen
    file = st.file_uploader(f"{label}: the file", type=FILES, key=f"{key}_file")
    return str(uploads.save_one(workspace, file)) if file else None


def own_first(stored: Sequence[tuple[Artifact, dict[str, Any]]]) -> list[tuple[Artifact, dict[str, Any]]]:
    """The user's own, newest first, and then what the demo brought."""
    return sorted(stored, key=lambda pair: (_of_demo(pair[0]), -cached.stamp(pair[0].path / "manifest.json")))


def _of_demo(one: Artifact) -> bool:
    return (SHIPPED / one.kind / one.name / str(one.version)).exists()


def _why_first(first: str, same: str | None, stored: Sequence[tuple[Artifact, dict[str, Any]]]) -> str:
    """Why these rows are chosen before anybody chose; "" where there was nothing to choose from."""
    if first == same:
        return "Chosen because they belong to the same dataset."
    return why_newest(first, stored, "dataset that you stored last")


def why_newest(ref: str | None, stored: Sequence[tuple[Artifact, dict[str, Any]]], what: str) -> str:
    """The sentence beside the first of those ``stored`` (as ``own_first`` sorts them), where it is the user's own and
    there are others; "" for any other choice."""
    first = stored[0][0] if len(stored) > 1 else None
    return f"Chosen because it is the {what}." if first and first.ref == ref and not _of_demo(first) else ""


def test_manifest(workspace: Workspace, ref: str | None) -> dict[str, Any] | None:
    """What is known of the test rows of a stored dataset; None for a file."""
    found = {one.ref: manifest for one, manifest in cached.artifacts(workspace, "datasets")}
    return found[ref]["splits"]["test"] if ref in found else None
