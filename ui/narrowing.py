"""How the Ask page searches: by which method, in which documents, and how good a passage must be."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from data.store import resolve
from data.workspace import Workspace
from rag.filters import EVERYTHING, Filter
from rag.settings import METHODS
from ui import cached, filters
from ui.methods import METHOD_HELP, method_name


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
    with st.popover("Narrow the search", key="ask_narrow", icon=":material/filter_alt:"):
        method = st.selectbox("Method", METHODS, key="ask_method", help=METHOD_HELP, format_func=method_name)
        only = filters.only(manifest, f"ask_{knowledge}")
        least = _least(method, f"ask_{knowledge}")
    return Narrowed(method, only, least)


def _least(method: str, key: str) -> float | None:
    words = method == "bm25"
    label = "Least BM25 score" if words else "Least cosine"
    text = "Passages that score less are not read. If none is left, the model is asked without passages."
    return st.number_input(label, 0.0, None if words else 1.0, None, 0.5 if words else 0.05,
                           key=f"{key}_least_{'words' if words else 'cosine'}", help=text,
                           placeholder="any score")  # fmt: skip
