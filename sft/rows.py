"""Examples made into training rows: which context they carry, what is too long, what is set aside for validation."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from data.prompts import training_turns
from data.schema import Conversation, Example
from sft.crowd import Crowd
from sft.tokens import Tokens

VALIDATION_SHARE, MOST_VALIDATION = 0.1, 200


@dataclass(frozen=True)
class Row:
    """One training row: token ids of the prompt, which carry no loss, and of the answer with its end, which do."""

    example: str  # its id; empty for a rehearsal
    prompt: list[int]
    answer: list[int]
    with_passages: bool

    def __len__(self) -> int:
        return len(self.prompt) + len(self.answer)


@dataclass(frozen=True)
class Prepared:
    """Rows that fit, and how many were left out because they do not. Rehearsals come last, and each only once."""

    rows: tuple[Row, ...]
    too_long: int
    rehearsed: int = 0

    def counts(self) -> dict[str, int]:
        """How many rows there are of each kind, as manifests hold it."""
        own = self.rows[: len(self.rows) - self.rehearsed]
        opened = sum(row.with_passages for row in own)
        return {
            "rows": len(own), "with_passages": opened, "closed_book": len(own) - opened,
            "rehearsed": self.rehearsed, "too_long": self.too_long,
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


def prepare(
    examples: Sequence[Example], context: str, instruction: str, tokens: Tokens, max_length: int,
    crowd: Crowd | None = None, rehearsed: Sequence[Conversation] = (),
) -> Prepared:  # fmt: skip
    """Token rows of all examples, and of the conversations to be ``rehearsed``.

    Rows longer than ``max_length`` tokens are left out, never cut; those of examples are counted.
    """
    asked = [(e.id, *found) for e in examples for found in conversations(e, context, instruction, crowd)]
    rows = [Row(i, tokens.prompt(t[:-1]), tokens.answer(t[-1].content), opened) for i, t, opened in asked]
    again = [Row("", tokens.prompt(t[:-1]), tokens.answer(t[-1].content), True) for t in rehearsed]
    own, repeated = ([row for row in some if len(row) <= max_length] for some in (rows, again))
    return Prepared((*own, *repeated), len(rows) - len(own), len(repeated))


def split(examples: Sequence[Example], seed: int) -> tuple[list[Example], list[Example], str]:
    """Training and validation examples in their order, and a sentence that says how they were split.

    Set aside are rows whose fact is also asked in other words, one per fact: a fact that is asked only once cannot be
    known from the others, so its loss would say nothing. Without such rows, any row. None of fewer than 20 rows.
    """
    wanted = min(MOST_VALIDATION, int(len(examples) * VALIDATION_SHARE))
    if wanted < 2:
        return list(examples), [], f"{len(examples)} rows are too few to set some aside for validation"
    order = list(range(len(examples)))
    random.Random(seed).shuffle(order)
    asked = Counter(example.fact for example in examples)
    reworded = list({e.fact: i for i in order if (e := examples[i]).fact and asked[e.fact] > 1}.values())
    chosen = set((reworded or order)[:wanted])
    how = "asking taught facts in other words" if reworded else "at random"
    said = f"{len(chosen)} of {len(examples)} rows, {how} (seed {seed}), were set aside for validation"
    keep = [e for i, e in enumerate(examples) if i not in chosen]
    return keep, [e for i, e in enumerate(examples) if i in chosen], said
