"""One question, answered by several systems in turn; the page and the shell ask through the same function."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from data.errors import UserError
from data.prompts import BUNDLED
from data.schema import Answer, DecodeSettings, Example
from eval.citations import of_answer
from eval.loading import Loader
from eval.steps import Searched, Timed, steps
from eval.systems import System
from rag.filters import EVERYTHING, Filter
from rag.found import told
from rag.retrieve import check_question, legible

OnEvent = Callable[[dict[str, Any]], None]


def ask(
    loader: Loader, question: str, systems: Sequence[System], settings: DecodeSettings, on_event: OnEvent,
    only: Filter = EVERYTHING, cite: bool = False,
) -> dict[str, dict[str, Any]]:  # fmt: skip
    """Every system's answer to a question: {name: {"text", "seconds", "steps", "citations", "hits", "relevant", ...}}.

    ``only`` narrows every search; ``cite`` asks a model that reads passages to name them. ``on_event`` hears {"system",
    "hits", "relevant"} once passages are found, {"system", "text"} for each piece of text as it is written, and
    {"system", "answer"} at the end. ``relevant`` is None where nothing was searched. "seconds" does not count
    "ready_seconds", in which models and indexes were read that were not in memory yet.
    """
    if not question.strip():
        raise UserError("The question is empty.", "Type a question.")
    check_question(question)
    question = legible(question)
    if any(system.context == "gold" for system in systems):
        raise UserError("No gold passage is known for a typed question.", "Leave the system 'gold' out.")
    if cite and any(system.model == BUNDLED for system in systems):
        fix = "Ask without it: passages that hold the answer are found by text match."
        raise UserError("The bundled model was not trained to name passages.", fix)
    answers = {}
    for system in systems:
        answers[system.name] = _ask_one(loader, question, system, settings, on_event, only, cite)
        on_event({"system": system.name, "answer": answers[system.name]})
    return answers


def _ask_one(
    loader: Loader, question: str, system: System, settings: DecodeSettings, on_event: OnEvent, only: Filter, cite: bool
) -> dict[str, Any]:
    began = time.perf_counter()
    loader.ready(system)
    started = time.perf_counter()
    example = Example("asked", question.strip(), ())
    taken = time.perf_counter() - started
    searched = _search(loader, system, example, only) if system.context == "retrieved" else None
    found = searched.found if searched else None
    if found:
        on_event({"system": system.name, "hits": shown_hits(found.hits), "relevant": found.relevant})
    find = (lambda examples, hits=found.hits: [hits]) if found else None
    first = _FirstText(system.name, on_event)
    answerer = loader.answerer(system, settings, find, first, cite)
    asked = time.perf_counter()
    answer = answerer.answer([example])[0]
    ended = time.perf_counter()
    writing = asked + answer.prompt_seconds  # a single question's prompt is made first, then its answer is written
    timed = Timed(taken, max(0.0, ended - writing), first.after(writing))
    return {
        **_shown(answer), "seconds": round(ended - started, 6), "ready_seconds": round(started - began, 6),
        "first_text_seconds": first.after(started), "relevant": found.relevant if found else None,
        "steps": [asdict(step) for step in steps(example.question, system, searched, answer, timed)],
        "citations": [asdict(one) for one in of_answer(answer)],
    }  # fmt: skip


def _search(loader: Loader, system: System, example: Example, only: Filter) -> Searched:
    began = time.perf_counter()
    retriever = loader.retriever_of(system, only)
    narrowing = time.perf_counter() - began
    return Searched(retriever, only, retriever.find([example.question], system.k)[0], narrowing)


class _FirstText:
    """Passes text on and remembers when the first piece came."""

    def __init__(self, system: str, on_event: OnEvent) -> None:
        self.system, self.on_event, self.moment = system, on_event, None

    moment: float | None

    def __call__(self, text: str) -> None:
        self.moment = self.moment or time.perf_counter()
        self.on_event({"system": self.system, "text": text})

    def after(self, started: float) -> float | None:
        return round(self.moment - started, 6) if self.moment else None


def _shown(answer: Answer) -> dict[str, Any]:
    return {
        "text": answer.text, "finish_reason": answer.finish_reason, "prompt_tokens": answer.prompt_tokens,
        "new_tokens": answer.new_tokens, "dropped": answer.dropped, "note": answer.note,
        "prompt": answer.conversation[-1].content if answer.conversation else "", "hits": shown_hits(answer.hits),
    }  # fmt: skip


def shown_hits(hits: Sequence[Any]) -> list[dict[str, Any]]:
    """Hits as plain rows: rank, score, the passage with its place in the document, and where the score came from."""
    return [
        {"rank": h.rank, "score": round(h.score, 4), **asdict(h.passage), "origin": asdict(h.origin),
         "origin_text": told(h.origin)}
        for h in hits
    ]  # fmt: skip
