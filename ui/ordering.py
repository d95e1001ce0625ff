"""The form that orders a comparison: test set, parts, systems, and the confirmation when the test set leaks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from data.schema import DecodeSettings
from data.workspace import Workspace
from eval.headline import TITLES
from eval.systems import CORNERS, Parts
from rag.settings import METHODS
from ui import evidence, headroom, leakage, model_picker, pickers
from ui.errand import Refused, result_of, run_errand
from ui.frame import captions, guarded
from ui.methods import METHOD_HELP, method_name
from ui.square import MEANING
from ui.watch import active, follow


def form(workspace: Workspace) -> None:
    """Everything a comparison can be told; orders and starts it."""
    name, test, parts = _parts(workspace)
    exact = model_picker.told(workspace, parts.model, "compare")
    parts = replace(parts, model=exact or parts.model)
    known = pickers.test_manifest(workspace, test)
    headroom.panel(workspace, parts.model, test, "compare")
    systems = _systems(parts, reasons(parts, known))
    with st.container(horizontal=True):
        limit = st.number_input("Questions at most", min_value=1, value=None, placeholder="all", key="compare_limit",
                                help="A fixed random sample of so many questions.", width=200)  # fmt: skip
        tokens = st.number_input("Longest answer, in tokens", min_value=1, value=DecodeSettings().max_new_tokens,
                                 key="compare_tokens", width=200)  # fmt: skip
    order = {
        "name": name, "test": test, "parts": vars(parts), "systems": systems, "limit": limit, "max_new_tokens": tokens,
    }  # fmt: skip
    then = "the comparison is then stamped, and scored on the clean questions as well."
    allowed = leakage.confirmed(order, "compare", then, "I have read this. Compare all the same")
    busy = any(run.name == name for run in active(workspace, "bench"))
    if st.button(
        "Compare", type="primary", key="compare_go", disabled=not (name and test and systems and exact) or busy
    ):
        with guarded():
            _order(workspace, order, allowed)
    if busy:
        st.caption("A comparison of this name is under way.")
    elif not exact:
        st.caption("Choose a base model that can be used.")
    elif not (name and test and systems):
        st.caption("Give it a name, test questions and at least one system.")


def _parts(workspace: Workspace) -> tuple[str, str | None, Parts]:
    left, middle, right = st.columns(3)
    with left:
        name = st.text_input(
            "Name of the comparison", key="compare_name", placeholder="first-look", max_chars=64, live=True
        )
        test = pickers.rows(workspace, "test", "Test questions", "compare_test")
    with middle:
        model = model_picker.pick(workspace, "compare_model")
        tuned = pickers.tuned(workspace, model, "compare_tuned")
        captions(pickers.why_tuned(workspace, model, tuned))
    with right:
        knowledge = pickers.knowledge(workspace, "compare_knowledge")
        captions(pickers.why_knowledge(workspace, knowledge))
        first, second = st.columns(2)
        why = pickers.search_defaults(workspace, knowledge, "compare")
        k = first.number_input("Passages", 1, 50, key="compare_k", help="Passages fetched per question.")
        method = second.selectbox("Search", METHODS, key="compare_method", help=METHOD_HELP,
                                  format_func=method_name)  # fmt: skip
        captions(why, evidence.sought(workspace, test, knowledge))
    return name, test, Parts(model, tuned, knowledge, int(k), method)


def reasons(parts: Parts, test: dict[str, Any] | None) -> dict[str, str]:
    """{system: why it cannot take part}, for the systems that cannot."""
    found: dict[str, str] = {}
    if not parts.tuned:
        found |= dict.fromkeys(("sft", "sft+rag"), "needs a tuned model of this base")
    if not parts.knowledge:
        found |= dict.fromkeys(("rag", "sft+rag", "floor"), "needs a knowledge base")
    if test is not None and not test["with_evidence"]:
        found["gold"] = "no test row names its gold passage"
    return found


def _systems(parts: Parts, impossible: dict[str, str]) -> list[str]:
    """A box per system; one that cannot take part says why."""
    st.markdown("**Systems**")
    chosen = []
    with st.grid(2, gap="small"):
        for name in CORNERS:
            why = impossible.get(name)
            label = f"{TITLES[name]}: {why or MEANING[name]}"
            # the key changes with the possibility: a box that was impossible starts ticked once it is possible
            key = f"compare_{name.replace('+', '_')}" + ("_impossible" if why else "")
            if st.checkbox(label, value=not why, disabled=bool(why), key=key) and not why:
                chosen.append(name)
    return chosen


def _order(workspace: Workspace, order: dict[str, Any], allowed: bool) -> None:
    """Order and start it; a leak is remembered for the confirmation. Raises Refused."""
    try:
        with st.spinner("Reading the test questions and looking for leakage"):
            request = {"do": "bench", "workspace": str(workspace.root)}
            done = result_of(run_errand(request | {"order": order | {"allow_leakage": allowed}}))
    except Refused as error:
        if not error.leak:
            raise
        leakage.confirm_first(order, error.what, "compare")
    st.session_state.pop("compare_leak", None)
    follow(done["run"])
