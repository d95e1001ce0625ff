"""Asking batch by batch, each saved whole; and what happens when the machine fails while it is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from data.child import Reporter
from data.schema import Answer, Answerer, Example, OnAnswers
from eval.plan import Batch
from eval.records import AnswerLog

BROKEN = (OSError, RuntimeError, MemoryError)  # memory, device and files; any other error is a defect of ours


class Tally:
    """How far the whole run is: every part of it adds to ``total``, every finished answer to ``done``."""

    def __init__(self, reporter: Reporter) -> None:
        self.reporter, self.done, self.total = reporter, 0, 0

    def expect(self, more: int, done: int = 0) -> None:
        """Count ``more`` answers to come, and ``done`` ones that an earlier try has left."""
        self.total, self.done = self.total + more + done, self.done + done

    def say(self, text: str) -> None:
        """Show how far it is. Raises Stopped if so asked."""
        self.reporter.step(self.done, self.total, text)

    @contextmanager
    def batch(self, batch: Batch, what: str) -> Iterator[OnAnswers]:
        """Counts answers as they come; once the batch is over, it counts as a whole whatever came."""
        begun = self.done

        def told(answers: Sequence[Answer]) -> None:
            self.done = min(self.done + len(answers), begun + len(batch.examples))
            self.say(f"{batch.system}: {what}, {self.done} of {self.total} answers")

        yield told
        self.done = begun + len(batch.examples)
        self.say(f"{batch.system}: {what}, {self.done} of {self.total} answers")


def ask(
    answerer: Answerer, batches: Sequence[Batch], examples: Mapping[str, Example], log: AnswerLog, tally: Tally,
    what: str = "answering",
) -> None:  # fmt: skip
    """Ask every batch of one system and save each when it is whole. Raises Stopped between steps of the model."""
    for batch in batches:
        with tally.batch(batch, what) as told:
            log.save(batch.system, _answers(answerer, [examples[id_] for id_ in batch.examples], told))


def _answers(answerer: Answerer, asked: Sequence[Example], told: OnAnswers) -> list[Answer]:
    try:
        return answerer.answer(asked, told)
    except BROKEN as error:
        said = _said(error)
    return [_alone(answerer, example, said) for example in asked]


def _alone(answerer: Answerer, example: Example, why: str) -> Answer:
    """One question of a batch that failed, so that one bad question does not take its neighbours along."""
    try:
        answer = answerer.answer([example])[0]
    except BROKEN as error:
        return Answer(example.id, "", 0.0, finish_reason="error", available=False, note=_said(error))
    return replace(answer, note=answer.note or f"asked alone, for its batch failed: {why}")


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:500].strip(": ")
