"""One of several processes (torchrun) that fine-tune together, whose user asks for a stop after a given step:
python ranked_train.py RUN STEP."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from data import child, jobs
from data.child import Reporter
from data.workspace import open_workspace
from eval.checkpoint import measure
from sft import ranks
from sft.train import train


class Asked(Reporter):
    """A reporter whose user asks for a stop after so many steps."""

    def step(self, done: float, total: float, text: str) -> None:
        if done >= int(sys.argv[2]):
            jobs.request_stop(self.run)
        super().step(done, total, text)


def first(run: jobs.Run, reporter: Reporter) -> dict[str, Any]:
    asked = Asked(run)
    asked.write(state="running")  # the other process begins when it reads this
    return train(workspace, run, asked, measure)


def other(run: jobs.Run, reporter: Reporter) -> dict[str, Any]:
    return train(workspace, run, reporter, measure)


if __name__ == "__main__":
    workspace = open_workspace()
    if ranks.rank():
        sys.exit(child.beside(workspace, sys.argv[1], other))
    sys.exit(child.run(workspace, sys.argv[1], first, needs_device=True))
