"""A fine-tune that stands still after a given step, for whoever kills it: python held_train.py RUN STEP."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from data import child, jobs
from data.child import Reporter
from data.workspace import open_workspace
from sft.train import train


class Held(Reporter):
    """Waits for ever once it has announced the step in progress.jsonl."""

    def metric(self, **values: float | int | str | None) -> None:
        super().metric(**values)
        if values.get("step") == int(sys.argv[2]):
            signal.pause()


def carry(run: jobs.Run, reporter: Reporter) -> dict[str, object]:
    held = Held(run)
    held.write(state="running")
    return train(workspace, run, held)


if __name__ == "__main__":
    workspace = open_workspace()
    sys.exit(child.run(workspace, sys.argv[1], carry, needs_device=True))
