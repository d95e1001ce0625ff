"""Does an answer have the form that its row asks for, whatever it says?

Forms: ``label:a|b|c``, ``number``, ``regex:...``, ``json``, ``words<=N`` (see data.schema.Example). A row of the task
"number" asks for a number somewhere in the answer also where it names no form.
"""

from __future__ import annotations

import json
import re

from data.schema import Example
from eval.metrics import NUMBER, normalise, parse_number


def form_of(example: Example) -> str | None:
    """The form that a row asks for; None when any will do."""
    return example.format or ("a number" if example.task == "number" else None)


def in_form(text: str, form: str) -> bool:
    """True if the whole answer has the form. A form that is not known is kept by every answer."""
    kind, _, rest = form.partition(":")
    if kind == "label":
        return normalise(text) in {normalise(label) for label in rest.split("|")}
    if kind == "number":
        return NUMBER.fullmatch(text.strip()) is not None
    if kind == "a number":
        return parse_number(text) is not None
    if kind == "regex":
        return _matches(rest, text.strip())
    if kind == "json":
        return _is_json(text)
    if most := re.fullmatch(r"words\s*<=\s*(\d+)", form):
        return 0 < len(text.split()) <= int(most.group(1))
    return True


def _matches(pattern: str, text: str) -> bool:
    try:
        return re.fullmatch(pattern, text) is not None
    except re.error:  # a pattern that is none asks for nothing
        return True


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except json.JSONDecodeError:
        return False
    return True
