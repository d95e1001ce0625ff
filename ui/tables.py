"""Plain rows as a table of the page."""

from __future__ import annotations

from typing import Any

import streamlit as st


def show(rows: list[dict[str, Any]], key: str, alt: str) -> None:
    """A table that fits its rows."""
    height = "content" if len(rows) <= 20 else "auto"
    st.dataframe(rows, hide_index=True, key=key, alt=alt, height=height, placeholder="–")
