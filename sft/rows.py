"""Examples made into training rows: which context they carry, what is too long, what is set aside for validation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from data.prompts import training_turns
from data.schema import Conversation, Example
from sft.crowd import Crowd
from sft.tokenized import tokenized
from sft.tokens import Tokens


@dataclass(frozen=True)
class Row:
    """One training row: token ids of the prompt and of the answer with its end. The answer carries loss; the prompt
    only where ``whole`` rows are learned."""

    example: str  # its id; empty for a rehearsal
    prompt: list[int]
    answer: list[int]
    with_passages: bool
    whole: bool = False
    label: bool = False  # the answer is one of a few classes, and no passage is read

    @property
    def labels(self) -> list[int]:
        """What is to be predicted at each place; -100 where nothing is."""
        return (self.prompt if self.whole else [-100] * len(self.prompt)) + self.answer

    def __len__(self) -> int:
        return len(self.prompt) + len(self.answer)


@dataclass(frozen=True)
class Prepared:
    """Rows that fit, and how many were left out because they do not. Rehearsals come last, and each only once.

    ``lengths`` are those of all rows made of examples, in tokens, also of the ones left out.
    """

    rows: tuple[Row, ...]
    too_long: int
    rehearsed: int = 0
    lengths: tuple[int, ...] = ()
    repeats: int = 0  # of rows with a label, among the rows

    def counts(self) -> dict[str, int]:
        """How many rows there are of each kind, as manifests hold it."""
        own = self.rows[: len(self.rows) - self.rehearsed]
        opened = sum(row.with_passages for row in own)
        return {
            "rows": len(own), "with_passages": opened, "closed_book": len(own) - opened,
            "repeats": self.repeats, "rehearsed": self.rehearsed, "too_long": self.too_long,
        }  # fmt: skip


def context_for(setting: str, examples: Sequence[Example]) -> tuple[str, str]:
    """The training context meant by ``setting`` (auto, none, gold, mixed, crowd) for these examples, and the reason."""
    known = sum(example.evidence is not None for example in examples)
    if setting == "auto":
        chosen = "crowd" if known else "none"
        return chosen, f"evidence is known for {known} of {len(examples)} rows" if known else "no row has evidence"
    if setting != "none" and not known:
        return "none", f"{setting} was asked for, but no row has evidence"
    return setting, "asked for"


def conversations(
    example: Example, context: str, instruction: str, crowd: Crowd | None = None
) -> list[tuple[Conversation, bool]]:
    """The training conversations of one example, each with whether it carries passages.

    none: closed-book; gold: with the evidence; mixed: both; crowd: closed-book and among the passages of ``crowd``. A
    row without evidence is closed-book only, but in a crowd, where one in two is also asked among passages.
    """
    closed = (training_turns(example, (), instruction), False)
    passages: tuple[str, ...] = (example.evidence,) if example.evidence else ()
    shown = example
    if context == "crowd" and crowd:
        passages, shown = crowd.around(example)
    if context == "none" or not passages:
        return [closed]
    opened = (training_turns(shown, passages, instruction), True)
    return [opened] if context == "gold" else [closed, opened]


def earlier(example: Example, instruction: str) -> list[tuple[Conversation, bool]]:
    """The answers before the last of several turns, each at the end of a conversation of its own.

    So every assistant turn is learned under exactly the prompt it will be asked with: templates may render a turn that
    others follow in another way than the last one (leave out its reasoning, for example).
    """
    turns = training_turns(example, (), instruction)[:-1]
    return [(turns[: place + 1], False) for place, turn in enumerate(turns) if turn.role == "assistant"]


def prepare(
    examples: Sequence[Example], context: str, instruction: str, tokens: Tokens, max_length: int,
    crowd: Crowd | None = None, rehearsed: Sequence[Conversation] = (), whole: bool = False, cache: Path | None = None,
    label_repeats: int = 1,
) -> Prepared:  # fmt: skip
    """Token rows of all examples, and of the conversations to be ``rehearsed``.

    Rows longer than ``max_length`` tokens are left out, never cut; those of examples are counted. ``whole`` rows carry
    loss on every token, so of several turns only the whole conversation is a row. ``cache`` is a folder that remembers
    tokens. Rows with a label come ``label_repeats`` times.
    """
    asked: list[tuple[str, Conversation, bool]] = []
    for example in examples:
        before = [] if whole else earlier(example, instruction)
        asked += [(example.id, *one) for one in [*before, *conversations(example, context, instruction, crowd)]]
    labels = {example.id for example in examples if example.task == "label"}
    pairs = tokenized([*(turns for _, turns, _ in asked), *rehearsed], tokens, cache)
    rows = [
        Row(i, *pair, opened, whole, label=i in labels and not opened)
        for (i, _, opened), pair in zip(asked, pairs, strict=False)
    ]
    again = [Row("", *pair, True) for pair in pairs[len(asked) :]]
    own, rehearsals = ([row for row in some if len(row) <= max_length] for some in (rows, again))
    repeats = [row for row in own if row.label] * (label_repeats - 1)
    lengths, too_long = tuple(map(len, rows)), len(rows) - len(own)
    return Prepared((*own, *repeats, *rehearsals), too_long, len(rehearsals), lengths, len(repeats))
