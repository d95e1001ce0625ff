"""A small world to plant faults in: gates with codes, and predictable fakes of the three seams.

The gatekeeper (a Generator) answers from the first two passages of its prompt, else from the codes it was taught, else
that it does not know. What each answer will be can be told by eye.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from data.schema import Answerer, Conversation, DecodeSettings, Example, Generation, Hit, OnGenerated, Passage
from eval.systems import System
from rag.answerer import OpenBook, by_search, gold
from sft.answerer import ClosedBook

SETTINGS = DecodeSettings(16)
LOOKED_AT = 2


def example(number: int, **values: Any) -> Example:
    row = {"id": f"q{number:03}", "question": f"Which code opens gate {number}?", "answers": (f"code {number * 7}",),
           "document": f"gate{number}.md", "evidence": told(number), "fact": f"gate {number}"}  # fmt: skip
    return Example(**row | values)


def told(number: int) -> str:
    return f"Gate {number} is opened by code {number * 7}."


def passage(number: int) -> Passage:
    return Passage(f"p{number}", f"gate{number}.md", told(number), 0, len(told(number)))


@dataclass
class Gatekeeper:
    """``taught``: gates whose codes it knows by heart; ``blind``: gates whose passages it cannot read; ``style`` shapes
    its answer; ``before`` is called with each batch's questions and may raise."""

    taught: Collection[int] = ()
    blind: Collection[int] = ()
    style: Callable[[int, str], str] = lambda number, code: code
    before: Callable[[list[str]], None] = lambda questions: None
    window: int = 1000
    batches: list[list[str]] = field(default_factory=list)

    def generate(
        self, conversations: Sequence[Conversation], settings: DecodeSettings, on_text: Any = None,
        on_generated: OnGenerated | None = None,
    ) -> list[Generation]:  # fmt: skip
        questions = [one[-1].content.partition("Question: ")[2] for one in conversations]
        self.batches.append(questions)
        self.before(questions)
        written = [self._one(one[-1].content) for one in conversations]
        if on_generated:
            on_generated(list(enumerate(written)))
        return written

    def _one(self, prompt: str) -> Generation:
        number = int(re.findall(r"gate (\d+)", prompt)[-1])
        lines = re.findall(r"^\[\d+\] (.*)$", prompt, re.MULTILINE)[:LOOKED_AT]
        found = [match for line in lines if (match := re.search(rf"Gate {number} is opened by (code \d+)", line))]
        if found and number not in self.blind:
            text = self.style(number, found[0].group(1))
        elif number in self.taught:
            text = self.style(number, f"code {number * 7}")
        else:
            text = "code 0"
        return Generation(text, len(prompt.split()), len(text.split()), "stop", 0.3, 0.1)

    def score(self, conversations: Sequence[Conversation], answers: Sequence[str]) -> None:
        return None

    def count(self, conversation: Conversation) -> int:
        return len(conversation[-1].content.split())


@dataclass(frozen=True)
class Shelf:
    """A Retriever that finds what it was told to: {gate: the gates whose passages come, best first}."""

    found: Mapping[int, Sequence[int]]

    def search(self, questions: Sequence[str], k: int) -> list[list[Hit]]:
        rows = [self.found[int(re.findall(r"gate (\d+)", question)[-1])][:k] for question in questions]
        return [[Hit(rank, 1.0 / rank, passage(n)) for rank, n in enumerate(row, 1)] for row in rows]


def answerer(system: System, generator: Gatekeeper, shelf: Shelf | None = None) -> Answerer:
    """The real answerers over the fakes, as eval.loading joins them."""
    if system.context == "none":
        return ClosedBook(generator, SETTINGS)
    find = gold if system.context == "gold" or shelf is None else by_search(shelf, system.k)
    return OpenBook(generator, find, SETTINGS)
