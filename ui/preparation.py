"""Before a fine-tune is launched: its rows as the model reads them, their lengths, repetitions, doubts and leaks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import streamlit as st

from ui import cached, checking, leakage, tables
from ui.errand import Refused
from ui.frame import guarded, plain

FORM = "tune"
NO_TEST = "There is no test set in this workspace yet, so no leak could be looked for. Store one on the page Data."


def mapping(*rows: str | None) -> dict[str, str]:
    """{field: column} chosen for uploaded files; a stored dataset was mapped when it was stored.

    Kept for the first of them, the training file where that is one: other validation rows leave the choice as it is.
    """
    return checking.chosen_columns(first, FORM) if (first := _first_upload(rows)) else {}


def _first_upload(rows: Iterable[str | None]) -> str:
    return next((str(one) for one in rows if _uploaded(one)), "")


def _uploaded(rows: str | None) -> bool:
    return bool(rows) and "/" in str(rows)


def panel(request: dict[str, Any]) -> bool:
    """Everything known of the rows of this order once somebody asks for it. Whether a leak blocks it.

    ``request`` is what ui.errand's "prepare" takes.
    """
    with st.expander(
        "What will it read and learn? Look at the rows", key="tune_prepared", icon=":material/table_rows:"
    ):
        st.caption("Prompts with the tokens that carry loss, lengths, questions asked twice, the validation split, and "
                   "the leakage check.")  # fmt: skip
        if st.button("Look at the prepared rows", key="tune_rows", disabled=not request["train"]):
            st.session_state["tune_looked"] = request
        if not request["train"]:
            st.caption("Choose training rows first; store some on the page Data.")
            return False
        looked = st.session_state.get("tune_looked")
        if looked is None:
            return False
        if {**looked, "mapping": None} == {**request, "mapping": None}:
            looked = request  # columns are chosen below, one by one: the next look shows what they gave
        if looked != request:
            st.caption("The rows or the settings have changed since you looked.")
            _column_form(request, opened=False)
            return False
        with guarded():
            return _drawn(request)
    return False


def _drawn(request: dict[str, Any]) -> bool:
    try:
        found = cached.prepared(request)
        _show(found)
    except Refused as error:
        if error.columns:
            _column_form(request, opened=True, columns=_together(error.columns.values()))
        raise
    columns = {"train": found["columns"], "validation": found["validation_columns"]}
    read = [names for split, names in columns.items() if _uploaded(request[split])]
    _column_form(request, opened=bool(request["mapping"]), columns=_together(read))
    return bool(found["blocks"])


def _column_form(request: dict[str, Any], opened: bool, columns: list[str] | None = None) -> None:
    """The choice of columns of uploaded files, with those that were found at the last look when none are given."""
    first = _first_upload((request["train"], request["validation"]))
    if columns is not None:
        st.session_state["tune_columns"] = first, columns
    of, known = st.session_state.get("tune_columns", ("", []))
    known = known if of == first else []
    if first and (known or request["mapping"]):
        checking.column_form(known, opened, first, FORM)


def _together(columns: Iterable[list[str]]) -> list[str]:
    """The columns of all files, each once."""
    return list(dict.fromkeys(name for names in columns for name in names))


def _show(found: dict[str, Any]) -> None:
    training, held = found["training"], found["validation"]
    left = f" {found['refused']} rows of the file were left out." if found["refused"] else ""
    st.markdown(plain(
        f"{found['rows']:,} rows, read as {found['shape']}, become {training['rows']:,} training rows "
        f"({found['kinds']}), {training['rehearsed']:,} reading exercises and "
        f"{held['rows']:,} validation rows.{left}"
    ))  # fmt: skip
    if found["doubts"]:
        st.warning("\n\n".join(map(plain, found["doubts"])), icon=":material/warning:")
    leakage.show(found["leakage"], FORM, _clean(found["leakage"]))
    prompts, lengths, repeated, choices = st.tabs(
        ["Three rows", "Lengths", f"Asked twice ({found['repeated']:,})", "Choices"], key="tune_prepared_tabs"
    )
    with prompts:
        _rows(found["shown"])
    with lengths:
        _lengths(found["lengths"])
    with repeated:
        _repeated(found)
    with choices:
        st.markdown("\n".join(f"- {plain(text)}" for text in (f"Validation: {found['split']}.", *found["choices"])))


def _clean(audits: list[dict[str, Any]]) -> str:
    sets = ", ".join(one["test"] for one in audits)
    return f"No question of {sets} stands in these training rows." if audits else NO_TEST


def _rows(shown: list[list[str]]) -> None:
    st.caption("Every token in « » carries loss: it is learned. Everything else is only read.")
    for row, text in shown:
        st.caption(plain(f"Row {row}"))
        st.code(text, language=None, wrap_lines=True)


def _lengths(found: dict[str, Any]) -> None:
    """Rows by length; the limit as a line where it is in reach of the longest row."""
    out = found["too_long"]
    said = f"{out:,} of {found['n']:,} rows are left out; an answer is never cut" if out else "no row is longer"
    st.markdown(plain(
        f"{found['n']:,} rows: median {found['median']:.0f} tokens, longest {found['longest']:,}. "
        f"The limit is {found['limit']:,} tokens: {said}."
    ))  # fmt: skip
    values = [{"from": low, "below": below, "rows": count} for low, below, count in found["bins"]]
    bars: dict[str, Any] = {
        "mark": {"type": "bar", "binSpacing": 1},
        "encoding": {
            "x": {"field": "from", "bin": {"binned": True}, "type": "quantitative", "title": "Tokens in a row"},
            "x2": {"field": "below"},
            "y": {"field": "rows", "type": "quantitative", "title": "Rows", "axis": {"tickMinStep": 1}},
            "tooltip": [{"field": "from", "title": "From"}, {"field": "below", "title": "Below"},
                        {"field": "rows", "title": "Rows"}],
        },
    }  # fmt: skip
    layers = [bars]
    if found["limit"] <= 1.5 * found["longest"]:
        mark = {"type": "rule", "strokeWidth": 2, "strokeDash": [6, 4], "color": "#d95f02"}
        at = {"x": {"field": "limit", "type": "quantitative"}}
        layers.append({"data": {"values": [{"limit": found["limit"]}]}, "mark": mark, "encoding": at})
    st.vega_lite_chart({"data": {"values": values}, "height": 220, "layer": layers}, key="tune_lengths",
                       alt="How many rows have how many tokens")  # fmt: skip


def _repeated(found: dict[str, Any]) -> None:
    """Questions that several rows ask, those with conflicting answers first."""
    if not found["repeated"]:
        st.caption("Every question stands in the training rows once.")
        return
    few = "" if len(found["groups"]) == found["repeated"] else f" The first {len(found['groups'])}:"
    st.markdown(plain(
        f"{found['repeated']:,} questions are asked more than once, {found['conflicting']:,} of them with answers that "
        f"contradict each other.{few}"
    ))  # fmt: skip
    rows = [
        {"Question": one["question"], "Rows": ", ".join(one["rows"]), "Answers": " | ".join(one["answers"]),
         "": "conflict" if one["conflicting"] else "same answer"}
        for one in found["groups"]
    ]  # fmt: skip
    tables.show(rows, "tune_repeated", "Questions asked more than once")
