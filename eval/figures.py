"""Figures as text: "62.3 (57.0 to 67.2)" is a value with its 95 % interval; and rows of text as lines of a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def cell(value: Mapping[str, Any] | float | None, factor: float = 100) -> str:
    """A figure with its 95 % interval, as a percentage unless ``factor`` is 1; a dash when nothing was scored."""
    if value is None:
        return "–"
    if not isinstance(value, Mapping):  # scored before every measure had an interval
        return _numbers([factor * value], factor)[0]
    known = [factor * value[part] for part in ("mean", "low", "high") if value[part] is not None]
    mean, *ends = _numbers(known, factor)
    return f"{mean} ({ends[0]} to {ends[1]})" if len(ends) == 2 else f"{mean} (one group, no interval)"


def _numbers(values: Sequence[float], factor: float) -> list[str]:
    """One decimal; where any is large none, where all are small and no percentages (R², an error) two."""
    most = max(map(abs, values))
    digits = 0 if most >= 1_000 else 2 if factor == 1 and most < 10 else 1
    return [f"{value:,.{digits}f}" for value in values]


def with_n(value: Mapping[str, Any] | None, factor: float = 100) -> str:
    """The same with the number of questions, where it differs from column to column."""
    return "–" if value is None else f"{cell(value, factor)}, n {value['n']}"


def own_n(value: Mapping[str, Any] | float | None, n: int, factor: float = 100) -> str:
    """A figure, with its own number of questions where that is not the row's."""
    return with_n(value, factor) if isinstance(value, Mapping) and value["n"] != n else cell(value, factor)


def p_value(value: float | None) -> str:
    return "–" if value is None else "< 0.001" if value < 0.001 else f"{value:.3f}"


def as_lines(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The same rows for a terminal."""
    return aligned([tuple(rows[0]), *(tuple(map(str, row.values())) for row in rows)]) if rows else []


def aligned(table: Sequence[tuple[str, ...]]) -> list[str]:
    """The lines of a table whose columns stand below each other."""
    widths = [max(len(line[i]) for line in table) for i in range(len(table[0]))]
    return ["  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in table]


def ahead_first(pair: Mapping[str, Any]) -> Mapping[str, Any]:
    """The pair as seen from the system with the higher mean, so that every table and chart names that one first."""
    return pair if pair["mean"] >= 0 else seen_from(pair, pair["second"])


def seen_from(pair: Mapping[str, Any], first: str) -> Mapping[str, Any]:
    """The pair as seen from ``first``, which is one of its two systems: differences are ``first`` minus the other."""
    if pair["first"] == first:
        return pair
    ends = [None if pair[end] is None else -pair[end] for end in ("high", "low")]
    turned = {**pair, "first": first, "second": pair["first"], "mean": -pair["mean"], "low": ends[0], "high": ends[1]}
    if pair.get("sign") is not None:  # scores from before tests have none
        turned["sign"] = -pair["sign"]
    if spread := pair.get("documents"):
        turned["documents"] = {**spread, "ahead": spread["behind"], "behind": spread["ahead"]}
    return turned
