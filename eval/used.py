"""What the tuned models of a workspace scored in its finished comparisons. Read from files, without any model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data import jobs
from data.disk import read_json
from data.errors import UserError
from data.leakage import restored
from data.workspace import Workspace
from eval.figures import cell


@dataclass(frozen=True)
class Scored:
    """One row of one finished comparison that asked a tuned model.

    ``exact_match`` and ``token_f1`` hold mean, low, high and n. ``context`` is what it was asked with: none, retrieved
    or gold. ``leaks``: test questions stood in its training rows.
    """

    run: str
    comparison: str
    system: str
    context: str
    knowledge: str | None
    n: int
    exact_match: dict[str, Any] | None
    token_f1: dict[str, Any] | None
    leaks: bool

    def told(self) -> str:
        """Exact match with its interval and n, as a cell of a table."""
        return f"{cell(self.exact_match)}, n {self.n}" + (", the test set leaks" if self.leaks else "")


def scores_by_adapter(
    workspace: Workspace, read: Callable[[Path], dict[str, Any]] = read_json
) -> dict[str, list[Scored]]:
    """{exact reference: its rows, newest comparison first}; comparisons without readable scores are passed over."""
    found: dict[str, list[Scored]] = {}
    for run in jobs.list_runs(workspace, "bench"):
        path = run.folder / "scores.json"
        if not path.exists():
            continue
        try:
            scored, config = read(path)["systems"], run.order["config"]
        except UserError:
            continue  # the pages Overview and Compare name it
        leaks = bool(config.get("leakage")) and restored(config["leakage"]).blocks
        for system in config["systems"]:
            if system["tuned"] and (row := scored.get(system["name"])):
                found.setdefault(system["tuned"], []).append(Scored(
                    run.id, run.name, system["name"], system["context"], system["knowledge"], row["n"],
                    row["exact_match"], row["token_f1"], leaks,
                ))  # fmt: skip
    return found


def newest(rows: list[Scored], context: str) -> Scored | None:
    """The row of the newest comparison that asked with this context."""
    return next((row for row in rows if row.context == context), None)
