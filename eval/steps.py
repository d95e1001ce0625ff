"""The six steps from a question to an answer, each with its time and one sentence on what it did. No model.

The times are measured where the step happens (rag.retrieve, the answerers, eval.ask); this file only puts them in order
and in words.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from data.schema import Answer
from eval.systems import System
from rag.filters import Filter
from rag.retrieve import Found, KnowledgeRetriever, nothing_relevant

NAMES = ("question", "vector", "search", "passages", "prompt", "answer")
CLOSED = "this system reads no passages"
SHOWN = 6  # numbers of a vector that are shown; all of them would say no more


@dataclass(frozen=True)
class Step:
    """One step. ``seconds`` is None where the step is not used; ``said`` then says why."""

    name: str
    seconds: float | None
    said: str
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Searched:
    """One search as it was made. ``narrowing`` seconds went into the filter, before the index was looked at."""

    retriever: KnowledgeRetriever
    only: Filter
    found: Found
    narrowing: float


@dataclass(frozen=True)
class Timed:
    """Seconds that eval.ask measures: taking the question, writing the answer, and its first words (None: no text)."""

    question: float
    answer: float
    first_text: float | None


def steps(question: str, system: System, searched: Searched | None, answer: Answer, timed: Timed) -> list[Step]:
    """The steps of one system's answer, in the order of NAMES."""
    words = len(question.split())
    return [
        Step("question", timed.question, f"{words} {'word' if words == 1 else 'words'}", {"words": words}),
        *(_middle(searched) if searched else [Step(name, None, CLOSED) for name in NAMES[1:4]]),
        prompt_step(system, answer, answer.prompt_seconds),
        answer_step(system, answer, timed),
    ]


def _middle(searched: Searched) -> list[Step]:
    took = searched.found.took
    assert took is not None  # every search by KnowledgeRetriever.find has its times
    return [
        _vector(searched.retriever, searched.found.vector, took.vector),
        Step("search", searched.narrowing + took.search, *_search(searched)),
        Step("passages", took.passages, *_passages(searched)),
    ]


def _vector(retriever: KnowledgeRetriever, vector: np.ndarray | None, seconds: float | None) -> Step:
    if vector is None:
        return Step("vector", None, "BM25 compares words and makes no vector")
    norm, first = float(np.linalg.norm(vector)), [round(float(number), 4) for number in vector[:SHOWN]]
    said = f"{len(vector)} numbers by {retriever.embedder.id}, length {norm:.3f}"
    details = {"embedder": retriever.embedder.id, "dimension": len(vector), "norm": round(norm, 6), "first": first}
    return Step("vector", seconds, said, details)


def _search(searched: Searched) -> tuple[str, dict[str, Any]]:
    retriever, index = searched.retriever, searched.retriever.knowledge.manifest["index"]
    every = len(retriever.knowledge.passages)
    among = every if retriever.allowed is None else int(retriever.allowed.sum())
    kinds = {"dense": [index["kind"]], "bm25": ["BM25"], "fused": [index["kind"], "BM25"]}[retriever.method]
    narrowed = f" of {every:,}" if among < every else ""
    said = f"{retriever.method} search ({' and '.join(kinds)}) among {among:,}{narrowed} passages"
    said += f"; only {told(searched.only)}" if searched.only else ""
    details = {"method": retriever.method, "index": kinds, "index_reason": index["reason"], "searched": among,
               "passages": every, "filter": told(searched.only), "at_least": retriever.at_least}  # fmt: skip
    return said, details


def told(only: Filter) -> str:
    """A filter in words; empty when it lets everything through."""
    parts = [f"documents {', '.join(only.documents)}" if only.documents else ""]
    parts += [f"tagged {' and '.join(only.tags)}" if only.tags else ""]
    parts += [f"from {only.since}" if only.since else "", f"until {only.until}" if only.until else ""]
    return "; ".join(part for part in parts if part)


def _passages(searched: Searched) -> tuple[str, dict[str, Any]]:
    found = searched.found
    details = {"found": len(found.hits), "below": found.below, "relevant": found.relevant,
               "best_cosine": None if found.best_cosine is None else round(found.best_cosine, 4)}  # fmt: skip
    return (_some(searched) if found.hits else _none(searched)), details


def _some(searched: Searched) -> str:
    found, least = searched.found, searched.retriever.at_least
    said = f"{len(found.hits)} found"
    said += f", {found.below} left out for scoring less than {least:g}" if found.below and least is not None else ""
    cosine = found.best_cosine
    if cosine is not None and nothing_relevant(cosine, searched.retriever.embedder.id):
        said += f"; even the nearest (cosine {cosine:.2f}) is as far away as passages on other subjects are"
    return said


def _none(searched: Searched) -> str:
    found, least = searched.found, searched.retriever.at_least
    if not found.below or least is None:
        return "none: no passage shares a word with the question"
    known = searched.retriever.method != "bm25" and found.best_cosine is not None
    nearest = f"the nearest has cosine {found.best_cosine:.2f}, " if known else ""
    return f"nothing is good enough: {nearest}at least {least:g} was asked for ({found.below} left out)"


def prompt_step(system: System, answer: Answer, seconds: float | None) -> Step:
    """What the model was given; ``seconds`` None where they are not known."""
    if system.floor:
        return Step("prompt", None, "no language model is asked")
    kept = len(answer.hits) - answer.dropped
    details = {"tokens": answer.prompt_tokens, "passages": kept, "dropped": answer.dropped}
    said = f"{answer.prompt_tokens} tokens, "
    if kept:
        said += f"with {kept} {'passage' if kept == 1 else 'passages'}"
    else:
        said += "the question alone"
    if answer.dropped:
        said += f"; {answer.dropped} dropped, for they did not fit the model's window"
    elif system.context == "retrieved" and not kept:
        said += ": the model answers from its weights, as without a knowledge base"
    return Step("prompt", seconds, said, details)


def answer_step(system: System, answer: Answer, timed: Timed) -> Step:
    """What the model wrote, and how it ended."""
    details = {"tokens": answer.new_tokens, "first_text_seconds": timed.first_text, "ended": answer.finish_reason}
    if system.floor:
        return Step(
            "answer", timed.answer, "the sentence of the first passage that is nearest to the question", details
        )
    ended = {"length": "; cut at the longest allowed length", "over_budget": "; the question does not fit the window"}
    said = f"{answer.new_tokens} {'token' if answer.new_tokens == 1 else 'tokens'}"
    said += f", the first words after {1000 * timed.first_text:.0f} ms" if timed.first_text is not None else ""
    return Step("answer", timed.answer, said + ended.get(answer.finish_reason, ""), details)
