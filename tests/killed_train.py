"""Carries out a fine-tune and kills itself with SIGKILL after a step: ``python killed_train.py RUN STEP``."""

import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from data import jobs
from data.child import Reporter
from data.workspace import open_workspace
from eval.checkpoint import measure
from sft.train import train


class Killed(Reporter):
    """Its process is gone after a given step, without a word."""

    def step(self, done: float, total: float, text: str) -> None:
        super().step(done, total, text)
        if done >= int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    workspace = open_workspace()
    run = jobs.load(workspace, sys.argv[1])
    train(workspace, run, Killed(run), measure)
