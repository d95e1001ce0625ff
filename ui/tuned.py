"""The tuned models of a workspace: their scores and origin in one table, and one of them looked at closely."""

from __future__ import annotations

from typing import Any

import streamlit as st

from data.aliases import called
from data.store import Artifact, resolve
from data.workspace import Workspace
from eval.figures import cell
from eval.used import Scored, newest, scores_by_adapter
from sft.adapters import KIND, described
from sft.bases import base_of
from sft.differences import beside, choices, lineage, stated
from ui import cached, curve, tables, tuned_forms
from ui.frame import PAGES, bullets, empty, link, plain, warnings, when

WELL = ("complete", "early", "imported")  # ends that need no word
Scores = dict[str, list[Scored]]


def show(workspace: Workspace) -> None:
    """The section "Tuned models": the table, the one looked at, and the door for adapters made elsewhere."""
    st.subheader("Tuned models")
    warnings(cached.damaged(workspace, KIND))
    found = [artifact for artifact, _ in cached.all_versions(workspace, KIND)]
    if found:
        scores = scores_by_adapter(workspace, cached.json_file)
        tables.show([_row(workspace, one, scores.get(one.ref, [])) for one in found], "tune_list", "Tuned models")
        _chosen(workspace, found, scores)
    else:
        empty("No tuned model yet.", "Choose training rows above and launch a fine-tune. With rows and no documents "
              "it is all you need; with documents, build a knowledge base as well.", "data", key="tune")  # fmt: skip
    tuned_forms.take_in(workspace)


def _row(workspace: Workspace, artifact: Artifact, scored: list[Scored]) -> dict[str, Any]:
    row = described(artifact, workspace)
    alone, reading = newest(scored, "none"), newest(scored, "retrieved")
    return {
        "Name": row["name"], "Base": row["base"],
        "Kind": row["method"] + ("" if row["ended"] in WELL else f" ({row['ended']})"),
        "Made": when(row["created"])[:10],
        "Made from": row["made_from"],
        "Exact match alone, %": alone.told() if alone else None,
        "Exact match with passages, %": reading.told() if reading else None,
        "Validation loss": row["validation_loss"],
    }  # fmt: skip


def _chosen(workspace: Workspace, found: list[Artifact], scores: Scores) -> None:
    """One tuned model: where to go with it, and its parts, of which only the open one is drawn."""
    refs = [one.ref for one in found]
    if st.session_state.get("tuned_chosen") not in refs:
        st.session_state.pop("tuned_chosen", None)  # deleted since
    ref = st.selectbox("Look at", refs, key="tuned_chosen", format_func=lambda one: called(workspace, KIND, one))
    artifact = resolve(workspace, KIND, ref or refs[0])
    with st.container(border=True, key="tuned_one"):
        next_steps(workspace, artifact.ref, "tuned")
        parts = {"Origin": _origin, "Scores": _scores, "Curve": _curve, "Compare": _compare}
        forms = {"Export": tuned_forms.export, "Merge": tuned_forms.merge, "Rename": tuned_forms.rename,
                 "Delete": tuned_forms.delete}  # fmt: skip
        part = st.segmented_control("Part", [*parts, *forms], default="Origin", key="tuned_part", required=True,
                                    label_visibility="collapsed")  # fmt: skip
        if part in forms:
            forms[part](workspace, artifact)
        else:
            parts[part or "Origin"](workspace, artifact, scores)


def next_steps(workspace: Workspace, ref: str, key: str) -> None:
    """Buttons that lead from a tuned model to the pages that ask and compare it, with it chosen there."""
    artifact = resolve(workspace, KIND, ref)
    base = base_of(workspace, cached.json_file(artifact.path / "manifest.json"))
    with st.container(horizontal=True):
        for page, label in (("ask", "Ask it"), ("compare", "Compare it with the others")):
            if st.button(label, key=f"{key}_{page}", icon=PAGES[page][2]):
                st.session_state[f"{page}_model"], st.session_state[f"{page}_tuned"] = base, artifact.ref
                st.switch_page(PAGES[page][0])
        if key != "tuned" and st.button("Export it", key=f"{key}_export", icon=":material/download:"):
            st.session_state["tuned_chosen"], st.session_state["tuned_part"] = artifact.ref, "Export"
            st.rerun()


def _origin(workspace: Workspace, artifact: Artifact, scores: Scores) -> None:
    manifest = cached.json_file(artifact.path / "manifest.json")
    steps = enumerate(lineage(workspace, artifact), 1)
    st.markdown("\n".join(f"{number}. {plain(step)}" for number, step in steps))
    name = called(workspace, KIND, artifact.ref)
    if name != artifact.ref:
        st.caption(plain(f"Runs know {name} by its id, {artifact.ref}."))
    if notes := manifest["summary"].get("notes"):
        bullets([note[:1].upper() + note[1:] for note in notes])
    if run := manifest.get("run"):
        link("runs", "The run that made it", run)
    if chosen := choices(manifest):
        with st.expander("Why it was trained this way", key="tuned_reasons"):
            tables.show([{"Choice": what, "Chosen": value, "Why": why} for what, value, why in chosen],
                        "tuned_choices", "The automatic choices of its training, each with its reason")  # fmt: skip
    with st.expander("Settings and results, as its manifest states them", key="tuned_manifest"):
        rows = [{"What": key.capitalize(), "Value": str(value)} for key, value in stated(manifest).items()]
        st.dataframe(rows, hide_index=True, key="tuned_stated", alt="What its manifest says", height="content")


def _scores(workspace: Workspace, artifact: Artifact, scores: Scores) -> None:
    rows = scores.get(artifact.ref, [])
    if not rows:
        st.markdown("No finished comparison has asked it. Compare it with the others to see what it is worth.")
        return
    tables.show([
        {"Comparison": one.comparison, "System": one.system, "Asked with": one.knowledge or one.context,
         "Exact match, % (95 % interval)": cell(one.exact_match),
         "Token F1, % (95 % interval)": cell(one.token_f1), "n": one.n,
         "Note": "the test set leaks" if one.leaks else ""}
        for one in rows
    ], "tuned_scores", "Scores of this tuned model")  # fmt: skip
    link("compare", f"The comparison {plain(rows[0].comparison)}", rows[0].run)


def _curve(workspace: Workspace, artifact: Artifact, scores: Scores) -> None:
    curve.of_manifest(cached.json_file(artifact.path / "manifest.json"), "tuned")


def _compare(workspace: Workspace, artifact: Artifact, scores: Scores) -> None:
    """Two tuned models side by side; what differs comes marked."""
    others = [one.ref for one, _ in cached.all_versions(workspace, KIND) if one.ref != artifact.ref]
    if not others:
        st.markdown("There is no other tuned model to compare it with yet.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        other = st.selectbox("With", others, key="tuned_other", format_func=lambda one: called(workspace, KIND, one))
        only = st.toggle("Only what differs", key="tuned_differing")
    pair = (artifact, resolve(workspace, KIND, other or others[0]))
    rows = beside(*(_all_stated(one, scores.get(one.ref, [])) for one in pair))
    first, second = (called(workspace, KIND, one.ref) for one in pair)
    tables.show([
        {"Differs": "≠" if row.differs else "", "What": row.what, first: _said(row.first), second: _said(row.second)}
        for row in rows if row.differs or not only
    ], "tuned_differences", "Two tuned models side by side")  # fmt: skip


def _all_stated(artifact: Artifact, scored: list[Scored]) -> dict[str, Any]:
    """What its manifest states, and its newest scores."""
    manifest = cached.json_file(artifact.path / "manifest.json")
    contexts = (("alone", "none"), ("with passages", "retrieved"))
    met = {f"exact match {words}, %": one.told() for words, name in contexts if (one := newest(scored, name))}
    return {**stated(manifest), **met}


def _said(value: Any) -> str | None:
    return None if value is None else str(value)
