"""Charts as SVG text, for the report that must open anywhere: no script, no font, no colour of its own but one."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from data.unseen import shown

WIDTH, ROW, NAMES, NUMBERS = 880, 30, 170, 270
ACCENT = "#1f77d0"


@dataclass(frozen=True)
class Bar:
    """One row of a chart: a mean and its interval, all on one scale, and the words beside it."""

    name: str
    mean: float
    low: float
    high: float
    said: str


def intervals(bars: Sequence[Bar], scale: tuple[float, float], ticks: Sequence[float], unit: str) -> str:
    """A dot and a bar for each row over ``scale``; a line at each tick. Values outside the scale end at its edge."""
    first, last = scale
    room = WIDTH - NAMES - NUMBERS

    def x(value: float) -> float:
        return NAMES + room * (min(max(value, first), last) - first) / (last - first)

    height = ROW * len(bars) + 34
    marks = [
        f"<line x1='{x(tick):.1f}' x2='{x(tick):.1f}' y1='4' y2='{height - 28}' stroke='currentColor' "
        f"stroke-opacity='{0.5 if tick == 0 else 0.15}'/>"
        f"<text x='{x(tick):.1f}' y='{height - 10}' text-anchor='middle' font-size='12'>{tick:g}</text>"
        for tick in ticks
    ]
    rows = [_row(bar, ROW * i + 18, x) for i, bar in enumerate(bars)]
    said = html.escape(shown("; ".join(f"{bar.name} {bar.said}" for bar in bars)), quote=True)
    return (
        f"<svg viewBox='0 0 {WIDTH} {height}' width='100%' role='img' aria-label='{said}' fill='currentColor'>"
        f"{''.join(marks)}{''.join(rows)}"
        f"<text x='{WIDTH - NUMBERS + 12}' y='{height - 10}' font-size='12'>{html.escape(unit)}</text></svg>"
    )


def _row(bar: Bar, y: int, x: Callable[[float], float]) -> str:
    return (
        f"<text x='{NAMES - 12}' y='{y + 5}' text-anchor='end' font-size='14'>{html.escape(shown(bar.name))}</text>"
        f"<line x1='{x(bar.low):.1f}' x2='{x(bar.high):.1f}' y1='{y}' y2='{y}' stroke='{ACCENT}' stroke-width='3'/>"
        f"<circle cx='{x(bar.mean):.1f}' cy='{y}' r='5' fill='{ACCENT}'/>"
        f"<text x='{WIDTH - NUMBERS + 12}' y='{y + 5}' font-size='13'>{html.escape(bar.said)}</text>"
    )
