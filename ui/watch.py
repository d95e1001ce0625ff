"""A job on the page: its state, progress, device and result, read once a second from its folder while it runs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import streamlit as st

from data import jobs
from data.shell import duration
from data.workspace import Workspace
from ui import curve, trials
from ui.frame import guarded, link, notice, plain

STATES = {
    "queued": ("blue", ":material/hourglass_empty:"), "running": ("blue", ":material/play_circle:"),
    "done": ("green", ":material/check_circle:"), "failed": ("red", ":material/error:"),
    "stopped": ("orange", ":material/stop_circle:"), "died": ("red", ":material/heart_broken:"),
}  # fmt: skip
WORDS = {
    "build": "knowledge base", "train": "fine-tune", "bench": "comparison", "grid": "tuning", "estimate": "estimate",
    "search": "search of settings", "headroom": "headroom check", "fetch": "download", "merge": "merge",
    "export": "export", "import": "import",
}  # fmt: skip


def watch(workspace: Workspace, run: jobs.Run) -> None:
    """Show a run; while it is active, look at it every second, and draw the whole page anew when it has ended."""
    with st.container(border=True, key=f"watch_{run.id}"):
        if run.ended:
            with guarded():
                _shown(workspace, run)
        else:
            _live(workspace, run.id)


@st.fragment(run_every="1s")
def _live(workspace: Workspace, run_id: str) -> None:
    with guarded():
        run = jobs.load(workspace, run_id)
        if run.ended:
            st.rerun()
        _shown(workspace, run)


def _shown(workspace: Workspace, run: jobs.Run) -> None:
    """One run: a line of state, the bar, where it computes, what is wrong, and the buttons that make sense now."""
    status, (colour, icon) = run.status, STATES[run.state]
    st.markdown(f"**{plain(run.name)}** · {WORDS[run.kind]} · :{colour}-badge[{icon} {run.state}]")
    if not run.ended:
        st.progress(_share(run), text=plain(_line(run, left=run.kind != "train")))  # which has it among its numbers
    elif run.state in ("stopped", "died") and run.kind == "train":
        st.caption(plain(curve.halted(run)))
    elif said := trials.died(run):
        st.caption(plain(said))
    elif run.state == "done":
        st.caption(f"Took {duration(took(run) or 0)}. Run {plain(run.id)}")
    if error := status.get("error"):
        st.error(plain(error["fix"]), title=plain(error["what"]), icon=":material/error:")
    if status.get("device"):
        said = f"Device: {status['device']} ({status['device_reason']})."
        if status.get("threads"):
            said += f" Threads: {status['threads']} ({status['threads_reason']})."
        st.caption(plain(said))
    if status.get("note"):
        st.warning(plain(status["note"]), icon=":material/memory:")
    if run.kind == "train":
        curve.draw(run)
    elif run.kind == "search":
        trials.draw(run)
    with st.container(horizontal=True):
        _buttons(workspace, run)


def _share(run: jobs.Run) -> float:
    done, total = run.status.get("done", 0), run.status.get("total", 0)
    return min(1.0, max(0.0, done / total)) if total else 0.0


def _line(run: jobs.Run, left: bool = True) -> str:
    """What it does now, for how long it has been under way, and (``left``) how long it will still take."""
    text, still, begun = run.status.get("text") or run.state, run.status.get("seconds_left"), took(run)
    if left and still:
        text += f", about {duration(still)} left"
    return text if begun is None else f"{text} · {duration(begun)} so far"


def took(run: jobs.Run) -> float | None:
    """Seconds that a run took, or has been under way: by the clock, for a status is written only when there is news.

    None before its process has begun.
    """
    if run.ended or "started" not in run.status:
        return run.status.get("seconds")
    return (datetime.now(UTC) - datetime.fromisoformat(run.status["started"])).total_seconds()


def _buttons(workspace: Workspace, run: jobs.Run) -> None:
    """Stop while it runs; end it at once when it does not obey; resume when it ended without its result."""
    if run.ended:
        if run.state != "done" and st.button("Resume", key=f"resume_{run.id}", icon=":material/restart_alt:"):
            with guarded():
                jobs.resume(workspace, run)
                with st.spinner("Starting again", show_time=True):
                    wait_until_started(workspace, run)
                st.rerun()
        return
    mark = run.folder / "stop"
    if not mark.exists():
        st.button("Stop", key=f"stop_{run.id}", icon=":material/stop:", on_click=jobs.request_stop, args=(run,))
    elif _age(mark) < jobs.GRACE_SECONDS:
        st.caption("Stopping: it finishes the step it is in, and what is finished is kept.")
    elif st.button("End it at once", key=f"kill_{run.id}", icon=":material/bolt:"):
        with guarded():
            ended = jobs.stop(workspace, run, grace=0)
            notice(f"{ended.name} is {ended.state}.")
            st.rerun()


def _age(mark: Path) -> float:
    try:
        return time.time() - mark.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def wait_until_started(workspace: Workspace, run: jobs.Run, seconds: float = 60.0) -> None:
    """A resumed run still reads as ended until its new process has written its status."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and jobs.load(workspace, run.id).ended:
        time.sleep(0.1)


def active(workspace: Workspace, kind: str | None = None) -> list[jobs.Run]:
    """Runs that are queued or running, newest first."""
    return [run for run in jobs.list_runs(workspace, kind) if not run.ended]


@st.fragment(run_every="2s")
def others(workspace: Workspace, kinds: Sequence[str], shown: str | None, page: str) -> None:
    """The other runs of these kinds that are under way, each with what it does or waits for, and a link to it."""
    for run in active(workspace):
        if run.kind in kinds and run.id != shown:
            with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"other_{run.id}"):
                colour, icon = STATES[run.state]
                st.markdown(f"**{plain(run.name)}** · :{colour}-badge[{icon} {run.state}] {plain(_line(run))}")
                link(page, "Watch it", run.id)


def unfinished(workspace: Workspace, kinds: Sequence[str], shown: str | None, page: str) -> None:
    """A line about the newest run of these kinds that ended without its result, unless it is ``shown`` or was done
    since."""
    newest = {(run.kind, run.name): run for run in reversed(_of_kinds(workspace, kinds))}
    left = [run for run in newest.values() if run.ended and run.state != "done"]
    if not left or (run := max(left, key=lambda one: one.id)).id == shown:
        return
    with st.container(horizontal=True, vertical_alignment="center", key=f"unfinished_{page}"):
        st.caption(plain(f"Not finished: {run.name} ({run.state})."))
        link(page, "Look at it, or resume it", run.id)
        link("runs", "All runs")


def launch(workspace: Workspace, run: jobs.Run) -> None:
    """Start an ordered run and select it. Draw nothing between the order and this: see ``follow``."""
    jobs.start(workspace, run)
    follow(run.id)


def follow(run_id: str) -> None:
    """Select a started run: its id goes into the URL, and the page is drawn anew.

    A script ends at whatever it draws, or asks of the session, once its reader has left the page.
    """
    st.query_params["run"] = run_id
    st.rerun()


def _of_kinds(workspace: Workspace, kinds: Sequence[str]) -> list[jobs.Run]:
    return [run for run in jobs.list_runs(workspace) if run.kind in kinds]


def selected(workspace: Workspace, kinds: Sequence[str]) -> jobs.Run | None:
    """The run the URL names, if it is of these kinds; else the newest active one, which the URL then names."""
    named = st.query_params.get("run")
    runs = _of_kinds(workspace, kinds)
    if named and (found := [run for run in runs if run.id == named]):
        return found[0]
    going = next((run for run in runs if not run.ended), None)
    if going:
        st.query_params["run"] = going.id
    return going
