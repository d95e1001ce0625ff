"""Jobs: an order on disk, a detached child process that carries it out, and a status that only the child writes.

Both doors do the same: ``order`` writes run.json, ``start`` launches ``python -m <room> run ID``. The page or shell may
go away at any time; everything is read back from the run's folder. The queue for the device is a file lock, which the
kernel frees when its holder dies. "died" is never stored: it is derived from the process that status.json names.
"""

from __future__ import annotations

import os
import platform
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from data.denied import short
from data.disk import read_json, read_jsonl, write_json
from data.errors import UserError
from data.store import NUMBER, check_name
from data.workspace import Workspace

ROOMS = {
    "build": "rag", "train": "sft", "estimate": "sft", "search": "sft", "bench": "eval", "grid": "eval",
    "headroom": "eval",
    "fetch": "sft", "merge": "sft", "export": "sft", "import": "sft",
}  # fmt: skip
RUN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,200}")  # an id
GRACE_SECONDS = 15.0
UNSTARTED_SECONDS = 60.0
ENDED = ("done", "failed", "stopped", "died")


@dataclass(frozen=True)
class Run:
    """One job: what was ordered (run.json) and how it stands (status.json, with "died" derived).

    ``status`` keys: state, done, total, text, seconds_left, device, device_reason, started, updated, seconds, summary,
    error {what, fix}, versions.
    """

    id: str
    kind: str
    name: str
    folder: Path
    order: dict[str, Any]
    status: dict[str, Any]

    @property
    def state(self) -> str:
        return self.status["state"]

    @property
    def ended(self) -> bool:
        return self.state in ENDED


def order(workspace: Workspace, kind: str, name: str, config: dict[str, Any], inputs: dict[str, Any]) -> Run:
    """Write the order of a new run: its settings, and the fingerprints of what it reads. Nothing is started yet."""
    check_name(name, "run")
    moment = datetime.now(UTC)
    run_id = f"{moment:%Y%m%d-%H%M%S}-{kind}-{name}"
    folder = workspace.runs / run_id
    for attempt in range(2, 1000):
        try:
            folder.mkdir(parents=True)
            break
        except FileExistsError:
            folder = workspace.runs / f"{run_id}-{attempt}"
    write_json(
        folder / "run.json",
        {"id": folder.name, "kind": kind, "name": name, "created": moment.isoformat(timespec="seconds"),
         "config": config, "inputs": inputs},
    )  # fmt: skip
    return load(workspace, folder.name)


def child_environment() -> dict[str, str]:
    """The environment of a child: thread settings that stay fast on shared cores, and no telemetry."""
    threads = os.environ.get("CROSSOVER_THREADS") or str(max(1, (os.cpu_count() or 2) - 1))
    settings = {
        "OMP_NUM_THREADS": threads,
        "GOMP_SPINCOUNT": "0",
        "OMP_WAIT_POLICY": "PASSIVE",
        "KMP_BLOCKTIME": "0",
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "PYTHONUNBUFFERED": "1",
    }
    if sys.platform == "darwin":  # torch and faiss each bring an OpenMP runtime there
        settings["KMP_DUPLICATE_LIB_OK"] = "TRUE"
    return {**os.environ, **settings}


def launch(workspace: Workspace, module: str, arguments: list[str], log: Path) -> subprocess.Popen[bytes]:
    """Start ``python -m module ...`` in a process group of its own, its output in ``log``, at home in the workspace."""
    environment = {**child_environment(), "CROSSOVER_HOME": str(workspace.root)}
    with open(log, "ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=Path(__file__).resolve().parents[1],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def start(workspace: Workspace, run: Run) -> subprocess.Popen[bytes]:
    """Launch the child of an ordered run."""
    (run.folder / "stop").unlink(missing_ok=True)
    return launch(workspace, ROOMS[run.kind], ["run", run.id], run.folder / "log.txt")


def load(workspace: Workspace, run_id: str) -> Run:
    """One run by its exact id."""
    folder = workspace.runs / run_id
    if not RUN.fullmatch(run_id) or not (folder / "run.json").exists():
        raise UserError(f"There is no run {short(run_id)!r}.", "List them with: python -m data jobs list")
    saved = read_json(folder / "run.json")
    if saved["kind"] not in ROOMS:
        raise UserError(f"{folder / 'run.json'} is of a kind {saved['kind']!r} that is not known here.",
                        "It was written by another version of Crossover.")  # fmt: skip
    return Run(run_id, saved["kind"], saved["name"], folder, saved, _status(folder, saved))


def of_room(workspace: Workspace, run_id: str, room: str) -> Run:
    """One run by its exact id, for ``python -m <room> run ID``. Raises UserError for a run of another room."""
    run = load(workspace, run_id)
    if ROOMS.get(run.kind) != room:
        raise UserError(f"Run {run.id} is of the kind {run.kind!r}, which {room} does not carry out.",
                        f"Go on with it by: python -m data jobs resume {run.id}")  # fmt: skip
    return run


def find(workspace: Workspace, ref: str, kind: str | None = None) -> Run:
    """The run meant by an id, the beginning of one, or a name (its newest run; ``name@2`` is its second)."""
    runs = [run for run in list_runs(workspace) if kind in (None, run.kind)]
    if exact := [run for run in runs if run.id == ref]:
        return exact[0]
    name, _, number = ref.partition("@")
    if named := [run for run in runs if run.name == name]:
        if not number:
            return named[0]
        if NUMBER.fullmatch(number) and 1 <= int(number) <= len(named):
            return named[-int(number)]
        what = f"{name!r} has {len(named)} runs, not a number {short(number)!r}."
        raise UserError(what, "See: python -m data jobs list")
    begun = [run for run in runs if run.id.startswith(ref)] if ref else []
    if len(begun) == 1:
        return begun[0]
    if begun:
        raise UserError(f"{short(ref)!r} fits {len(begun)} runs.", f"Say which: {', '.join(r.id for r in begun[:5])}.")
    raise UserError(f"There is no run {short(ref)!r}.", "List them with: python -m data jobs list")


def list_runs(workspace: Workspace, kind: str | None = None) -> list[Run]:
    """All readable runs, newest first (see ``damaged``). A folder whose order was never finished is not a run."""
    runs = []
    for folder in _ordered(workspace):
        with suppress(UserError):
            runs.append(load(workspace, folder.name))
    return [run for run in runs if kind in (None, run.kind)]


def damaged(workspace: Workspace) -> list[str]:
    """One sentence for each run whose files cannot be read; such a run is listed nowhere else."""
    found = []
    for folder in _ordered(workspace):
        try:
            load(workspace, folder.name)
        except UserError as error:
            found.append(str(error))
    return found


def _ordered(workspace: Workspace) -> list[Path]:
    folders = sorted(workspace.runs.iterdir(), reverse=True) if workspace.runs.exists() else []
    return [folder for folder in folders if (folder / "run.json").exists()]


def _status(folder: Path, saved: dict[str, Any]) -> dict[str, Any]:
    path = folder / "status.json"
    if not path.exists():
        age = (datetime.now(UTC) - datetime.fromisoformat(saved["created"])).total_seconds()
        state = "died" if age > UNSTARTED_SECONDS else "queued"
        return {"state": state, "text": "starting" if state == "queued" else "its process never started"}
    status = read_json(path)
    if status["state"] in ("queued", "running") and not _alive(status):
        status["state"] = "died"
        status["error"] = {"what": "Its process was killed, ran out of memory, or the machine went down.",
                           "fix": "Resume it, or look at its log."}  # fmt: skip
    return status


def _boot_id() -> str:
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return str(int(psutil.boot_time()))


def _alive(status: dict[str, Any]) -> bool:
    """True if the very process that wrote the status still runs (not a later one with the same number)."""
    if not {"pid", "pid_started"} <= status.keys():
        return False
    if status.get("host") != platform.node() or status.get("boot_id") != _boot_id():
        return False
    try:
        process = psutil.Process(status["pid"])
        return abs(process.create_time() - status["pid_started"]) < 2 and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def stop(workspace: Workspace, run: Run, grace: float = GRACE_SECONDS) -> Run:
    """Ask a run to stop; when it has not after ``grace`` seconds, kill its process group. Returns how it stands."""
    if run.ended:
        raise UserError(f"Run {run.id} is not running: it is {run.state}.")
    request_stop(run)
    deadline = time.monotonic() + grace
    while time.monotonic() < deadline:
        run = load(workspace, run.id)
        if run.ended:
            return run
        time.sleep(0.1)
    if "pid" in run.status and _alive(run.status):
        with suppress(ProcessLookupError):
            os.killpg(run.status["pid"], signal.SIGKILL)
        time.sleep(0.2)
    return load(workspace, run.id)


def request_stop(run: Run) -> None:
    """Leave the mark that the child looks for between steps."""
    (run.folder / "stop").touch()


def resume(workspace: Workspace, run: Run) -> Run:
    """Start a stopped, died or failed run again; it goes on from what it had finished."""
    if run.state not in ("stopped", "died", "failed"):
        raise UserError(f"Run {run.id} is {run.state}.", "Only a stopped, died or failed run can be resumed.")
    start(workspace, run)
    return run


def log_tail(run: Run, lines: int = 200) -> str:
    """The last lines of what the child printed."""
    path = run.folder / "log.txt"
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else ""


def curve(run: Run) -> list[dict[str, Any]]:
    """The measurements the child appended while it ran (progress.jsonl)."""
    return list(read_jsonl(run.folder / "progress.jsonl"))
