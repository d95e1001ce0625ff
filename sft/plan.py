"""What becomes of the rows of a fine-tune: context, instruction, split, rehearsals, tokens; and what is doubtful about
them. Needs the tokenizer but not the weights, so it can be shown before a launch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from data.errors import UserError
from data.examples import Reading
from data.prompts import instruction_for
from data.sameness import answers_of, asked_key, repeated
from data.schema import Conversation, Example
from sft.config import TrainConfig, filled, hiding, rehearsing, repeating
from sft.crowd import Crowd
from sft.rehearsal import exercises
from sft.rows import Prepared, context_for, prepare
from sft.split import split
from sft.tokens import Tokens

FEW = 10  # rows from which there is hope to learn something


@dataclass(frozen=True)
class Plan:
    """Every choice about the rows, with its reason. ``config`` has no None left; ``said`` is how they were split."""

    config: TrainConfig
    context: str
    instruction: str
    learned: tuple[Example, ...]
    held: tuple[Example, ...]
    said: str
    crowd: Crowd | None
    rehearsed: tuple[Conversation, ...]
    reasons: dict[str, str]

    def doubts(self, examples: Sequence[Example]) -> list[str]:
        """What is doubtful about all the ``examples`` read for training, and about what was set aside of them."""
        return [*doubts(examples), *same_questions(self.learned, self.held)]

    def rows(self, tokens: Tokens, cache: Path | None = None) -> tuple[Prepared, Prepared]:
        """The training and the validation rows; ``cache`` is the folder that remembers tokens (Workspace.cache).

        Raises UserError when no training row fits.
        """
        most, folder = self.config.max_length, cache / "tokens" if cache else None
        assert most is not None, "filled"
        whole = self.config.loss == "all"
        given = (self.context, self.instruction, tokens, most, self.crowd)
        times = self.config.label_repeats or 1
        train = prepare(self.learned, *given, self.rehearsed, whole=whole, cache=folder, label_repeats=times)
        validation = prepare(self.held, *given, whole=whole, cache=folder)
        if len(train.rows) == train.rehearsed:
            raise UserError(f"All {train.too_long} training rows are longer than {most} tokens.",
                            "Raise --max-length, choose a base with a larger window, or shorten the rows.")  # fmt: skip
        return train, validation


def plan(
    config: TrainConfig, reading: Reading, given: Reading | None, model: str, parameters: int, window: int
) -> Plan:
    """Decide what the settings left open. ``model`` is the base's id, ``given`` the validation rows where a file was
    named, ``window`` in tokens."""
    config, reasons = filled(config, parameters, window)
    context, reasons["context"] = context_for(config.context, reading.examples)
    instruction, reasons["instruction"] = instruction_for(model)
    if given:
        learned, held, said = list(reading.examples), list(given.examples), f"validation rows from {given.file}"
    else:
        learned, held, said = split(reading.examples, config.seed, config.split)
    crowd = Crowd(learned, held, config.seed) if context == "crowd" else None
    config, reasons["rehearsal"] = rehearsing(config, context, len(learned), parameters)
    labels = sum(example.task == "label" for example in learned)
    config, reasons["word_dropout"] = hiding(config, labels, len(learned), parameters)
    config, reasons["label_repeats"] = repeating(config, context, labels, len(learned), parameters)
    assert config.rehearsal is not None and config.epochs is not None  # noqa: PT018
    rehearsed = exercises(config.rehearsal * math.ceil(config.epochs), config.seed, instruction)
    return Plan(config, context, instruction, tuple(learned), tuple(held), said, crowd, tuple(rehearsed), reasons)


def doubts(examples: Sequence[Example]) -> list[str]:
    """What makes training rows unlikely to teach what is meant, in sentences."""
    found = []
    if len(examples) < FEW:
        found.append(f"Only {len(examples)} training rows: enough to try the way through, too few to learn from.")
    answers = {answers_of(example) for example in examples}
    if len(answers) == 1 and len(examples) > 1:
        only = examples[0].answers[0] if examples[0].answerable else "no answer"
        found.append(f"All {len(examples)} training rows have the same answer, “{only[:60]}”: nothing else is learned.")
    if conflicting := sum(group.conflicting for group in repeated(examples)):
        found.append(f"Training questions that are answered in two ways, so that neither is learned: {conflicting}.")
    return found


def same_questions(learned: Sequence[Example], held: Sequence[Example]) -> list[str]:
    """A sentence where validation rows repeat training questions; to ask a taught fact in other words is no repeat."""
    taught = {asked_key(example) for example in learned}
    same = sum(asked_key(example) in taught for example in held)
    return [f"{same} of {len(held)} validation questions stand word for word in the training rows: learning by heart "
            "raises the score that chooses the checkpoint."] if same else []  # fmt: skip
