"""The form of a new fine-tune: rows, base, settings; what it makes of them, what it takes, and the launch."""

from __future__ import annotations

import streamlit as st

from data.workspace import Workspace
from sft.config import TrainConfig
from ui import estimate, forms, headroom, kinds, model_picker, pickers, preparation, search_panel
from ui.frame import guarded
from ui.watch import active

MAIN, CHOSEN = ("method", "context", "epochs"), ("model", "targets")


def form(home: Workspace) -> None:
    """Draws the form; launches when asked to."""
    st.subheader("A new fine-tune")
    left, middle, right = st.columns(3)
    with left:
        name = st.text_input(
            "Name of the tuned model", key="tune_name", placeholder="help-desk", max_chars=64, live=True
        )
        base = model_picker.pick(home, "tune_model")
    with middle:
        train = pickers.rows(home, "train", "Training rows", "tune_train")
    with right:
        validation = pickers.rows(home, "validation", "Validation rows", "tune_validation", "a tenth set aside")
    exact = model_picker.told(home, base, "tune")
    with st.grid(3):
        values = forms.fields(TrainConfig, MAIN, "tune")
    with st.expander("More settings", key="tune_more"), st.grid(4):
        values |= forms.fields(TrainConfig, forms.rest(TrainConfig, MAIN, CHOSEN), "tune")
    values |= kinds.drawn(exact or base, values["method"])
    headroom.before_tuning(home, exact or base, train)
    request = {"workspace": str(home.root), "config": {"model": exact or base, **values}, "train": train,
               "validation": validation, "mapping": preparation.mapping(train)}  # fmt: skip
    leaks = preparation.panel(request) or train in st.session_state.get("tune_leaks", ())
    allowed = bool(leaks) and st.checkbox(
        "I know that test questions stand in these training rows. Train all the same", key="tune_allow"
    )
    busy = any(one.name == name for one in active(home, "train"))
    missing = not (name and train and exact)
    if st.button("Launch fine-tune", type="primary", key="tune_go", disabled=busy or missing):
        with guarded():
            preparation.launch_allowed(home, request, name, allowed)
    if busy:
        st.caption("A fine-tune of this name is under way.")
    elif not exact:
        st.caption("Choose a base model that can be used.")
    elif missing:
        st.caption("Give it a name" + ("." if train else " and choose training rows; store some on the page Data."))
    if exact:
        estimate.panel(home, TrainConfig(model=exact, **values), train, validation)
        search_panel.panel(home, name, request, allowed)
