"""A finished comparison: verdict, each task by its own measures, differences, what stands beside, parts, downloads."""

from __future__ import annotations

from typing import Any

import streamlit as st

from data.jobs import Run
from eval import told
from eval.report import clean, flagged, tuned_on
from eval.scoring import SCORING
from eval.systems import places
from ui import beside, by_task, charts, differences, downloads, fairness, leakage, slices, tables, verdicts
from ui.errand import result_of, run_errand
from ui.frame import bullets, guarded, plain, when

HONEST = (
    "Abstention recall: of the questions without an answer, those where the system abstained; precision: of its "
    "abstentions, those that were due. Form and fact are judged apart: a right fact in the wrong form keeps no form "
    "and has the fact. Lexical support: the share of an answer's content words found in one passage, no proof of it."
)


def show(run: Run, scores: dict[str, Any]) -> None:
    """Everything a comparison says before one looks at single questions."""
    where = places(run.order["config"]["systems"])
    if lead := verdicts.leader(scores, where, beside.ahead(run, scores, where)):
        st.markdown(f"#### {plain(lead)}")
    for line in tuned_on(run):
        st.error(plain(line), icon=":material/flag:")
    fairness.alarm(scores)
    for line in flagged(run) + clean(run, scores):
        st.warning(plain(line), icon=":material/flag:")
    leakage.of_run(run.order["config"]["leakage"], "compare")
    _earlier(run, scores)
    by_task.show(scores, run.order["inputs"].get("task_why", ""))
    differences.show(scores, where)
    _together(scores)
    _beside(scores)
    slices.show(scores)
    _about(run, scores)
    downloads.show(run, scores)


def _earlier(run: Run, scores: dict[str, Any]) -> None:
    """Scores of an earlier version lack what was added since; the stored answers give it without a model."""
    if scores.get("scoring") == SCORING and "why" in scores:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.info("An earlier version of Crossover scored this. Scoring the stored answers again adds intervals for all "
                "measures, p-values and parts; no model is needed.", icon=":material/info:")  # fmt: skip
        if st.button("Score again", key="compare_rescore", icon=":material/refresh:"):
            with guarded(), st.spinner("Scoring the stored answers"):
                result_of(run_errand({"do": "rescore", "workspace": str(run.folder.parents[1]), "run": run.id}))
                st.rerun()


def _together(scores: dict[str, Any]) -> None:
    """All kinds of questions mixed: what comes out depends on how many there are of each."""
    st.subheader("All questions together")
    if len(told.tasks(scores)) > 1:
        st.caption("Of all kinds mixed: another mix of the same questions would give other figures.")
    tables.show(tables.systems(scores), "compare_systems", "Scores of every system")
    st.caption(plain(
        f"Means with their 95 % intervals in brackets, from {told.units(scores)}. Exact match: the share of "
        "questions answered right; token F1: how many words of the answer are right. An empty or cut answer scores 0."
    ))  # fmt: skip
    left, right = st.columns(2, gap="large")
    with left:
        charts.intervals(scores, "exact_match", "compare_chart_em")
    with right:
        charts.intervals(scores, "token_f1", "compare_chart_f1")
    bullets([row["sentence"] for row in scores["seeds"]]) if scores.get("seeds") else None


def _beside(scores: dict[str, Any]) -> None:
    """What a mean of right answers does not tell; tables without a figure are not shown."""
    honest, cost = (told.beside_rows(scores, names) for names in (told.HONESTY, told.COST))
    found = told.found_rows(scores)
    if not any(len(rows[0]) > 1 for rows in (honest, cost, found) if rows):
        return
    st.subheader("Beside correctness")
    _table(honest, "beside_honest", "Abstaining, form and support", HONEST)
    _table(found, "beside_found", "What retrieval found", "On questions whose gold passage stands in the documents.")
    _table(cost, "beside_cost", "Tokens, cut answers and perplexity",
           "Perplexity: how much the reference surprises the model after its prompt, per token; on at most 200 "
           "questions. The lower, the better.")  # fmt: skip


def _table(rows: list[dict[str, Any]], key: str, title: str, note: str) -> None:
    if rows and len(rows[0]) > 1:
        tables.show(rows, key, title)
        st.caption(plain(note))


def _about(run: Run, scores: dict[str, Any]) -> None:
    with st.expander("What was compared", key="compare_about"):
        rows = [{key: "" if value is None else str(value) for key, value in system.items()}
                for system in run.order["config"]["systems"]]  # fmt: skip
        st.dataframe(rows, hide_index=True, key="compare_settings", alt="Settings of every system")
        inputs, config = run.order["inputs"], run.order["config"]
        st.caption(plain(
            f"Test {config['test']} (fingerprint {inputs['test']}), at most {config['max_new_tokens']} new tokens an "
            f"answer, prompt form {inputs['prompt']}, ordered {when(run.order['created'])}. Run {run.id}"
        ))  # fmt: skip
