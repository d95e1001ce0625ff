"""A child process that does one piece of work and is killed (SIGKILL) at a chosen moment of it.

Four ways to choose the moment: by the clock, from outside; before the Nth line of our code; before the Nth line of the
store; before the Nth operation that changes the folder of knowledge bases (makes, renames or removes a file). The last
three fall between two neighbouring steps however fast they follow each other, where a clock would hardly ever hit.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from data import deletion, disk, store

HOME = Path(__file__).resolve().parents[2]
OURS = (f"{HOME / 'data'}{os.sep}", f"{HOME / 'rag'}{os.sep}", str(shutil.__file__))
STORE = (str(disk.__file__), str(store.__file__), str(deletion.__file__), str(shutil.__file__))
LINES = {"line": OURS, "store": STORE}
CHANGING = ("os.rename", "os.mkdir", "os.remove", "os.rmdir")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
HUNG_SECONDS = 120.0


@dataclass(frozen=True)
class Moment:
    """When to kill: ``at`` seconds after the start ("clock"), or before the Nth "line", "store" line or "operation"."""

    way: str
    at: float

    def __str__(self) -> str:
        return f"after {self.at:.4f} s" if self.way == "clock" else f"before {self.way} {self.at:.0f}"


@dataclass(frozen=True)
class Ended:
    """How the child ended. ``steps`` are the steps of each way it made (known only when it was traced to its end)."""

    killed: bool
    code: int
    seconds: float
    steps: dict[str, int]


class Counter:
    """Counts the steps that this process makes; sends SIGKILL to itself before the chosen one."""

    def __init__(self, moment: Moment | None) -> None:
        self.moment = moment
        self.steps = dict.fromkeys((*LINES, "operation"), 0)

    def start(self) -> None:
        sys.addaudithook(self.on_event)
        sys.settrace(self.on_call)

    def on_call(self, frame: FrameType, event: str, argument: Any) -> Any:
        return self.on_line if frame.f_code.co_filename.startswith(OURS) else None

    def on_line(self, frame: FrameType, event: str, argument: Any) -> Any:
        if event == "line":
            for way, files in LINES.items():
                if frame.f_code.co_filename.startswith(files):
                    self.step(way)
        return self.on_line

    def on_event(self, event: str, arguments: tuple[Any, ...]) -> None:
        changing = event in CHANGING or (event == "open" and arguments[2] & WRITING)
        if changing and f"{os.sep}knowledge{os.sep}" in str(arguments[0]):
            self.step("operation")

    def step(self, way: str) -> None:
        self.steps[way] += 1
        if self.moment and self.moment.way == way and self.steps[way] >= self.moment.at:
            os.kill(os.getpid(), signal.SIGKILL)


def run(work: Callable[[], int], moment: Moment | None, log: Path, traced: bool) -> Ended:
    """Do ``work`` (it returns an exit code) in a forked child, killed at ``moment`` unless it ends before."""
    counts = log.with_suffix(".json")
    counts.unlink(missing_ok=True)
    context = multiprocessing.get_context("fork")  # the parent has every library loaded and no threads
    process = context.Process(target=_child, args=(work, moment, log, traced))
    began = time.monotonic()
    process.start()
    if moment and moment.way == "clock":
        process.join(moment.at)
        process.kill()
    process.join(HUNG_SECONDS)
    seconds = time.monotonic() - began
    if process.exitcode is None:
        process.kill()
        process.join()
        raise AssertionError(f"the child hung for {HUNG_SECONDS} s; its log is {log}")
    steps = json.loads(counts.read_text()) if counts.exists() else {}
    return Ended(process.exitcode == -signal.SIGKILL, process.exitcode, seconds, steps)


def _child(work: Callable[[], int], moment: Moment | None, log: Path, traced: bool) -> None:
    with open(log, "ab") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    counter = Counter(moment)
    if traced:
        counter.start()
    code = work()
    sys.settrace(None)
    if traced:
        log.with_suffix(".json").write_text(json.dumps(counter.steps))
    sys.exit(code)
