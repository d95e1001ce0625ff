"""The child's side of a job: take the run, wait for the device, report, obey a stop, and end with a true status."""

from __future__ import annotations

import fcntl
import os
import platform
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import psutil

from data import jobs
from data.denied import traced
from data.disk import append_jsonl, write_json
from data.errors import Stopped, UserError
from data.workspace import Workspace

LIBRARIES = ("torch", "transformers", "peft", "trl", "sentence-transformers", "faiss-cpu", "datasets")


class Reporter:
    """What a job's work uses to say how far it is. Every call also makes a requested stop take effect."""

    def __init__(self, run: jobs.Run) -> None:
        me = psutil.Process()
        self.run, self.folder = run, run.folder
        self._clock, self._written = time.monotonic(), 0.0
        self._status: dict[str, Any] = {
            "state": "queued", "pid": me.pid, "pid_started": me.create_time(), "host": platform.node(),
            "boot_id": jobs._boot_id(), "started": datetime.now(UTC).isoformat(timespec="seconds"),
            "versions": {name: version(name) for name in LIBRARIES},
        }  # fmt: skip
        self._first: tuple[float, float] | None = None
        self._estimate: float | None = None

    def write(self, **values: Any) -> None:
        """Change the status and put it on disk at once."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        seconds = round(time.monotonic() - self._clock, 1)
        self._status.update(values, updated=now, seconds=seconds)
        write_json(self.folder / "status.json", self._status)
        self._written = time.monotonic()

    def device(self, name: str, reason: str) -> None:
        """Record the device chosen and why."""
        self.write(device=name, device_reason=reason)

    def count_from_here(self) -> None:
        """Reckon the time left from the next step on: what came before (loading a model) says nothing of the rest."""
        self._first = None

    def expect(self, seconds_left: float | None) -> None:
        """The work's own estimate of the time left, where it knows better than from its share of steps."""
        self._estimate = seconds_left

    def step(self, done: float, total: float, text: str) -> None:
        """Say how far the work is; the status is written at most 5 times a second. Raises Stopped if so asked."""
        now = time.monotonic()
        if self._first is None or done < self._first[1]:
            self._first = (now, done)
        gained = done - self._first[1]
        left = (total - done) * (now - self._first[0]) / gained if gained > 0 else None
        if now - self._written >= 0.2 or done >= total:
            left = left if self._estimate is None else self._estimate
            seconds_left = None if left is None else round(left, 1)
            self.write(state="running", done=done, total=total, text=text, seconds_left=seconds_left)
        if self.should_stop():
            raise Stopped()

    def metric(self, **values: float | int | str | None) -> None:
        """Append one measurement (a training step's loss, say) to progress.jsonl."""
        append_jsonl(self.folder / "progress.jsonl", [values])

    def should_stop(self) -> bool:
        """True once the mark that asks this run to stop is there."""
        return (self.folder / "stop").exists()


@contextmanager
def _sole_child(run: jobs.Run) -> Iterator[None]:
    """Refuse to run twice at once (a resume pressed twice); the kernel frees the lock when this process ends."""
    with open(run.folder / "lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UserError(f"Run {run.id} is running already.") from error
        yield


@contextmanager
def _device(workspace: Workspace, reporter: Reporter) -> Iterator[None]:
    """Hold the machine's one compute device; jobs that find it taken wait in the state "queued"."""
    path = workspace.root / "device.lock"
    with open(path, "a+") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                holder = path.read_text().strip() or "another job"
                reporter.write(text=f"waiting for the device, which {holder} is using")
                if reporter.should_stop():
                    raise Stopped() from None
                time.sleep(0.3)
        lock.truncate(0)
        lock.write(reporter.run.id)
        lock.flush()
        yield


def run(
    workspace: Workspace, run_id: str, work: Callable[[jobs.Run, Reporter], dict[str, Any]], needs_device: bool,
    incomplete: Callable[[jobs.Run], bool] = lambda run: False,
) -> int:  # fmt: skip
    """Carry out run ``run_id`` in this process and leave its final status. Returns the exit code (0, 1 or 2).

    ``work`` returns the run's summary, raises Stopped (with what was kept) or UserError; any other exception is a bug:
    its traceback goes to the log and the status names it. Raises UserError, and leaves the run as it is, for one that
    runs already, or is done (and not ``incomplete``: what it had finished may have been lost since).
    """
    this = jobs.load(workspace, run_id)
    with _sole_child(this):
        now = jobs.load(workspace, run_id)
        if now.state == "done" and not incomplete(now):
            raise UserError(f"Run {run_id} is done.", "Only a stopped, died or failed run can be resumed.")
        reporter = Reporter(this)
        reporter.write(text="starting")
        try:
            if needs_device:
                with _device(workspace, reporter):
                    reporter.write(state="running", text="starting")
                    summary = work(this, reporter)
            else:
                reporter.write(state="running", text="starting")
                summary = work(this, reporter)
        except Stopped as stopped:
            reporter.write(state="stopped", text="stopped on request", summary=stopped.summary, seconds_left=None)
            return 0
        except BaseException as error:
            said = traced(error)
            if said is error:
                print(f"Error: {error}", flush=True)
            elif said is None:
                traceback.print_exc()
            what = said.what if said else f"Crossover failed with {type(error).__name__}: {error}"
            fix = said.fix if said else "This is a defect; its log holds the details."
            reporter.write(state="failed", text=what, error={"what": what, "fix": fix}, seconds_left=None)
            return 2 if said else 1
        reporter.write(state="done", text="done", summary=summary, seconds_left=0)
    return 0


class _Silent(Reporter):
    """The reporter of a process that works beside the one that reports: it writes nothing and asks for no stop."""

    def write(self, **values: Any) -> None:
        self._written = time.monotonic()

    def metric(self, **values: Any) -> None:
        pass

    def should_stop(self) -> bool:
        return False


def beside(workspace: Workspace, run_id: str, work: Callable[[jobs.Run, Reporter], dict[str, Any]]) -> int:
    """Carry out a run together with the process that reports it, once that one holds the device. Both were started by
    the same parent. Returns the exit code; what a user must know is said by the other process."""
    parent = psutil.Process(os.getppid()).create_time()
    while True:
        run = jobs.load(workspace, run_id)
        if run.status.get("pid_started", 0) >= parent - 1:  # not what an earlier start of the same run left
            if run.ended:
                return 0
            if run.state == "running":
                break
        time.sleep(0.3)
    try:
        work(run, _Silent(run))
    except (Stopped, UserError):
        return 0
    return 0


def threads() -> int:
    """How many threads this process may compute with (set by the parent, see jobs.child_environment)."""
    return int(os.environ.get("OMP_NUM_THREADS", max(1, (os.cpu_count() or 2) - 1)))


def threads_reason() -> str:
    """Why this process computes with so many threads."""
    cores = os.cpu_count() or 2
    if "TORCHELASTIC_RUN_ID" in os.environ:
        return f"{os.environ['WORLD_SIZE']} processes share {cores} cores"
    if "CROSSOVER_THREADS" in os.environ:
        return "CROSSOVER_THREADS asks for it"
    if threads() == max(1, cores - 1):
        return f"of {cores} cores, one stays free for the page" if cores > 1 else "this machine has one core"
    return "OMP_NUM_THREADS asks for it"
