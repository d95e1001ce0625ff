"""What a fine-tune changes of its base: the modules found in it, by name, and what this machine cannot do."""

from __future__ import annotations

from typing import Any

import streamlit as st

from data.errors import UserError
from sft.config import ADAPTERS, ALL_LINEAR, TrainConfig
from sft.outlook import Outlook, outlook
from sft.sources import on_this_machine
from sft.targets import linear_modules, unavailable
from ui.frame import plain


def doubt(config: TrainConfig) -> None:
    """Say why this machine cannot carry out a method, before the launch does; of all weights, what they need."""
    if why := unavailable(config.method):
        st.warning(plain(f"{why} Choose lora: it trains the same adapter."), icon=":material/block:")
    if (found := _outlook(config)) is None:
        return
    if found.fits:
        st.caption(plain(found.said))
    else:
        st.warning(plain(found.said), icon=":material/memory:")


def _outlook(config: TrainConfig) -> Outlook | None:
    """The memory that a fine-tune needs; None of a base whose files cannot be read (the page says so beside it)."""
    try:
        return outlook(config)
    except UserError:
        return None


def modules(base: str, method: str) -> dict[str, Any]:
    """Draw the choice of modules; returns the setting ``targets``."""
    found = _modules(base)
    chosen = st.multiselect(
        "Modules to adapt", found, key="tune_targets", placeholder=ALL_LINEAR, disabled=method not in ADAPTERS,
        help="Linear layers found in the base model. None chosen: all of them. Full fine-tuning changes everything.",
    )  # fmt: skip
    if not found:
        st.caption("The base model is not on this machine yet, so its modules are not known.")
    return {"targets": ",".join(chosen) if chosen and method in ADAPTERS else ALL_LINEAR}


def _modules(base: str) -> tuple[str, ...]:
    """The modules of a base that lies here; none of one whose files cannot be read (the launch says why)."""
    try:
        folder = on_this_machine(base)
        return linear_modules(folder) if folder else ()
    except UserError:
        return ()
