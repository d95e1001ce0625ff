"""Answers from a model's weights alone."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from data.prompts import asking_turns
from data.schema import Answer, Conversation, DecodeSettings, Example, Generation, Generator, OnAnswers


@dataclass(frozen=True)
class ClosedBook:
    """Asks a generator each question without any context. Implements ``data.schema.Answerer``."""

    generator: Generator
    settings: DecodeSettings
    instruction: str = ""

    def answer(self, examples: Sequence[Example], on_answers: OnAnswers | None = None) -> list[Answer]:
        """One answer per example, in order."""
        begun = time.perf_counter()
        asked = [asking_turns(example, instruction=self.instruction) for example in examples]
        share = (time.perf_counter() - begun) / max(1, len(examples))

        def finished(pairs: Sequence[tuple[int, Generation]]) -> None:
            if on_answers:
                on_answers([_answer(examples[number], asked[number], one, share) for number, one in pairs])

        written = self.generator.generate(asked, self.settings, on_generated=finished)
        return [_answer(*row, share) for row in zip(examples, asked, written, strict=True)]


def _answer(example: Example, conversation: Conversation, written: Generation, prompt_seconds: float) -> Answer:
    return Answer(
        example=example.id,
        text=written.text,
        seconds=written.seconds,
        prompt_tokens=written.prompt_tokens,
        new_tokens=written.new_tokens,
        finish_reason=written.finish_reason,
        conversation=conversation,
        prompt_seconds=prompt_seconds,
        prefill_seconds=written.prefill_seconds,
    )
