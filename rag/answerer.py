"""Answering with passages: a language model that reads them, and the floor that only quotes the best sentence."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from data.prompts import asking_turns
from data.schema import (
    Answer,
    Conversation,
    DecodeSettings,
    Example,
    Generation,
    Generator,
    Hit,
    OnAnswers,
    Passage,
    Retriever,
)  # fmt: skip
from rag.chunk import in_context
from rag.embed import Embedder

Find = Callable[[Sequence[Example]], Sequence[Sequence[Hit] | None]]
"""The passages for each example, best first; None where they cannot exist (no gold passage is known)."""

SENTENCE_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+|(?<=[。！？])|\n+")


def by_search(retriever: Retriever, k: int) -> Find:
    """Passages by searching for the question."""
    return lambda examples: retriever.search([example.question for example in examples], k)


def gold(examples: Sequence[Example]) -> list[list[Hit] | None]:
    """The evidence itself as the only passage: the ceiling of any retriever."""
    return [[_as_hit(example, example.evidence)] if example.evidence else None for example in examples]


def _as_hit(example: Example, evidence: str) -> Hit:
    return Hit(1, 1.0, Passage(f"gold:{example.id}", example.document or "", evidence, 0, len(evidence)))


@dataclass(frozen=True)
class Prepared:
    """An example ready to be asked. ``hits`` are all that were found; the lowest ``dropped`` are not in the prompt.

    ``seconds`` is its share of the search, ``prompt_seconds`` what fitting passages into the prompt took.
    """

    example: Example
    hits: tuple[Hit, ...]
    conversation: Conversation
    dropped: int
    seconds: float
    prompt_seconds: float


class OpenBook:
    """A language model that answers from passages. A data.schema.Answerer.

    The lowest passages are dropped whole until the prompt and the longest answer fit the window. The question is never
    cut: if it does not fit by itself, the generator refuses it as "over_budget". ``over_passages`` is the instruction
    where passages are in the prompt, if it is another one.
    """

    def __init__(
        self, generator: Generator, find: Find, settings: DecodeSettings, instruction: str = "",
        over_passages: str | None = None,
    ) -> None:  # fmt: skip
        self.generator, self.find, self.settings, self.instruction = generator, find, settings, instruction
        self.over_passages = instruction if over_passages is None else over_passages

    def prepare(self, examples: Sequence[Example]) -> list[Prepared | None]:
        """Find and fit passages; None where none can exist. ``seconds`` is each example's share of the search."""
        begun = time.perf_counter()
        found = self.find(examples)
        share = (time.perf_counter() - begun) / max(1, len(examples))
        return [
            None if hits is None else self._fit(example, tuple(hits), share)
            for example, hits in zip(examples, found, strict=True)
        ]

    def _fit(self, example: Example, hits: tuple[Hit, ...], seconds: float) -> Prepared:
        begun = time.perf_counter()
        budget = self.generator.window - self.settings.max_new_tokens
        for kept in range(len(hits), -1, -1):
            texts = [in_context(hit.passage) for hit in hits[:kept]]
            conversation = asking_turns(example, texts, self.over_passages if kept else self.instruction)
            if self.generator.count(conversation) <= budget:
                break
        return Prepared(example, hits, conversation, len(hits) - kept, seconds, time.perf_counter() - begun)

    def answer(self, examples: Sequence[Example], on_answers: OnAnswers | None = None) -> list[Answer]:
        """One answer per example, in their order."""
        prepared = self.prepare(examples)
        answers = {
            place: Answer(example.id, "", 0.0, available=False, note="no gold passage is known")
            for place, (example, ready) in enumerate(zip(examples, prepared, strict=True)) if ready is None
        }  # fmt: skip
        if on_answers and answers:
            on_answers(list(answers.values()))
        asked = [(place, ready) for place, ready in enumerate(prepared) if ready is not None]

        def on_generated(batch: Sequence[tuple[int, Generation]]) -> None:
            if on_answers:
                on_answers([_answer(asked[number][1], generation) for number, generation in batch])

        conversations = [ready.conversation for _, ready in asked]
        generations = self.generator.generate(conversations, self.settings, on_generated=on_generated) if asked else []
        for (place, ready), generation in zip(asked, generations, strict=True):
            answers[place] = _answer(ready, generation)
        return [answers[place] for place in range(len(examples))]


def _answer(ready: Prepared, generation: Generation) -> Answer:
    return Answer(
        ready.example.id, generation.text, ready.seconds + generation.seconds, generation.prompt_tokens,
        generation.new_tokens, generation.finish_reason, ready.hits, ready.dropped, conversation=ready.conversation,
        prompt_seconds=ready.prompt_seconds, retrieve_seconds=ready.seconds,
        prefill_seconds=generation.prefill_seconds,
    )  # fmt: skip


def sentences(text: str) -> list[str]:
    """The sentences of a passage; headings are not sentences."""
    parts = (part.strip() for part in SENTENCE_END.split(text))
    return [part for part in parts if part and not part.startswith("#")]


class BestSentence:
    """The floor: the sentence of the first passage that is nearest to the question. No language model."""

    def __init__(self, find: Find, embedder: Embedder) -> None:
        self.find, self.embedder = find, embedder

    def answer(self, examples: Sequence[Example], on_answers: OnAnswers | None = None) -> list[Answer]:
        """One quoted sentence per example, in their order; empty where nothing was found."""
        begun = time.perf_counter()
        found = [tuple(hits or ()) for hits in self.find(examples)]
        searched = (time.perf_counter() - begun) / max(1, len(examples))
        candidates = [sentences(hits[0].passage.text) if hits else [] for hits in found]
        flat = [sentence for group in candidates for sentence in group]
        vectors = self.embedder.embed(flat)
        asked = self.embedder.embed_questions([example.question for example in examples])
        texts, position = [], 0
        for group, question in zip(candidates, asked, strict=True):
            cosines = vectors[position : position + len(group)] @ question
            texts.append(group[int(np.argmax(cosines))] if group else "")
            position += len(group)
        share = (time.perf_counter() - begun) / max(1, len(examples))
        rows = zip(examples, texts, found, strict=True)
        answers = [
            Answer(example.id, text, share, hits=hits, retrieve_seconds=searched) for example, text, hits in rows
        ]
        if on_answers:
            on_answers(answers)
        return answers
