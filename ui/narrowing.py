"""How the Ask page searches: by which method, in which documents, and how good a passage must be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from data.store import resolve
from data.workspace import Workspace
from rag.filters import EVERYTHING, Filter
from rag.settings import METHODS
from ui import cached

LISTED = 500  # documents offered by name; others can be typed


@dataclass(frozen=True)
class Narrowed:
    """The choices. ``at_least`` is a cosine, with the method "bm25" a BM25 score; None lets every passage through."""

    method: str = METHODS[0]
    only: Filter = EVERYTHING
    at_least: float | None = None

    @property
    def limits(self) -> int:
        """How many choices leave something out."""
        only = self.only
        return sum(map(bool, (only.documents, only.tags, only.since, only.until, self.at_least is not None)))


def narrowing(workspace: Workspace, knowledge: str) -> Narrowed:
    """A popover with the choices for one knowledge base; each base keeps its own."""
    manifest = cached.json_file(resolve(workspace, "knowledge", knowledge).path / "manifest.json")
    files, key = manifest["files"], f"ask_{knowledge}"
    with st.popover("Narrow the search", key="ask_narrow", icon=":material/filter_alt:"):
        method = st.selectbox("Method", METHODS, key="ask_method")
        names = list(dict.fromkeys(about.get("file", id_) for id_, about in files.items()))
        documents = st.multiselect("Only these documents", names[:LISTED], key=f"{key}_documents",
                                   accept_new_options=True, placeholder="all documents",
                                   help="You can type a name as well; * stands for anything.")  # fmt: skip
        only = Filter(tuple(documents), *_labels(files, key))
        least = _least(method, key)
    return Narrowed(method, only, least)


def _labels(files: dict[str, Any], key: str) -> tuple[tuple[str, ...], str, str]:
    """Tags and dates, each offered only where some document has one."""
    tags = sorted({tag for about in files.values() for tag in about.get("tags", ())})
    chosen = st.multiselect("With all of these tags", tags, key=f"{key}_tags", placeholder="any tags") if tags else []
    if not any(about.get("date") for about in files.values()):
        missing = "no document has a date" if tags else "no document has a tag or a date"
        st.caption(f"In this knowledge base {missing}; they are given when files are added.")
        return tuple(chosen), "", ""
    with st.container(horizontal=True):
        since = st.date_input("From", None, key=f"{key}_since", format="YYYY-MM-DD")
        until = st.date_input("Until", None, key=f"{key}_until", format="YYYY-MM-DD")
    return tuple(chosen), since.isoformat() if since else "", until.isoformat() if until else ""


def _least(method: str, key: str) -> float | None:
    words = method == "bm25"
    label = "Least BM25 score" if words else "Least cosine"
    text = "Passages that score less are not read. If none is left, the model is asked without passages."
    return st.number_input(label, 0.0, None if words else 1.0, None, 0.5 if words else 0.05,
                           key=f"{key}_least_{'words' if words else 'cosine'}", help=text,
                           placeholder="any score")  # fmt: skip
