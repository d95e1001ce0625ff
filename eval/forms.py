"""Form apart from fact: did the answer keep to the row's format, and does it hold the right fact in whatever form?

The right fact in the wrong form scores 1 and 0. Formats: ``label:a|b|c``, ``number``, ``regex:...``, ``json``,
``words<=N``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from data.errors import UserError
from data.schema import Example
from eval.metrics import NUMBER, abstains, contains, normalise, parse_number
from eval.metrics_label import named

WORDS = re.compile(r"words\s*<=\s*(\d+)")


def check(examples: Iterable[Example]) -> None:
    """Raise UserError for a format that cannot be judged, before any model is asked."""
    for example in examples:
        form = example.format
        if form and not (named(form) or form in ("number", "json") or WORDS.fullmatch(form) or _pattern(form)):
            fix = "Write label:a|b|c, number, regex:..., json or words<=N, or leave the cell empty."
            raise UserError(f"Row {example.id}: the format {form!r} is not understood.", fix)


def _pattern(form: str) -> re.Pattern[str] | None:
    try:
        return re.compile(form.removeprefix("regex:")) if form.startswith("regex:") else None
    except re.error:
        return None


def in_form(form: str, text: str) -> bool:
    """True if the answer keeps to the format, white space around it aside."""
    text = text.strip()
    if names := named(form):
        return text.casefold() in {name.casefold() for name in names}
    if form == "number":
        return bool(NUMBER.fullmatch(text))
    if form == "json":
        return _json(text) is not None
    if words := WORDS.fullmatch(form):
        return 0 < len(text.split()) <= int(words[1])
    pattern = _pattern(form)
    return bool(pattern and pattern.fullmatch(text))


def has_fact(example: Example, text: str) -> bool:
    """True if the answer holds the right fact in any form: its only number, its only class, its words.

    An unanswerable question has one right answer, to abstain.
    """
    if not example.answerable:
        return abstains(text)
    form = example.format or ""
    if names := named(form):
        spoken = {normalise(name) for name in names if contains(text, [name])}
        return len(spoken) == 1 and spoken <= set(map(normalise, example.answers))
    if form == "number":
        return (given := parse_number(text)) is not None and given in map(parse_number, example.answers)
    if form == "json" and (value := _json(text)) is not None:
        return any(value == _json(reference) for reference in example.answers) or bool(contains(text, example.answers))
    return bool(contains(text, example.answers))


def _json(text: str) -> object | None:
    """The JSON object or list that a text is; None if it is none."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, (dict, list)) else None
