"""What a fine-tune will take, before it is launched: measured by a child process on a few real steps."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import streamlit as st

from data import jobs
from data.workspace import Workspace
from sft.config import TrainConfig
from ui.errand import result_of, run_errand
from ui.frame import bullets, guarded, plain, when
from ui.watch import watch


def panel(workspace: Workspace, config: TrainConfig, request: dict[str, Any]) -> None:
    """The newest estimate, whether it still holds for the form's settings, and the button that measures.

    ``request``: the rows and their columns, as for a launch.
    """
    train = request["train"]
    with st.expander(
        "What will it take? Memory and time, from a few real steps", key="estimate_panel", icon=":material/speed:"
    ):
        run = next(iter(jobs.list_runs(workspace, "estimate")), None)
        if run is None:
            st.caption("Not measured yet. A few real steps with the settings above tell what the whole will take.")
        elif run.state != "done":
            watch(workspace, run)
        else:
            _shown(run, config, request)
        busy = run is not None and not run.ended
        if st.button("Measure a few steps", key="estimate_go", disabled=busy or not train):
            with guarded(), st.spinner("Reading the rows"):
                result_of(run_errand({"do": "estimate", **request}))
                st.rerun()
        if not train:
            st.caption("Choose training rows first; store some on the page Data.")


def _shown(run: jobs.Run, config: TrainConfig, request: dict[str, Any]) -> None:
    found, settings, inputs = run.status["summary"], run.order["config"], run.order["inputs"]
    rows = inputs["train"]["ref"]
    if not found["fits"]:
        st.warning(plain(found["sentences"][0]), title="It may not fit", icon=":material/memory:")
    bullets(found["sentences"][0 if found["fits"] else 1 :])
    measured = f"Measured {when(run.order['created'])} on {rows}: {settings['model']}, {settings['method']}."
    held = inputs.get("validation", {}).get("ref")
    named: dict[str, str] = next((one["mapping"] for one in inputs.values() if "mapping" in one), {})
    now = request["train"], request["validation"], request["mapping"]
    other = settings != asdict(config) or (rows, held, named) != now
    st.caption(plain(measured + (" The form now holds other settings: measure again." if other else "")))
    with st.popover("Why these choices", key="estimate_why"):
        bullets([f"{what}: {why}" for what, why in found["reasons"].items()])
