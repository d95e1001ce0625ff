"""Real paragraphs with questions: read from a file, kept to the sources that may be trained on, split by article."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

from data.errors import UserError

TRAINED = ("wikipedia", "privacy_policies")  # the sources whose texts may go into shipped weights
# Whole articles kept from training: source, first and last place (counted within the source), words of its first
# paragraph. The file names no articles but keeps each one's paragraphs together; where one ends was read off the texts.
HELD_OUT = (
    ("wikipedia", 20, 49, "acronym"),
    ("wikipedia", 189, 209, "insurance"),
    ("wikipedia", 391, 410, "Drum and Bass"),
    ("wikipedia", 536, 582, "Tin is"),
    ("wikipedia", 778, 792, "Sierra Nevada"),
    ("wikipedia", 970, 988, "Relief"),
    ("privacy_policies", 242, 296, "Motley Fool"),
)


def read_paragraphs(path: Path) -> list[dict]:
    """Every paragraph of a ``paragraphs.jsonl.gz`` file, each with its sentences and its place in the file."""
    found = []
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            row["context"] = " ".join(row["context"].split())
            row["sentences"] = re.split(r"(?<=[.!?])\s+(?=[A-Z\"'(])", row["context"])
            found.append(row)
    return found


def split(rows: list[dict]) -> tuple[list[dict], list[dict]]:
    """(training, held out) rows of the trained sources, split by article; a text on both sides is only held out.

    Raises ``UserError`` when the file is not the one whose articles ``HELD_OUT`` names.
    """
    train: list[dict] = []
    held: list[dict] = []
    for source in TRAINED:
        own = [row for row in rows if row["source"] == source]
        places: set[int] = set()
        for _, first, last, word in (article for article in HELD_OUT if article[0] == source):
            if last >= len(own) or word not in own[first]["context"]:
                raise UserError(
                    f"The reading file holds no article on {word!r} at paragraph {first} of {source}.",
                    "Give the file that the model's card names; the held-out articles are found by their places.",
                )
            places.update(range(first, last + 1))
        for place, row in enumerate(own):
            (held if place in places else train).append(row)
    kept = {row["context"] for row in held}
    return [row for row in train if row["context"] not in kept], held
