"""The form of a new fine-tune: rows, base, settings; what it makes of them, what it takes, and the launch."""

from __future__ import annotations

from typing import Any

import streamlit as st

from data.prompts import BUNDLED
from data.workspace import Workspace
from sft.config import TrainConfig
from ui import estimate, forms, headroom, kinds, launching, model_picker, pickers, preparation, search_panel

MAIN, CHOSEN = ("method", "context", "epochs"), ("model", "targets")
TENTH = "a tenth set aside"
NARROW = 280  # pixels: what a field with a data set's name in it needs


def form(home: Workspace) -> None:
    """Draws the form; launches when asked to."""
    st.subheader("A new fine-tune")
    with st.grid(2, min_column_width=NARROW):
        name = st.text_input(
            "Name of the tuned model", key="tune_name", placeholder="help-desk", max_chars=64, live=True
        )
        base = model_picker.pick(home, "tune_model")
    exact = model_picker.told(home, base, "tune")
    if exact == BUNDLED:
        st.caption("pocket is a small demonstration model. For a real decision, name a larger one.")
    with st.grid(2, min_column_width=NARROW) as cells:
        with cells.cell():
            train = pickers.rows(home, "train", "Training rows", "tune_train")
        with cells.cell():
            validation = pickers.rows(home, "validation", "Validation rows", "tune_validation", TENTH, train)
    values = _settings(exact or base)
    request: dict[str, Any] = {
        "workspace": str(home.root), "config": {"model": exact or base, **values}, "train": train,
        "validation": validation, "mapping": preparation.mapping(train, validation),
    }  # fmt: skip
    leaks = bool(exact) and _before(home, request, TrainConfig(**request["config"]))
    launching.launch(home, request, name, leaks, usable=bool(exact))
    if exact:
        search_panel.panel(home, name, request, leaks)


def _settings(base: str) -> dict[str, Any]:
    """How to train: three settings in sight, the others folded away."""
    with st.container(horizontal=True, gap="medium"):
        values = forms.fields(TrainConfig, MAIN, "tune")
    said = st.container()
    with st.expander("More settings", key="tune_more", icon=":material/settings:"):
        targets = kinds.modules(base, values["method"])
        with st.grid(4, vertical_alignment="bottom"):
            values |= targets | forms.fields(TrainConfig, forms.rest(TrainConfig, MAIN, CHOSEN), "tune")
    with said:
        kinds.doubt(TrainConfig(model=base, **{name: value for name, value in values.items() if value is not None}))
    return values


def _before(home: Workspace, request: dict[str, Any], config: TrainConfig) -> bool:
    """What can be found out before the effort: what there is to gain, the rows, memory and time. Whether they leak."""
    st.markdown("**Before you launch**")
    headroom.before_tuning(home, config.model, request["train"])
    leaks = preparation.panel(request)
    estimate.panel(home, config, request)
    return leaks
