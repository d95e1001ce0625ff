"""Whether a knowledge base holds the documents that test questions name: told before a comparison starts."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import streamlit as st

from data.errors import UserError
from data.examples import load_examples
from data.workspace import Workspace
from eval.teaching import indexed
from ui import cached

HARDLY = 0.1  # of the questions that name a document


def sought(workspace: Workspace, test: str | None, knowledge: str | None) -> str:
    """A sentence where hardly any question of a stored test set names a document of the knowledge base; else "".

    Questions that name no document tell nothing, nor does a file that was not stored as a dataset.
    """
    sets = {one.ref: one.path / "test.jsonl" for one, _ in cached.artifacts(workspace, "datasets")}
    bases = {one.ref: manifest["files"] for one, manifest in cached.artifacts(workspace, "knowledge")}
    if test not in sets or knowledge not in bases:
        return ""
    documents = [path for id_, one in bases[knowledge].items() for path in (id_, one.get("file", id_))]
    found = indexed(_named(str(sets[test]), cached.stamp(sets[test])), documents)
    if not found or found["indexed"] >= HARDLY * found["rows"]:
        return ""
    return (
        f"{found['indexed']:,} of the {found['rows']:,} test questions that name their document name one that "
        f"{knowledge} holds: it can hardly help to answer them."
    )


@st.cache_data(max_entries=8, show_spinner=False)
def _named(path: str, changed: int) -> dict[str, int]:
    """{document: how many test questions name it}; {} for damaged rows, of which the order tells."""
    try:
        return dict(Counter(one.document for one in load_examples(Path(path)) if one.document))
    except UserError:
        return {}
