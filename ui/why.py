"""Why answers are wrong: one bar per system, cut by reason. A click on a part shows its questions below."""

from __future__ import annotations

from typing import Any

import streamlit as st

from eval import told_beside
from eval.why import LABELS, MEANING
from ui import charts, question_filter, tables
from ui.frame import plain

COLOURS = dict(zip(LABELS, (
    "#8a8a8a", "#b58b4c", "#c2549d", "#8f6fd1", "#e08a1e", "#2f86d6", "#1fa39b", "#5aa845", "#d9534f", "#9c6b4a",
    "#6f8fb0", "#b0b0b0",
), strict=True))  # fmt: skip
"""Of middling lightness, so that each can be told from both themes' ground."""


def show(scores: dict[str, Any]) -> None:
    """The chart, its numbers and the meaning of each reason; an offer to score again what was scored without."""
    st.subheader("Why answers are wrong")
    found: dict[str, dict[str, int]] | None = scores.get("why")
    if found is None:
        st.caption("This comparison was scored before wrong answers got a reason: score it again, above.")
        return
    if not any(found.values()):
        st.caption("No answer is wrong.")
        return
    _chart(scores, found)
    tables.show(_turned(scores), "why_table", "Wrong answers of every system by reason")
    with st.expander("What the reasons mean", key="why_meaning"):
        st.markdown(
            "\n".join(f"- **{plain(label)}**: {plain(MEANING[label])}" for label in told_beside.reasons(scores))
        )
        st.caption("Each wrong answer has one reason: the first of this list that fits.")


def _turned(scores: dict[str, Any]) -> list[dict[str, Any]]:
    """One row per reason, one column per system: there are more reasons than fit side by side."""
    rows = told_beside.why_rows(scores)
    return [
        {"": {"n": "Answers", "Wrong": "Wrong, of these"}.get(head, head), **{row["System"]: row[head] for row in rows}}
        for head in rows[0] if head != "System"
    ]  # fmt: skip


def _chart(scores: dict[str, Any], found: dict[str, dict[str, int]]) -> None:
    named = told_beside.reasons(scores)
    values = [
        {"system": name, "label": label, "answers": counts[label], "order": LABELS.index(label),
         "share": f"{100 * counts[label] / scores['systems'][name]['n']:.1f} % of {scores['systems'][name]['n']}"}
        for name, counts in found.items() for label in named if label in counts
    ]  # fmt: skip
    colour = {"field": "label", "type": "nominal", "title": None,
              "scale": {"domain": named, "range": [COLOURS[label] for label in named]},
              "legend": {"orient": "bottom", "columns": 4, "labelLimit": 200, "symbolType": "square"}}  # fmt: skip
    spec = {
        "data": {"values": values}, "height": {"step": 34},
        "params": [{"name": "picked", "select": {"type": "point", "fields": ["system", "label"]}}],
        "mark": {"type": "bar", "cursor": "pointer"},
        "encoding": {
            "y": {"field": "system", "type": "nominal", "sort": list(found), "title": None,
                  "axis": charts.NAMED},
            "x": {"field": "answers", "type": "quantitative", "title": "Wrong answers",
                  "axis": {"tickMinStep": 1, "tickCount": 8}},
            "color": colour, "order": {"field": "order"},
            "opacity": {"condition": {"param": "picked", "value": 1}, "value": 0.35},
            "tooltip": [{"field": "system", "title": "System"}, {"field": "label", "title": "Reason"},
                        {"field": "answers", "title": "Answers"}, {"field": "share", "title": "Share of all"}],
        },
    }  # fmt: skip
    alt = "Wrong answers of each system by reason"
    event: Any = st.vega_lite_chart(spec, key="why_chart", on_select="rerun", selection_mode="picked", alt=alt)
    st.caption("Click a part of a bar to see its questions at the end of the page.")
    picked = (event.get("selection") or {}).get("picked") or []
    if picked and picked != st.session_state.get("why_picked"):
        question_filter.preset(picked[0]["system"], picked[0]["label"])
    st.session_state["why_picked"] = picked
