"""One question, answered by several systems in turn; the page and the shell ask through the same function."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from data.errors import UserError
from data.schema import Answer, DecodeSettings, Example
from eval.loading import Loader
from eval.systems import System
from rag.retrieve import Found, told

OnEvent = Callable[[dict[str, Any]], None]


def ask(
    loader: Loader, question: str, systems: Sequence[System], settings: DecodeSettings, on_event: OnEvent
) -> dict[str, dict[str, Any]]:
    """Every system's answer to a question: {name: {"text", "seconds", "hits", "relevant", ...}}.

    ``on_event`` hears {"system", "hits", "relevant"} once passages are found, {"system", "text"} for each piece of text
    as it is written, and {"system", "answer"} at the end. ``relevant`` is None where nothing was searched.
    """
    if not question.strip():
        raise UserError("The question is empty.", "Type a question.")
    if any(system.context == "gold" for system in systems):
        raise UserError("No gold passage is known for a typed question.", "Leave the system 'gold' out.")
    example = Example("asked", question.strip(), ())
    answers = {}
    for system in systems:
        started, first = time.monotonic(), _FirstText(system.name, on_event)
        found = _found(loader, system, example) if system.context == "retrieved" else None
        if found:
            on_event({"system": system.name, "hits": shown_hits(found.hits), "relevant": found.relevant})
        find = (lambda examples, hits=found.hits: [hits]) if found else None
        answer = loader.answerer(system, settings, find, first).answer([example])[0]
        shown = _shown(answer, time.monotonic() - started, first.after(started))
        answers[system.name] = {**shown, "relevant": found.relevant if found else None}
        on_event({"system": system.name, "answer": answers[system.name]})
    return answers


def _found(loader: Loader, system: System, example: Example) -> Found:
    return loader.retriever_of(system).find([example.question], system.k)[0]


class _FirstText:
    """Passes text on and remembers when the first piece came."""

    def __init__(self, system: str, on_event: OnEvent) -> None:
        self.system, self.on_event, self.moment = system, on_event, None

    moment: float | None

    def __call__(self, text: str) -> None:
        self.moment = self.moment or time.monotonic()
        self.on_event({"system": self.system, "text": text})

    def after(self, started: float) -> float | None:
        return round(self.moment - started, 4) if self.moment else None


def _shown(answer: Answer, seconds: float, first: float | None) -> dict[str, Any]:
    return {
        "text": answer.text, "seconds": round(seconds, 3), "first_text_seconds": first,
        "finish_reason": answer.finish_reason, "prompt_tokens": answer.prompt_tokens, "new_tokens": answer.new_tokens,
        "dropped": answer.dropped, "note": answer.note,
        "prompt": answer.conversation[-1].content if answer.conversation else "", "hits": shown_hits(answer.hits),
    }  # fmt: skip


def shown_hits(hits: Sequence[Any]) -> list[dict[str, Any]]:
    """Hits as plain rows: rank, score, the passage with its place in the document, and where the score came from."""
    return [
        {"rank": h.rank, "score": round(h.score, 4), **asdict(h.passage), "origin": asdict(h.origin),
         "origin_text": told(h.origin)}
        for h in hits
    ]  # fmt: skip
