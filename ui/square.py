"""The square: which weights, which context. Where each system of a comparison stands in it, and its cells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from eval.headline import CORNERS, TITLES
from ui.frame import plain

MEANING = {
    "base": "the model as it is", "rag": "the model reads what was found", "sft": "fine-tuned, reads nothing",
    "sft+rag": "fine-tuned, reads what was found",
    "gold": "reads the right passage: the ceiling of any search",
    "floor": "the best sentence of the first passage, no language model",
}  # fmt: skip


def square(cell: Callable[[str], None]) -> None:
    """Draw the four corners under their headings; ``cell`` fills each."""
    widths = (0.9, 2, 2)
    _, left, right = st.columns(widths)
    left.markdown("**No context**")
    right.markdown("**Retrieved context**")
    for row, corners in (("**Base weights**", CORNERS[:2]), ("**Tuned weights**", CORNERS[2:])):
        label, *cells = st.columns(widths, vertical_alignment="center")
        label.markdown(row)
        for column, corner in zip(cells, corners, strict=True):
            with column:
                cell(corner)


def score_cell(corner: str, name: str | None, scores: dict[str, Any], note: str = "") -> None:
    """One corner's exact match with its interval and number of questions, and a note on what it is made of."""
    with st.container(border=True, key=f"cell_{corner.replace('+', '_')}", height="stretch"):
        row = scores["systems"].get(name) if name else None
        found = row["exact_match"] if row else None
        value = f"{100 * found['mean']:.1f} %" if found else "–"
        st.metric(TITLES[corner], value, help=MEANING[corner])
        if found:
            st.caption(f"95 %: {100 * found['low']:.1f} to {100 * found['high']:.1f} · n {found['n']}")
            if note:
                st.caption(plain(note[0].upper() + note[1:] + "."))
        else:
            st.caption("not part of this comparison")
