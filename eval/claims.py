"""What is usually said of fine-tuning and retrieval, put to the test on one comparison's own questions. No model.

Each claim names the corner that should win, its rivals, and the questions it speaks of. It holds when the winner is
clearly ahead of every rival (eval.sentences says when that is), fails when it is clearly behind one, and is open
otherwise: always with fewer than 20 independent groups.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from data.schema import Answer, Example
from eval.metrics import score
from eval.pairs import differences
from eval.sentences import Difference, verdict
from eval.values import WORDS

HOLDS, FAILS, OPEN = "holds", "does not hold", "cannot tell"


@dataclass(frozen=True)
class Claim:
    """One usual claim: ``winner`` answers better than each of ``rivals`` on the questions that ``about`` picks."""

    text: str
    winner: str
    rivals: tuple[str, ...]
    about: Callable[[Example], bool]
    metric: str = "exact_match"


def _task(name: str) -> Callable[[Example], bool]:
    return lambda example: example.task == name


def _tag(name: str) -> Callable[[Example], bool]:
    return lambda example: name in example.tags


CLAIMS = (
    Claim("Fine-tuning beats retrieval on labels", "sft", ("rag",), _task("label")),
    Claim("Fine-tuning beats retrieval on numbers learnt from examples", "sft", ("rag",), _task("number")),
    Claim("Fine-tuning beats retrieval on form and style", "sft", ("rag",), _task("text"), "token_f1"),
    Claim("Retrieval beats fine-tuning where knowledge changed", "rag", ("sft",), _tag("changed")),
    Claim("Retrieval beats fine-tuning on what was never taught", "rag", ("sft",), _tag("untaught")),
    Claim("Combining both is best", "sft+rag", ("sft", "rag"), lambda example: True),
)


def judged(
    examples: Sequence[Example], answers: Mapping[str, Mapping[str, Answer]], places: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Every claim whose systems and questions this comparison has: claim, verdict, n, and a sentence per rival.

    ``answers`` is {system: {example id: answer}}, ``places`` {corner: system}.
    """
    found = []
    for claim in CLAIMS:
        own = [example for example in examples if claim.about(example)]
        if not own or not {claim.winner, *claim.rivals} <= set(places):
            continue
        names = [(places[claim.winner], places[rival]) for rival in claim.rivals]
        columns = {name: _column(own, answers.get(name, {}), claim.metric) for pair in names for name in pair}
        known = differences(own, columns, names)
        if len(known) == len(names):
            found.append({
                "claim": claim.text, "verdict": _verdict(known), "n": min(one.estimate.n for one in known),
                "sentences": [verdict(one, WORDS[claim.metric]) for one in known],
            })  # fmt: skip
    return found


def _column(examples: Sequence[Example], given: Mapping[str, Answer], metric: str) -> np.ndarray:
    """One score per question; NaN where the system has no answer."""
    there = [e.id in given and given[e.id].available for e in examples]
    scores = [getattr(score(e, given[e.id]), metric) if ok else np.nan for e, ok in zip(examples, there, strict=True)]
    return np.array(scores)


def _verdict(known: Sequence[Difference]) -> str:
    if any(one.sign < 0 for one in known):
        return FAILS
    return HOLDS if all(one.sign > 0 for one in known) else OPEN
