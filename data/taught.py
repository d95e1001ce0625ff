"""What a set of training rows teaches, in a form that a tuned model carries along, and whether a test row is among it.

A row is taught when a training row has the same ``fact``; where no facts are named, when one has the same evidence and
answer. Otherwise nobody can say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from data.disk import text_hash
from data.schema import Example


def taught_by(rows: Sequence[Example]) -> dict[str, Any]:
    """Facts, keys of (evidence, answer) pairs, and how many rows speak of each document: all that a bench asks for."""
    documents = Counter(row.document for row in rows if row.document)
    return {
        "facts": sorted({row.fact for row in rows if row.fact}),
        "pairs": sorted({key for row in rows for key in _pairs(row)}),
        "documents": dict(sorted(documents.items())),
    }


def is_taught(row: Example, taught: Mapping[str, Any]) -> bool | None:
    """Whether a test row's fact was taught; None where it cannot be known (see this file's head).

    ``taught`` is what ``taught_by`` made; it may lack any key (tuned models from before, or from elsewhere).
    """
    if row.fact and taught.get("facts"):
        return row.fact in taught["facts"]
    if row.evidence and row.answerable and taught.get("pairs"):
        return any(key in taught["pairs"] for key in _pairs(row))
    return None


def _pairs(row: Example) -> list[str]:
    if not row.evidence or not row.answerable:
        return []
    return [text_hash(f"{_folded(row.evidence)}\0{_folded(answer)}")[:16] for answer in row.answers]


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
