"""The most memory a comparison took: on a CPU of the whole run, on CUDA of each system."""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.disk import read_json, write_json
from eval.systems import System
from sft.devices import peak_memory, restart_peak

if TYPE_CHECKING:
    from eval.loading import Loader

FILE = "memory.json"
MIB = 2**20


@contextmanager
def watched(folder: Path, system: System, loader: Loader) -> Iterator[None]:
    """Keep the peak of what happens inside; of a run in several tries, the highest of all."""
    if on_gpu := not system.floor and loader.on_accelerator():
        restart_peak()
    yield
    found = load(folder)
    found["run_mib"] = max(found.get("run_mib", 0.0), _peak_of_process())
    if on_gpu and (peak := peak_memory()) is not None:
        systems = found.setdefault("systems", {})
        systems[system.name] = max(systems.get(system.name, 0.0), round(peak / MIB, 1))
    write_json(folder / FILE, found)


def load(folder: Path) -> dict[str, Any]:
    """{"run_mib", "systems": {name: MiB}}, "systems" only from CUDA; {} for runs from before."""
    path = folder / FILE
    return {key: value for key, value in read_json(path).items() if key != "format"} if path.exists() else {}


def _peak_of_process() -> float:
    """Most MiB this process has held; the system counts in bytes on macOS, else in KiB (getrusage(2))."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / MIB if sys.platform == "darwin" else peak / 1024, 1)
