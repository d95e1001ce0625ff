"""Real paragraphs with questions: read from a file, kept to the sources that may be trained on, split in blocks."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from pathlib import Path

TRAINED = ("wikipedia", "privacy_policies")  # the sources whose texts may go into shipped weights
HELD_OUT = 10  # per cent of the paragraphs of each source


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
    """(training, held out) rows of the trained sources.

    The file names no articles, but keeps an article's paragraphs together; so blocks of twenty neighbouring
    paragraphs are held out whole, by a hash of the block's first text, with equal texts on one side only. That is not
    a split by article: a block's ends fall inside articles, whose other paragraphs may be trained on.
    """
    train: list[dict] = []
    held: list[dict] = []
    for source in TRAINED:
        own = [row for row in rows if row["source"] == source]
        for start in range(0, len(own), 20):
            block = own[start : start + 20]
            mark = int(hashlib.sha256(block[0]["context"].encode()).hexdigest(), 16) % 100
            (held if mark < HELD_OUT else train).extend(block)
    kept = {row["context"] for row in held}
    return [row for row in train if row["context"] not in kept], held
