"""One measured figure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """What was measured, the figure as text, and the target it is read against."""

    what: str
    value: str
    target: str
