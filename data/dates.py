"""Dates that files carry about themselves: taken when they are well formed, named when they are not."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from data import cleaning

LONGEST = 40  # characters of a value that are looked at and shown
ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ]\d{2}:?\d{2}.*)?", re.ASCII)
PDF = re.compile(r"D:(\d{4})(\d{2})(\d{2})(?:\d{2}.*)?", re.ASCII)  # ISO 32000-1, 7.9.4


def day_of(text: str, form: re.Pattern[str] = ISO) -> str:
    """The day of a date with or without a time of day, as ISO text; "" when it is not written in this form."""
    match = form.fullmatch(text.strip())
    if not match:
        return ""
    try:
        return date(*map(int, match.groups())).isoformat()
    except ValueError:  # the 31st of February
        return ""


def first_day(found: Iterable[tuple[str, str]], form: re.Pattern[str] = ISO) -> tuple[str, str, tuple[str, ...]]:
    """The first usable of some (where it stands, value) pairs: its ISO date, where it stands, and warnings.

    Warned of is a value that is no date, or one that no file can have yet. Empty values are passed over.
    """
    warnings: list[str] = []
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()  # some places are a day ahead
    for where, value in found:
        day = day_of(value[: 2 * LONGEST], form)
        if day and day <= tomorrow:
            return day, where, tuple(warnings)
        if day:
            warnings.append(f"date not used: {where} is {day}, which is still to come")
        elif value.strip() not in ("", "D:"):
            warnings.append(f"date not used: {where} is {_shown(value)!r}, which is not a whole date")
    return "", "", tuple(warnings)


def _shown(value: str) -> str:
    """The beginning of a value without what nobody can read."""
    value = cleaning.INVISIBLE.sub("", cleaning.CONTROL.sub("", cleaning.BROKEN.sub("", value[: 4 * LONGEST])))
    value = " ".join(value.split())
    return value[:LONGEST] + ("..." if len(value) > LONGEST else "")
