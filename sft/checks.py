"""The questions asked at every checkpoint: which rows, by which metric, and the greedy answers to them.

Loss alone misleads, so a sample of the validation rows is answered as they will be asked later. What an answer is worth
is not known here: the measure is handed down by the front (eval.checkpoint).
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from data.prompts import ABSTAIN
from data.schema import Example
from sft import ranks
from sft.batches import batches
from sft.convolution import as_loaded
from sft.decode import greedy
from sft.model import TOKENS_PER_BATCH, LocalModel
from sft.rows import Row
from sft.tokens import Tokens

ROOM = 4  # tokens that an answer may be longer than the longest wanted one


@dataclass(frozen=True)
class Measured:
    """A mean from 0 to 1 with its 95 % interval, over ``n`` answers."""

    mean: float
    low: float
    high: float
    n: int


Measure = Callable[[str, Sequence[tuple[Example, str]]], Measured]


@dataclass(frozen=True)
class Question:
    """One validation row as it is asked: token ids of its prompt, the example with the answers accepted here, and how
    many tokens the wanted answer has."""

    prompt: list[int]
    example: Example
    wanted: int


@dataclass(frozen=True)
class Exam:
    """What is asked at every checkpoint. ``said`` and ``reason`` are for people: how many, and why this metric."""

    metric: str
    reason: str
    said: str
    questions: tuple[Question, ...]
    measure: Measure

    def sit(self, model: LocalModel, network: Any, rows: int, between: Callable[[int], None]) -> Measured:
        """Answer every question greedily, at most ``rows`` at once, and measure the answers. ``between`` hears before
        each batch how many are answered.

        Of several processes each answers its share; all get the same result.
        """
        share = range(ranks.rank(), len(self.questions), ranks.size())
        own = [self.questions[place] for place in share]
        most = max(question.wanted for question in self.questions) + ROOM
        texts: dict[int, str] = {}
        with as_loaded(network):
            lengths = [len(question.prompt) for question in own]
            for batch in batches(lengths, TOKENS_PER_BATCH[model.device.name], rows):
                between(len(texts) * ranks.size())
                prompts = [own[place].prompt for place in batch]
                written = greedy(network, model.tokens, prompts, most, model.ends)
                texts |= {share[place]: one.text for place, one in zip(batch, written, strict=True)}
        texts = {place: text for part in ranks.gathered(texts) for place, text in part.items()}
        pairs = [(question.example, texts[place]) for place, question in enumerate(self.questions)]
        return self.measure(self.metric, pairs)


def exam(
    examples: Sequence[Example], rows: Sequence[Row], tokens: Tokens, most: int, seed: int, measure: Measure | None
) -> Exam | None:
    """An exam of at most ``most`` of the validation ``rows`` that were made from ``examples``; None when there is
    nothing to ask, or no measure."""
    known = {example.id: example for example in examples}
    askable = [row for row in rows if row.example in known]
    if measure is None or not askable or not most:
        return None
    chosen = random.Random(f"{seed} exam").sample(askable, min(most, len(askable)))
    asked = tuple(
        Question(row.prompt, _accepting(known[row.example], tokens.text(row.answer)), len(row.answer))
        for row in chosen
    )  # fmt: skip
    metric, reason = metric_for([question.example for question in asked])
    opened = sum(row.with_passages for row in chosen)
    told = f"{len(chosen)} of {len(askable)} validation prompts (seed {seed})"
    if opened:
        told += f", {opened} of them with passages; a row with evidence can make two, one with and one without"
    return Exam(metric, reason, told, asked, measure)


def _accepting(example: Example, wanted: str) -> Example:
    """The example as this row asks it: a row among passages may want another answer than the example's own."""
    own = example.answers[0].strip() if example.answerable else ABSTAIN
    return example if wanted == own else replace(example, answers=(wanted,), answerable=True)


def metric_for(examples: Sequence[Example]) -> tuple[str, str]:
    """The metric that fits the tasks of these examples, and why."""
    tasks = Counter(example.task for example in examples)
    free = tasks["text"]
    if 2 * free > len(examples):
        return "token_f1", f"{free} of {len(examples)} answers are free text, which is rarely equal word for word"
    kinds = ", ".join(f"{count} {task}" for task, count in sorted(tasks.items()))
    return "exact_match", f"the answers are short enough to be right or wrong ({kinds})"
