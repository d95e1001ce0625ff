"""A bench over the fakes of tests/gates.py, run as ``python tests/sample_bench.py HOME RUN DIE_AT``.

It is killed for good (SIGKILL) when the model is asked for the DIE_AT-th time; 0 lets it come to its end.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from data import child
from data.schema import Answerer, DecodeSettings
from data.workspace import Workspace, open_workspace
from eval import bench, gaps
from eval.phases import Job
from eval.systems import System
from tests.gates import Gatekeeper, Shelf, answerer

GATES = range(1, 13)
SHELF = Shelf({n: [n + 1, n + 2, n] if n % 3 == 0 else [n] for n in GATES})


@dataclass
class FakeLoader:
    """Stands where eval.loading.Loader does; every system asks the one gatekeeper."""

    workspace: Workspace
    generator: Gatekeeper

    def model(self, name: str) -> Any:
        device = SimpleNamespace(name="cpu", reason="", dtype="float32", dtype_reason="")
        tokenizer = SimpleNamespace(chat_template="")
        return SimpleNamespace(id=name, base_hash="h", device=device, tokenizer=tokenizer, window=1000)

    def ready(self, system: System) -> None:
        pass

    def on_accelerator(self) -> bool:
        return False

    def retriever_of(self, system: System) -> Any:
        return SHELF

    def answerer(self, system: System, settings: DecodeSettings, find: Any = None) -> Answerer:
        return answerer(system, self.generator, SHELF)


def killing(at: int) -> Callable[[list[str]], None]:
    asked = 0

    def before(questions: list[str]) -> None:
        nonlocal asked
        asked += 1
        if asked == at:
            os.kill(os.getpid(), signal.SIGKILL)

    return before


def carry_out(home: Path, run_id: str, generator: Gatekeeper) -> int:
    """What ``python -m eval run`` does, with the fake loader."""
    workspace = open_workspace(home)

    def work(run: Any, reporter: child.Reporter) -> dict[str, Any]:
        loader: Any = FakeLoader(workspace, generator)
        return bench.carry_out(Job.of(run, loader, reporter))

    return child.run(workspace, run_id, work, needs_device=False, incomplete=gaps.any_missing)


if __name__ == "__main__":
    sys.exit(
        carry_out(Path(sys.argv[1]), sys.argv[2], Gatekeeper(taught=range(1, 7), before=killing(int(sys.argv[3]))))
    )
