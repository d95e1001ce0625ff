"""The check before an effort: what the base knows already, and what the right passage would add."""

from __future__ import annotations

import streamlit as st

from data import jobs
from data.workspace import Workspace
from eval import told
from eval.headroom import KIND, SAMPLE, advice
from ui import cached, tables
from ui.errand import result_of, run_errand
from ui.frame import bullets, guarded, plain, when
from ui.watch import watch


def panel(workspace: Workspace, model: str, test: str | None, key: str) -> None:
    """Offer the check for this base and these test questions; show the newest one, under way or finished."""
    with st.expander("Is there anything to gain? Check the headroom first", key=f"{key}_headroom",
                     icon=":material/height:"):  # fmt: skip
        st.caption(
            f"Asks at most {SAMPLE} of the test questions, drawn at random, of the base model alone and with the right "
            "passage handed over."
        )
        run = _newest(workspace, model, test)
        if st.button("Check the headroom", key=f"{key}_headroom_go", disabled=not test or bool(run and not run.ended)):
            with guarded(), st.spinner("Reading the test questions"):
                _start(workspace, model, test or "")
                st.rerun()
        if not test:
            st.caption("Choose test questions first; a dataset with test rows will do.")
        elif run:
            _shown(workspace, run)


def before_tuning(workspace: Workspace, model: str, train: str | None) -> None:
    """The same on the page Fine-tune: with the test questions of the dataset that holds the training rows."""
    splits = {one.ref: manifest["splits"] for one, manifest in cached.artifacts(workspace, "datasets")}
    panel(workspace, model, train if "test" in splits.get(train or "", {}) else None, "tune")


def _start(workspace: Workspace, model: str, test: str) -> None:
    request = {"do": "headroom", "workspace": str(workspace.root), "model": model, "test": test}
    result_of(run_errand(request))


def _newest(workspace: Workspace, model: str, test: str | None) -> jobs.Run | None:
    """The newest check of this base on these questions."""
    for run in jobs.list_runs(workspace, KIND):
        config = run.order["config"]
        if config["test"] == test and all(system["model"] == model for system in config["systems"]):
            return run
    return None


def _shown(workspace: Workspace, run: jobs.Run) -> None:
    if run.state != "done":
        watch(workspace, run)
        return
    scores = cached.scores(run)
    if scores is None:
        return
    bullets(advice(scores))
    rows = [
        {"System": {"base": "Base alone", "gold": "With the right passage"}.get(row["System"], row["System"]),
         "n": row["n"], "Exact match, %": row["Exact match, %"], "Token F1, %": row["Token F1, %"]}
        for row in told.system_rows(scores)
    ]  # fmt: skip
    tables.show(rows, f"headroom_table_{run.id}", "What the base knows, and what the right passage adds")
    st.caption(plain(f"Means with their 95 % intervals. Checked {when(run.order['created'])}. Run {run.id}"))
