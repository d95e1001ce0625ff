"""Launching a fine-tune or a search: what the button waits for, and the confirmation where test questions leak."""

from __future__ import annotations

from typing import Any

import streamlit as st

from data.workspace import Workspace
from ui import leakage, watch
from ui.errand import Refused, result_of, run_errand
from ui.frame import guarded

THEN = "what leaks is kept with the tuned model, and comparisons score it on the clean questions as well."
LABEL = "I know that test questions stand in these training rows. Train all the same"


def launch(workspace: Workspace, request: dict[str, Any], name: str, leaks: bool, usable: bool) -> None:
    """The button, and what it waits for. ``request``: as ui.errand's "prepare"; ``leaks``: the page says so already."""
    busy = any(one.name == name for one in watch.active(workspace, "train"))
    missing = not (name and request["train"] and usable)
    allowed = confirmed(request, "tune", leaks)
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button("Launch fine-tune", type="primary", key="tune_go", disabled=busy or missing)
        if busy:
            st.caption("A fine-tune of this name is under way.")
        elif not usable:
            st.caption("Choose a base model that can be used.")
        elif missing:
            given = bool(request["train"])
            st.caption("Give it a name" + ("." if given else " and choose training rows; store some on the page Data."))
    if pressed:
        with guarded():
            watch.follow(started({"do": "train", **request, "name": name}, allowed, "tune"))


def confirmed(request: dict[str, Any], key: str, leaks: bool) -> bool:
    """Whether leaking rows were allowed; asks only where it is known that they leak."""
    return leakage.confirmed(_rows(request), key, THEN, LABEL, leaks)


def started(request: dict[str, Any], allowed: bool, key: str) -> str:
    """Have the errand order a run and start it; its id. It does so too when the reader leaves the page meanwhile.

    A leak draws the page anew, with the confirmation; raises Refused otherwise.
    """
    try:
        with st.spinner("Reading the rows and looking for leaks"):
            done = result_of(run_errand({**request, "allowed": allowed}))
    except Refused as error:
        if not error.leak:
            raise
        leakage.confirm_first(_rows(request), error.what, key)
    return str(done["run"])


def _rows(request: dict[str, Any]) -> tuple[Any, ...]:
    """What a confirmation holds for: other rows, or other columns of them, are asked about again."""
    return request["train"], request["mapping"]
