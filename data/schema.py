"""The nouns every room shares, and the three seams between rooms (Generator, Retriever, Answerer)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

TASKS = ("short", "text", "label", "number")


@dataclass(frozen=True)
class Message:
    """One turn of a conversation; ``role`` is "system", "user" or "assistant"."""

    role: str
    content: str


Conversation = tuple[Message, ...]


@dataclass(frozen=True)
class Document:
    """One readable text of a collection. ``id`` is its path inside the collection (POSIX separators).

    ``page_starts`` holds the character offset at which each page begins (empty when the format has no pages). ``tags``
    and ``date`` (ISO, like "2026-03-31"; empty when unknown) are what a search can be narrowed by.
    ``source`` is the file that a row of a table comes from ("" when the document is the file). ``characters_in`` counts
    the file's text before anything was left out; of a table's rows only the first has it, and the file's warnings.
    ``edited`` is when its text was last changed by hand (ISO; "" when it is the file's); ``sha256`` stays the file's.
    ``date_from`` says where the date was found, in words.
    """

    id: str
    text: str
    title: str
    sha256: str
    page_starts: tuple[int, ...] = ()
    warnings: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    date: str = ""
    source: str = ""
    characters_in: int = 0
    edited: str = ""
    date_from: str = ""

    @property
    def file(self) -> str:
        """The name of the file that holds this document."""
        return self.source or self.id


@dataclass(frozen=True)
class Passage:
    """A chunk of a document: ``text == document.text[start:end]``. ``page`` counts from 1."""

    id: str
    document: str
    text: str
    start: int
    end: int
    heading: str = ""
    page: int | None = None


@dataclass(frozen=True)
class Origin:
    """Where a hit's score came from. Ranks count from 1; None means that the list in question does not hold the hit.

    ``cosine`` is known for every hit whenever questions are compared as vectors, also for those that only their words
    brought in; ``fused`` is the reciprocal-rank score.
    """

    dense_rank: int | None = None
    cosine: float | None = None
    bm25_rank: int | None = None
    bm25: float | None = None
    fused: float | None = None


@dataclass(frozen=True)
class Hit:
    """A passage found for a question. ``rank`` counts from 1; a higher ``score`` is better."""

    rank: int
    score: float
    passage: Passage
    origin: Origin = Origin()


@dataclass(frozen=True)
class Example:
    """A question with its accepted answers. ``evidence`` is the gold passage's text, where known.

    ``fact`` is shared by rows that ask the same fact in other words. ``format`` is one of ``label:a|b|c``, ``number``,
    ``regex:...``, ``json``, ``words<=N``. ``history`` holds the turns of the conversation before the question.
    """

    id: str
    question: str
    answers: tuple[str, ...]
    document: str | None = None
    evidence: str | None = None
    fact: str | None = None
    answerable: bool = True
    task: str = "short"
    format: str | None = None
    tags: tuple[str, ...] = ()
    history: Conversation = ()


@dataclass(frozen=True)
class DecodeSettings:
    """How answers are decoded: greedily, up to ``max_new_tokens``. The same for every system of a comparison."""

    max_new_tokens: int = 64


@dataclass(frozen=True)
class Generation:
    """What a model wrote. ``finish_reason`` is "stop" (it ended by itself), "length" (cut) or "over_budget" (the prompt
    does not fit the window: nothing was generated). ``seconds`` is this row's share of its batch;
    ``prefill_seconds`` of it went by until the first tokens were there (None where a generator cannot tell)."""

    text: str
    prompt_tokens: int
    new_tokens: int
    finish_reason: str
    seconds: float
    prefill_seconds: float | None = None


@dataclass(frozen=True)
class Answer:
    """One system's answer to one example. ``available`` is False when the system cannot exist for this example (no gold
    passage is known); such rows are left out and counted. ``dropped`` counts passages that did not fit the window.
    ``prompt_seconds`` went into making the conversation (0 where a system makes none). Of ``seconds``,
    ``retrieve_seconds`` went into finding passages and ``prefill_seconds`` by until the first token (None: not known).
    A ``finish_reason`` "error" means that the machine failed, not the system: such a question is asked again."""

    example: str
    text: str
    seconds: float
    prompt_tokens: int = 0
    new_tokens: int = 0
    finish_reason: str = "stop"
    hits: tuple[Hit, ...] = ()
    dropped: int = 0
    available: bool = True
    note: str = ""
    conversation: Conversation = field(default=(), repr=False)
    prompt_seconds: float = 0.0
    retrieve_seconds: float = 0.0
    prefill_seconds: float | None = None


OnText = Callable[[str], None]
"""Called with each new piece of text while a single answer is being generated."""

OnGenerated = Callable[[Sequence[tuple[int, Generation]]], None]
"""Called after each finished batch with (index into the conversations, generation) pairs."""

OnAnswers = Callable[[Sequence[Answer]], None]
"""Called after each finished batch with its answers."""


class Generator(Protocol):
    """A language model. Messages come from data.prompts; the generator applies its own chat template."""

    window: int

    def generate(
        self,
        conversations: Sequence[Conversation],
        settings: DecodeSettings,
        on_text: OnText | None = None,
        on_generated: OnGenerated | None = None,
    ) -> list[Generation]: ...

    def score(self, conversations: Sequence[Conversation], answers: Sequence[str]) -> list[float] | None: ...

    def count(self, conversation: Conversation) -> int: ...


class Retriever(Protocol):
    """Finds passages: one list of at most ``k`` hits per question, best first."""

    def search(self, questions: Sequence[str], k: int) -> list[list[Hit]]: ...


class Answerer(Protocol):
    """Answers examples, in the order given; ``on_answers`` is told of each finished batch."""

    def answer(self, examples: Sequence[Example], on_answers: OnAnswers | None = None) -> list[Answer]: ...
