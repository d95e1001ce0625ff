"""What every page stands in: the workspace, the list of pages, and the one way an error or an empty page is shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import streamlit as st

from data.demo.first_start import copy_demo
from data.denied import traced
from data.workspace import Workspace, default_root, open_workspace

PAGES = {
    "overview": ("ui/pages/overview.py", "Overview", ":material/grid_view:"),
    "data": ("ui/pages/data.py", "Data", ":material/table_rows:"),
    "knowledge": ("ui/pages/knowledge.py", "Knowledge base", ":material/library_books:"),
    "lab": ("ui/pages/lab.py", "Search lab", ":material/science:"),
    "tune": ("ui/pages/tune.py", "Fine-tune", ":material/tune:"),
    "compare": ("ui/pages/compare.py", "Compare", ":material/compare_arrows:"),
    "review": ("ui/pages/review.py", "Human review", ":material/how_to_vote:"),
    "ask": ("ui/pages/ask.py", "Ask", ":material/chat:"),
    "runs": ("ui/pages/runs.py", "Runs", ":material/list_alt:"),
}
MARKUP = re.compile(r"([\\`*_{}\[\]()#+\-!|<>~$:&.])")


def workspace() -> Workspace:
    """The workspace in use; the demo is put into a new one. Raises UserError when it cannot be written."""
    return _opened(str(default_root()))


@st.cache_resource(show_spinner=False)
def _opened(root: str) -> Workspace:
    """Once per server process: errors are not kept, so a repaired folder is found at the next try."""
    copy_demo(Path(root))
    return open_workspace(Path(root))


def plain(text: object) -> str:
    """Text with every Markdown sign escaped: for messages that may hold words of documents, files or models."""
    return MARKUP.sub(r"\\\1", str(text))


@contextmanager
def guarded() -> Iterator[None]:
    """Show what the user can put right as one message: what is wrong, and what to do. Anything else is a defect and
    keeps its trace. What the system refused unforeseen leaves its trace in the server's log."""
    try:
        yield
    except Exception as error:
        said = traced(error)
        if said is None:
            raise
        st.error(plain(said.fix) or "See the page Runs.", title=plain(said.what), icon=":material/error:")


def empty(what: str, then: str, page: str | None = None, key: str = "") -> None:
    """An empty page says what would be here, what to do next, and where."""
    with st.container(border=True, key=f"empty_{key or page or 'page'}"):
        st.markdown(f"**{what}**")
        st.markdown(then)
        if page:
            link(page)


def link(page: str, label: str | None = None, run: str | None = None) -> None:
    """A link to one of our pages, with a run selected if one is named."""
    file, title, icon = PAGES[page]
    st.page_link(file, label=label or f"Go to {title}", icon=icon, query_params={"run": run} if run else None)


def bullets(sentences: list[str]) -> None:
    """Sentences as one list."""
    st.markdown("\n".join(f"- {plain(sentence)}" for sentence in sentences))


def captions(*sentences: str) -> None:
    """Each sentence in small print; "" is left out."""
    for sentence in filter(None, sentences):
        st.caption(plain(sentence))


def warnings(sentences: Iterable[str]) -> None:
    """Each sentence as a warning of its own: what is damaged, and what to do about it."""
    for sentence in sentences:
        st.warning(plain(sentence), icon=":material/warning:")


def when(moment: str, seconds: bool = False) -> str:
    """A stored moment in this machine's own time: "2026-11-23 04:40"."""
    return f"{datetime.fromisoformat(moment).astimezone():{'%Y-%m-%d %H:%M:%S' if seconds else '%Y-%m-%d %H:%M'}}"


def notice(text: str | None = None) -> None:
    """Keep a message for the next run of the page (text given), or show the one that was kept."""
    if text:
        st.session_state["notice"] = text
    elif kept := st.session_state.pop("notice", None):
        st.success(plain(kept), icon=":material/check:")
