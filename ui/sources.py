"""Where the documents of a knowledge base come from: files, a folder, or what was stored with a dataset."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from data.limits import Limits, size
from data.workspace import Workspace
from ui import cached, uploads

FILES, FOLDER = "files of mine", "a folder of mine"
KINDS = "PDF, DOCX, HTML, Markdown, text, CSV, JSONL, ZIP"


def choose(workspace: Workspace, rounds: int) -> Callable[[], list[Path]] | None:
    """Draw the choice; returns what puts the documents in place and says where they lie. None until there are some.

    ``rounds`` counts the orders of this session: each begins with empty fields.
    """
    stored = {
        f"documents of dataset {one.ref}, n = {manifest['documents']:,}": one.path / "documents"
        for one, manifest in cached.artifacts(workspace, "datasets")
        if manifest["documents"]
    }
    chosen = st.selectbox("Documents from", [FILES, FOLDER, *stored], key="knowledge_source")
    if chosen in stored:
        return lambda: [stored[chosen]]
    limits = f"up to {size(Limits().upload_bytes)} in all".replace(" ", "\N{NO-BREAK SPACE}")
    if chosen == FOLDER:
        inside = st.file_uploader(f"A folder of {KINDS}; {limits}", key=f"knowledge_folder_{rounds}",
                                  accept_multiple_files="directory")  # fmt: skip
        return (lambda: [uploads.save_folder(workspace, inside)]) if inside else None
    files = st.file_uploader(f"{KINDS}; {limits}", key=f"knowledge_files_{rounds}",
                             accept_multiple_files=True)  # fmt: skip
    return (lambda: uploads.paths(uploads.save(workspace, files), files)) if files else None
