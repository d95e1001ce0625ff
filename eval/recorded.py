"""The six steps of an answer that a bench stored, each with its time as far as the run recorded it. No model.

In a bench many questions are searched and answered together, so every time is a question's share of its batch.
"""

from __future__ import annotations

from data.schema import Answer, Example
from eval.steps import CLOSED, Step, Timed, answer_step, prompt_step
from eval.systems import System
from rag.retrieve import Took

NOT_RECORDED = "this run is from before the times of these steps were kept"
READ = "read with the whole test set, before the first answer"
HANDED = "the gold passage is handed over, nothing is searched"


def recorded_steps(example: Example, system: System, answer: Answer, took: Took | None) -> list[Step]:
    """The steps in the order of eval.steps.NAMES; ``took`` is None where the run does not know."""
    made = None if system.floor else answer.prompt_seconds or None  # making a prompt always takes some time
    prompt = prompt_step(system, answer, made)
    if made is None and not system.floor:
        prompt = Step("prompt", None, NOT_RECORDED, prompt.details)
    written = answer_step(system, answer, Timed(0.0, max(0.0, answer.seconds - _searching(took)), None))
    if system.context == "retrieved" and took is None:
        written = Step("answer", answer.seconds, f"{written.said}; its time holds the search, too", written.details)
    words = len(example.question.split())
    return [Step("question", None, READ, {"words": words}), *_search(system, answer, took), prompt, written]


def _searching(took: Took | None) -> float:
    return (took.vector or 0.0) + took.search + took.passages if took else 0.0


def _search(system: System, answer: Answer, took: Took | None) -> list[Step]:
    names = ("vector", "search", "passages")
    if system.context != "retrieved":
        return [Step(name, None, HANDED if system.context == "gold" else CLOSED) for name in names]
    if took is None:
        return [Step(name, None, NOT_RECORDED) for name in names]
    vector = Step("vector", took.vector, f"by the embedding model of {system.knowledge}")
    if took.vector is None:
        vector = Step("vector", None, "BM25 compares words and makes no vector")
    found = f"{len(answer.hits)} found" if answer.hits else "none found"
    return [vector, Step("search", took.search, f"{system.method} search in {system.knowledge}"),
            Step("passages", took.passages, found)]  # fmt: skip
