"""Plain rows as a table of the page, all of whose columns can be read: long headings and cells are wrapped."""

from __future__ import annotations

from typing import Any

import pandas
import streamlit as st

from ui.frame import plain

MOST, HEIGHT = 20, 640  # rows shown without scrolling, and pixels of a longer table


def show(rows: list[dict[str, Any]], key: str, alt: str) -> None:
    """A table; numbers that are not whole to three decimals. Nothing without rows."""
    if not rows:
        return
    table = pandas.DataFrame([{plain(name): _cell(value) for name, value in row.items()} for row in rows])
    with st.container(key=key):
        st.table(
            table, border="horizontal", height="content" if len(rows) <= MOST else HEIGHT, hide_index=True, alt=alt
        )


def _cell(value: Any) -> str | int:
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value == value:
        return f"{value:.3f}"
    return "–" if value is None or value != value else plain(value).replace(", n ", ", n\u00a0")
