"""Whether a training that was killed may have run out of memory, from what it recorded. Imports no heavy library."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from data.jobs import Run
from sft.curve import latest
from sft.memory import ROOM, told


def starved(run: Run, rows: Sequence[dict[str, Any]]) -> str:
    """A sentence where memory may be why a fine-tune died, with what to do; empty where nothing points to it.

    ``rows``: what it measured. The system kills without a word what takes more than there is, so all that can be known
    is what was needed and what was there. A GPU's own shortage is an error that ends the run in a sentence.
    """
    if run.state != "died" or (run.folder / "stop").exists() or run.status.get("device") == "cuda":
        return ""
    reckoned, measured = run.status, latest(rows)
    pairs = [(reckoned.get("needed_bytes"), reckoned.get("available_bytes")),
             (measured.get("memory_bytes"), measured.get("available_bytes"))]  # fmt: skip
    known = [(want, there) for want, there in pairs if want and there is not None and want > ROOM * there]
    if not known:
        return ""
    want, there = max(known, key=lambda pair: pair[0] / max(1, pair[1]))
    return (f"Memory may have run out (about {told(want)} needed, {told(there)} there): if so, a resume ends the same "
            "way, and a new fine-tune with a smaller batch size and more accumulation, or a shorter max length, needs "
            "less.")  # fmt: skip
