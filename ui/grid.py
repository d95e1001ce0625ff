"""Measure and tune: which settings find the right passages, tried as a job, reported on questions held out."""

from __future__ import annotations

from typing import Any

import streamlit as st

from data import jobs
from data.store import Artifact, names
from data.workspace import Workspace
from eval.cells import Cut
from eval.gold import MARKS
from eval.grid import CRITERION, KS, OVERLAPS, SIZES, cuts, in_use, not_tried
from eval.retrieval import MEASURES, WORDS
from rag.marks import read_marks
from rag.settings import METHODS, tuned
from ui import cached, pickers, tuning
from ui.errand import result_of, run_errand
from ui.frame import guarded, plain
from ui.methods import METHOD_HELP, method_name
from ui.watch import active, follow, watch

TRY_SIZES, TRY_OVERLAPS, TRY_KS = (40, 80, 120, 160, 200, 240, 320, 480), (0, 20, 40, 60, 80), (1, 2, 3, 4, 5, 6, 8, 12)
MEANING = {
    "hit": "a right passage is in the prompt", "mrr": "how far up the first right passage stands",
    "recall": "the share of all right passages in the prompt", "ndcg": "all right passages, the higher the better",
}  # fmt: skip


def arrive(workspace: Workspace) -> None:
    """A tuning named in the URL opens its knowledge base, also after a reload."""
    named = st.query_params.get("run")
    if named and st.session_state.get("grid_arrived") != named:
        st.session_state["grid_arrived"] = named
        for run in jobs.list_runs(workspace, "grid"):
            if run.id == named and run.name in names(workspace, "knowledge"):
                st.session_state["lab_base"] = run.name


def show(workspace: Workspace, artifact: Artifact) -> None:
    """The newest tuning of this knowledge base (or the one in the URL), and the form for another."""
    manifest = cached.json_file(artifact.path / "manifest.json")
    own, now = tuned(manifest), in_use(manifest)
    st.subheader("Measure and tune")
    why = own.why() if own else "never tuned"
    st.caption(plain(f"{artifact.ref}: {now.words()} ({why})."))
    for change in active(workspace, "build"):
        if change.name == artifact.name:
            watch(workspace, change)
    run = _chosen_run(workspace, artifact.name)
    if run:
        if run.state != "done":
            watch(workspace, run)
        if (run.folder / "result.json").exists():
            tuning.result(workspace, run, now)
    else:
        st.markdown(
            "Which passage size, overlap, search method and number of passages find the right passages? Half of your "
            "questions choose, the other half tell how good the choice really is."
        )
    with st.expander("Try settings", expanded=run is None, icon=":material/tune:", key="grid_new"):
        _form(workspace, artifact, manifest)


def _chosen_run(workspace: Workspace, name: str) -> jobs.Run | None:
    runs = [run for run in jobs.list_runs(workspace, "grid") if run.name == name]
    return next((run for run in runs if run.id == st.query_params.get("run")), next(iter(runs), None))


def _form(workspace: Workspace, artifact: Artifact, manifest: dict[str, Any]) -> None:
    reads = manifest["embedder"]["max_tokens"]
    sizes = [size for size in TRY_SIZES if size <= reads]
    left, right = st.columns(2)
    with left:
        source = _source(workspace, artifact.name)
        criterion = st.selectbox("Choose by", list(MEASURES), list(MEASURES).index(CRITERION), key="grid_criterion",
                                 format_func=lambda one: f"{WORDS[one]}: {MEANING[one]}")  # fmt: skip
        methods = st.multiselect("Search methods", METHODS, METHODS, key="grid_methods",
                                 format_func=method_name, help=METHOD_HELP)  # fmt: skip
    with right:
        chunk = st.multiselect("Passage sizes, in tokens", sizes, [one for one in SIZES if one in sizes],
                               key="grid_sizes", help=f"The embedding model reads at most {reads}.")  # fmt: skip
        overlap = st.multiselect("Overlaps, in tokens", TRY_OVERLAPS, OVERLAPS, key="grid_overlaps",
                                 help="Left out where it would be half of a passage or more.")  # fmt: skip
        ks = st.multiselect("Passages in the prompt", TRY_KS, KS, key="grid_ks")
    whole = bool(source and chunk and overlap and methods and ks)
    busy = any(run.name == artifact.name for run in active(workspace, "grid"))
    if whole:
        st.caption(_size(manifest, chunk, overlap, len(methods) * len(ks)))
    if st.button("Measure", type="primary", key="grid_go", disabled=busy or not whole, icon=":material/play_arrow:"):
        order = {"knowledge": artifact.ref, "questions": source, "chunk_tokens": chunk, "overlap_tokens": overlap,
                 "methods": methods, "ks": ks, "criterion": criterion}  # fmt: skip
        with guarded():
            with st.spinner("Reading the questions and finding their evidence in the documents"):
                done = result_of(run_errand({"do": "grid", "workspace": str(workspace.root), "order": order}))
            follow(done["run"])
    if busy:
        st.caption("A tuning of this knowledge base is under way.")
    elif not whole:
        st.caption("Choose questions, and at least one of each setting.")


def _source(workspace: Workspace, name: str) -> str | None:
    """Marks, a stored dataset's validation rows, or a file."""
    marks = len(read_marks(workspace, name))
    label = f"the {marks} mark{'s' * (marks != 1)} of {name}"
    chosen = pickers.rows(workspace, "validation", "Questions with their evidence", "grid_questions",
                          nothing=label if marks else None)  # fmt: skip
    if chosen is None and not marks:
        st.caption("Not the test questions: tuning on them makes a later comparison look better than it is.")
    return MARKS if marks and st.session_state.get("grid_questions") == label else chosen


def _size(manifest: dict[str, Any], chunk: list[int], overlap: list[int], per_cut: int) -> str:
    """How much work it is, before it starts."""
    settings = manifest["settings"]
    now = Cut(settings["chunk_tokens"], settings["overlap_tokens"])
    wanted = cuts(chunk, overlap, now)
    text = manifest["counts"]["passages"] * (now.chunk_tokens - now.overlap_tokens)
    most = sum(text // (cut.chunk_tokens - cut.overlap_tokens) for cut in wanted if cut != now)
    said = (
        f"{len(wanted)} ways to cut × {per_cut} ways to search = {len(wanted) * per_cut} settings. About {most:,} "
        "passages to embed, fewer where a tuning before this one embedded them; those in use are not embedded again."
    )
    return f"{said} {not_tried(chunk, overlap, now)}".strip()
