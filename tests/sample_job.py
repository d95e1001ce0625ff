"""A job whose work is only to count, run as ``python tests/sample_job.py RUN``: what jobs do around any work."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from data import child
from data.child import Reporter
from data.errors import UserError
from data.jobs import Run
from data.workspace import open_workspace


def work(run: Run, reporter: Reporter) -> dict[str, Any]:
    """Count to config["count"], keeping the count on disk; fail on the way if told to."""
    kept = run.folder / "count.txt"
    start = int(kept.read_text()) if kept.exists() else 0
    for number in range(start + 1, run.order["config"]["count"] + 1):
        kept.write_text(str(number))
        reporter.metric(number=number)
        if number == run.order["config"].get("fail_at"):
            raise UserError("The sample failed.", "Count less far.")
        if number == run.order["config"].get("break_at"):
            raise ZeroDivisionError("broken")
        reporter.step(number, run.order["config"]["count"], f"counted {number}")
        time.sleep(0.02)
    return {"counted": run.order["config"]["count"], "started_from": start}


if __name__ == "__main__":
    sys.exit(child.run(open_workspace(), sys.argv[1], work, needs_device=True))
