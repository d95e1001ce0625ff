"""A finished comparison before one looks at single questions: verdict, what stands against it, its figures, why."""

from __future__ import annotations

from typing import Any

import streamlit as st

from data import jobs
from data.jobs import Run
from data.workspace import Workspace
from eval import gaps, stamps, told
from eval.headline import headline, mix
from eval.hidden import CLEARLY
from eval.scoring import SCORING
from eval.systems import places
from ui import (
    beside,
    by_task,
    cached,
    charts,
    differences,
    downloads,
    fairness,
    leakage,
    slices,
    tables,
    two_runs,
    watch,
    why,
)  # fmt: skip
from ui.errand import result_of, run_errand
from ui.frame import bullets, guarded, plain, when


def show(home: Workspace, run: Run, scores: dict[str, Any]) -> None:
    """The verdict first, then how sure it is, then why, then detail, then under what conditions."""
    where = places(run.order["config"]["systems"])
    verdict(run, scores, where)
    _incomplete(home, run)
    _earlier(run, scores)
    _together(scores)
    differences.show(scores, where)
    why.show(scores)
    by_task.show(scores, run.order["inputs"].get("task_why", ""))
    beside.show(scores)
    slices.show(scores)
    st.subheader("Under what conditions")
    fairness.show(run, scores)
    _about(run)
    two_runs.show(home, run)
    downloads.show(run, scores)


def verdict(run: Run, scores: dict[str, Any], where: dict[str, str]) -> None:
    """The headline, and in colour what stands against it."""
    if lead := headline(scores, where):
        st.markdown(f"#### {plain(lead)}")
    if mix(scores, where):
        st.caption(CLEARLY)
    against = [*stamps.unfinished(run), *stamps.tuned_on(run), *stamps.unfair(scores)]
    for line in [*gaps.told(run, cached.missing(run)), *against]:
        st.error(plain(line), icon=":material/flag:")
    for line in stamps.flagged(run):
        st.warning(plain(line), icon=":material/flag:")
    for line in stamps.unrecorded(run):
        st.caption(plain(line))
    leakage.of_run(run.order["config"].get("leakage"), "verdict", stamps.clean(run, scores))


def _incomplete(home: Workspace, run: Run) -> None:
    """Answers that were lost since can be asked again, with those that were asked in one batch with them."""
    lost = run.state == "done" and cached.missing(run)  # one that is under way, or died, stands above
    if lost and st.button("Ask the missing again", key="compare_complete", icon=":material/refresh:"):
        with guarded(), st.spinner("Starting again", show_time=True):
            jobs.start(home, run)
            watch.wait_until_started(home, run)
            st.rerun()


def _earlier(run: Run, scores: dict[str, Any]) -> None:
    """Scores of an earlier version lack what was added since; the stored answers give it without a model."""
    if scores.get("scoring") == SCORING and "why" in scores:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.info("An earlier version of Crossover scored this. Scoring the stored answers again adds what it did not "
                "measure yet; no model is needed.", icon=":material/info:")  # fmt: skip
        if st.button("Score again", key="compare_rescore", icon=":material/refresh:"):
            with guarded(), st.spinner("Scoring the stored answers"):
                result_of(run_errand({"do": "rescore", "workspace": str(run.folder.parents[1]), "run": run.id}))
                st.rerun()


def _together(scores: dict[str, Any]) -> None:
    """All kinds of questions mixed: what comes out depends on how many there are of each."""
    st.subheader("All questions together")
    left, right = st.columns(2, gap="large")
    with left:
        charts.intervals(scores, "exact_match", "compare_chart_em")
    with right:
        charts.intervals(scores, "token_f1", "compare_chart_f1")
    tables.show(told.system_rows(scores), "compare_systems", "Scores of every system")
    mixed = " Of all kinds mixed: another mix of the same questions would give other figures."
    st.caption(plain(
        f"Means with their 95 % intervals in brackets, from {told.units(scores)}. Exact match: the share of questions "
        "answered right; token F1: how many words of the answer are right."
        + (mixed if len(told.tasks(scores)) > 1 else "")
    ))  # fmt: skip
    bullets(stamps.seeded(scores))


def _about(run: Run) -> None:
    with st.expander("What was compared", key="compare_about", icon=":material/list_alt:"):
        rows = [{key: "" if value is None else str(value) for key, value in system.items()}
                for system in run.order["config"]["systems"]]  # fmt: skip
        tables.show(rows, "compare_settings", "Settings of every system")
        inputs, config = run.order["inputs"], run.order["config"]
        st.caption(plain(
            f"Test {config['test']} (fingerprint {inputs['test']}), at most {config['max_new_tokens']} new tokens an "
            f"answer, prompt form {inputs.get('prompt', 'not recorded')}, ordered {when(run.order['created'])}. Run "
            f"{run.id}"
        ))  # fmt: skip
