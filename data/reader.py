"""The parent's side of reading: a child process that a hostile file may break, slow down or fill, and nothing else."""

from __future__ import annotations

import dataclasses
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil

from data.errors import UserError
from data.limits import PATIENCE, ReadSettings, size
from data.reading import SPLIT, needs_memory

HOME = Path(__file__).resolve().parents[1]
LOOK_SECONDS = 0.1
TIRED_SHARE = 0.25  # of the memory limit: a child that holds as much between two files makes way for a fresh one


class Reader:
    """Asks a child, which it starts when needed and ends when a file took too long, too much memory, or broke it."""

    def __init__(self, settings: ReadSettings) -> None:
        self.settings = settings
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        self._end()

    def ask(self, request: dict[str, Any], waiting: Callable[[], None]) -> dict[str, Any]:
        """The child's answer. ``waiting`` is called now and then; it may raise to give up.

        Raises UserError (its sentence goes on from a file's name) when the file cannot be read within the limits.
        """
        child = self._child or self._start()
        try:
            assert child.stdin
            with suppress(BrokenPipeError):  # it is gone, which the empty answer says
                child.stdin.write(json.dumps(request).encode() + b"\n")
            answer = json.loads(self._line(child, waiting))
        except BaseException:
            self._end()
            raise
        if _memory(child) > TIRED_SHARE * self.settings.limits.memory_bytes:
            self._end()
        return answer

    def _start(self) -> subprocess.Popen[bytes]:
        settings = json.dumps(dataclasses.asdict(self.settings))
        self._child = subprocess.Popen(
            [sys.executable, "-m", "data.reading", settings], cwd=HOME, bufsize=0,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        return self._child

    def _line(self, child: subprocess.Popen[bytes], waiting: Callable[[], None]) -> bytes:
        limits, received = self.settings.limits, bytearray()
        assert child.stdout
        worked, deadline = _worked(child), time.monotonic() + PATIENCE * limits.seconds
        while not received.endswith(b"\n"):
            if select.select([child.stdout], [], [], LOOK_SECONDS)[0]:
                piece = os.read(child.stdout.fileno(), 1 << 20)
                if not piece:
                    memory = size(limits.memory_bytes)
                    what = f"made its reader break off: it is damaged, or needs more than {memory} of memory."
                    raise UserError(what, "Open it in the program it comes from and save it again, in parts if large.")
                received += piece
                continue
            waiting()
            if _worked(child) - worked > limits.seconds or time.monotonic() > deadline:
                raise UserError(f"took longer than {limits.seconds:g} s to read.", SPLIT)
            if _memory(child) > limits.memory_bytes:  # where the kernel does not hold the limit by itself
                raise UserError(needs_memory(self.settings), SPLIT)
        return bytes(received)

    def _end(self) -> None:
        if self._child:
            self._child.kill()
            self._child.communicate()
            self._child = None


def _worked(child: subprocess.Popen[bytes]) -> float:
    """Seconds of processor time a child has used: on a busy machine a harmless file waits, and must not be refused."""
    try:
        times = psutil.Process(child.pid).cpu_times()
        return times.user + times.system
    except psutil.Error:
        return 0.0


def _memory(child: subprocess.Popen[bytes]) -> int:
    """Bytes of memory a child holds; 0 when it is gone."""
    try:
        return psutil.Process(child.pid).memory_info().rss
    except psutil.Error:
        return 0
