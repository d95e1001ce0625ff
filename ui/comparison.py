"""A finished comparison: table, chart, sentences, slices, downloads."""

from __future__ import annotations

from typing import Any

import streamlit as st

from data.jobs import Run
from eval.report import as_html, clean, flagged, tuned_on
from eval.systems import places
from ui import charts, leakage, tables, verdicts
from ui.frame import bullets, plain, when


def show(run: Run, scores: dict[str, Any]) -> None:
    """Everything a comparison says before one looks at single questions."""
    where = places(run.order["config"]["systems"])
    if lead := verdicts.leader(scores, where):
        st.markdown(f"#### {plain(lead)}")
    for line in tuned_on(run):
        st.error(plain(line), icon=":material/flag:")
    for line in flagged(run) + clean(run, scores):
        st.warning(plain(line), icon=":material/flag:")
    leakage.of_run(run.order["config"]["leakage"], "compare")
    tables.show(tables.systems(scores), "compare_systems", "Scores of every system")
    st.caption(
        f"Means with their 95 % intervals in brackets, from {scores['units']} independent groups of questions. "
        "Exact match: the share of questions answered right; token F1: how many words of the answer are right."
    )
    left, right = st.columns(2, gap="large")
    with left:
        charts.intervals(scores, "exact_match", "compare_chart_em")
    with right:
        charts.intervals(scores, "token_f1", "compare_chart_f1")
    bullets(verdicts.sentences(scores, where) or [pair["sentence"] for pair in scores["pairs"][:6]])
    _slices(scores)
    _about(run, scores)
    _downloads(run, scores)


def _slices(scores: dict[str, Any]) -> None:
    percent = tuple(scores["systems"])
    with st.expander("By task", key="compare_tasks"):
        tables.show(tables.task_rows(scores), "compare_by_task", "Scores by task")
    if any(row["tags"] for row in scores["systems"].values()):
        with st.expander("By tag: exact match in %", key="compare_tags"):
            tables.show(tables.slices(scores, "tags"), "compare_by_tag", "Exact match by tag", percent)


def _about(run: Run, scores: dict[str, Any]) -> None:
    with st.expander("Every pair of systems", key="compare_pairs"):
        bullets([pair["sentence"] for pair in scores["pairs"]])
    with st.expander("What was compared", key="compare_about"):
        rows = [{key: "" if value is None else str(value) for key, value in system.items()}
                for system in run.order["config"]["systems"]]  # fmt: skip
        st.dataframe(rows, hide_index=True, key="compare_settings", alt="Settings of every system")
        inputs, config = run.order["inputs"], run.order["config"]
        st.caption(plain(
            f"Test {config['test']} (fingerprint {inputs['test']}), at most {config['max_new_tokens']} new tokens an "
            f"answer, prompt form {inputs['prompt']}, ordered {when(run.order['created'])}. Run {run.id}"
        ))  # fmt: skip


def _downloads(run: Run, scores: dict[str, Any]) -> None:
    """Both are made when they are asked for."""
    with st.container(horizontal=True):
        st.download_button("Report as HTML", lambda: as_html(run, scores).encode("utf-8", "replace"),
                           f"{run.id}.html", "text/html", key="compare_html", icon=":material/download:",
                           on_click="ignore")  # fmt: skip
        st.download_button("Answers as JSONL", (run.folder / "answers.jsonl").read_bytes, f"{run.id}-answers.jsonl",
                           "application/jsonl", key="compare_jsonl", icon=":material/download:",
                           on_click="ignore")  # fmt: skip
