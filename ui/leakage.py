"""What a leakage audit found, by level: what blocks, what deserves a look, what is good to know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from data.leakage import restored
from ui import tables
from ui.frame import bullets, plain


def show(audits: list[dict[str, Any]], key: str, nothing: str) -> None:
    """Audits as ``Leakage.told`` gives them, the most serious first; ``nothing`` is said when nothing was found."""
    levels: dict[str, list[str]] = {"block": [], "warn": [], "inform": []}
    for one in audits:
        for level, sentences in one["levels"].items():
            levels[level] += [sentence for sentence in sentences if sentence not in levels[level]]
    if levels["block"]:
        st.error(_lines(levels["block"]), title="The test set leaks", icon=":material/block:")
    _same(audits, key)
    if levels["warn"]:
        st.warning(_lines(levels["warn"]), title="Worth a look before you trust the scores", icon=":material/warning:")
    _pairs(audits, key)
    if levels["inform"]:
        st.info(_lines(levels["inform"]), icon=":material/info:")
    if not any(levels.values()):
        st.success(plain(nothing), icon=":material/check:")


def of_run(saved: dict[str, Any] | None, key: str, clean: Sequence[str]) -> None:
    """The audit that a comparison was ordered with, where it has something to say; ``clean``: scores on the clean rows.

    What blocks stands in sight; what deserves a look, or is good to know, is folded under its first sentence.
    """
    told = restored(saved).told() if saved else None
    if not told or not told["sentences"]:
        return
    levels = told["levels"]
    if levels["block"]:
        show([told], key, "")
        bullets(list(clean))
        return
    with st.expander(plain((levels["warn"] or levels["inform"])[0]), icon=":material/policy:", key=f"{key}_audit"):
        bullets([*levels["warn"][1:], *levels["inform"], *clean])
        _table(_near([told]), key)


def _same(audits: list[dict[str, Any]], key: str) -> None:
    """The test questions that stand word for word in the training data (audits from before name none)."""
    questions = [question for one in audits for question in one.get("same", ())]
    if questions:
        leaking = sum(len(one["exact"]) for one in audits)
        few = "" if leaking == len(questions) else f" (the first {len(questions)} of {leaking})"
        with st.expander(f"The repeated questions{few}", key=f"{key}_same"):
            tables.show([{"Test question": question} for question in questions], f"{key}_same_rows",
                        "Test questions that stand in the training data")  # fmt: skip


def _pairs(audits: list[dict[str, Any]], key: str) -> None:
    """Test questions beside the training questions that they nearly repeat."""
    if rows := _near(audits):
        near = sum(len(one["near"]) for one in audits)
        few = "" if near == len(rows) else f" (the first {len(rows)} of {near})"
        with st.expander(f"The near-repeated questions{few}", key=f"{key}_near"):
            _table(rows, key)


def _near(audits: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"Test question": pair["question"], "Training question": pair["other"], "In common": pair["sign"]}
        for one in audits for pair in one["pairs"]
    ]  # fmt: skip


def _table(rows: list[dict[str, Any]], key: str) -> None:
    if rows:
        st.dataframe(rows, hide_index=True, key=f"{key}_pairs", alt="Test questions near training questions")


def _lines(sentences: list[str]) -> str:
    return "\n\n".join(map(plain, sentences))


def confirm_first(order: Any, why: str, key: str) -> None:
    """Keep that this order was refused for a leak, and draw the page anew, with ``confirmed`` asking about it."""
    st.session_state[f"{key}_leak"] = (order, why)
    st.rerun()


def confirmed(order: Any, key: str, then: str, label: str, known: bool = False) -> bool:
    """When this very order was refused for a leak: what leaks, what happens ``then``, and a box that allows it.

    ``known``: the page says already that it leaks, and only the box is wanted.
    """
    refused, why = st.session_state.get(f"{key}_leak", (None, ""))
    if refused == order:
        st.warning(f"{plain(why)}\n\nScores on such a test set look better than the system is. You can go on: {then}",
                   title="The test set leaks", icon=":material/warning:")  # fmt: skip
    elif not known:
        return False
    return st.checkbox(label, key=f"{key}_allow")
