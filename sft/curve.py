"""The curve of a run from what it appended while it ran. Imports no heavy library."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

RESUMED = "resumed_from"  # the step of the checkpoint that a start went on from; -1: from the beginning


def lived(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The measurements that count: steps that a kill undid, and that were done again, appear once."""
    kept: list[dict[str, Any]] = []
    for row in rows:
        if RESUMED in row:
            kept = [one for one in kept if one["step"] <= row[RESUMED]]
        else:
            kept.append(row)
    return kept


def latest(rows: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The newest value of every measurement."""
    values: dict[str, Any] = {}
    for row in rows:
        values |= row
    return values
