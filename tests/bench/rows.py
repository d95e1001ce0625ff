"""One measured figure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """What was measured, the figure as text, the target it is read against, and whether what it must be is met."""

    what: str
    value: str
    target: str
    met: bool = True
