"""How long each search of a bench took, step by step: written when it happens, into a file of its own.

    searches.jsonl  one line per system and question: seconds of vector, search and passages

Beside the answers and not in them, for they are written later, and runs from before this file stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from data.disk import append_jsonl, read_jsonl
from data.schema import Example, Hit
from rag.answerer import Find
from rag.retrieve import KnowledgeRetriever, Took

FILE = "searches.jsonl"


def timed_search(folder: Path, system: str, retriever: KnowledgeRetriever, k: int) -> Find:
    """Passages by searching for the question, as rag.answerer.by_search finds them; the times go to the run's folder.

    Of questions searched together each has its share of the time.
    """

    def find(examples: Sequence[Example]) -> list[list[Hit]]:
        found = retriever.find([example.question for example in examples], k)
        rows = zip(examples, found, strict=True)
        append_jsonl(folder / FILE, ({"system": system, "example": example.id, **asdict(one.took)}
                                     for example, one in rows if one.took))  # fmt: skip
        return [one.hits for one in found]

    return find


def load_searches(folder: Path) -> dict[tuple[str, str], Took]:
    """{(system, example id): what its search took}; of a search repeated after a kill the last one counts."""
    if not (folder / FILE).exists():
        return {}
    names = ("vector", "search", "passages")
    return {(row["system"], row["example"]): Took(*(row[name] for name in names)) for row in read_jsonl(folder / FILE)}
