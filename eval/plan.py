"""Which questions are asked together: decided before the first answer, from the questions and systems alone.

A batch is answered whole or not at all: what a kill cuts short is asked again together, so a run that was resumed holds
the very answers of one that was not (other neighbours in a batch can change a model's last digits).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from data.disk import read_json, write_json
from data.schema import Example
from eval.systems import System

FILE = "plan.json"
MOST = 64  # questions of a batch: few enough that little is lost, enough that a search of them all at once pays


@dataclass(frozen=True)
class Batch:
    """One system's answers to some questions (their ids), asked together."""

    system: str
    examples: tuple[str, ...]


def plan(systems: Sequence[System], asked: Mapping[str, Sequence[Example]]) -> list[Batch]:
    """The batches of every system, systems of one base model next to each other. ``asked`` is {system: questions}.

    Questions of like length stand together, and batches are of even size: none is a remainder of a few, which an
    approximate index would search in another way.
    """
    found = []
    for system in sorted(systems, key=lambda s: (s.model, s.name)):
        ids = [e.id for e in sorted(asked.get(system.name, ()), key=lambda e: (len(e.question), e.id))]
        found += [Batch(system.name, tuple(part)) for part in _even(ids)]
    return found


def _even(ids: Sequence[str]) -> list[Sequence[str]]:
    parts = -(-len(ids) // MOST)
    cuts = [round(number * len(ids) / parts) for number in range(parts + 1)] if parts else []
    return [ids[a:b] for a, b in pairwise(cuts)]


def save_plan(folder: Path, batches: Sequence[Batch]) -> None:
    write_json(folder / FILE, {"batches": [asdict(batch) for batch in batches]})


def load_plan(folder: Path) -> list[Batch] | None:
    """The stored plan; None for a run that was ordered before plans were stored."""
    if not (folder / FILE).exists():
        return None
    rows: list[dict[str, Any]] = read_json(folder / FILE)["batches"]
    return [Batch(row["system"], tuple(row["examples"])) for row in rows]
