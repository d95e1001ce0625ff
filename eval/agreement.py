"""Do the automatic measures see what people see? How often each prefers the answer that a vote chose.

Only measures of single answers can be asked: accuracy on labels is exact match, and the errors on numbers are asked as
the distance from the right one. Of a whole text BLEU and chrF are taken sentence by sentence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from data.schema import Answer, Example
from eval.figures import cell
from eval.metrics import said
from eval.metrics_number import distance
from eval.metrics_text import sentence_bleu, sentence_chrf
from eval.statistics import Estimate, estimate, saved
from eval.values import WORDS, table
from eval.votes import LEFT, Vote

MEASURES = ("exact_match", "token_f1", "contains", "rouge_l", "similarity", "form", "fact", "lexical_support")
MORE = {"bleu": "BLEU of the text", "chrf": "chrF of the text", "closeness": "closeness of the number"}
NOTE = (
    "Over the votes that preferred one answer, with 95 % intervals over questions; n: the votes on which the measure "
    "has a value for both answers and they differ. 50 % is what a coin would do."
)
Answers = Mapping[str, Mapping[str, Answer]]


@dataclass(frozen=True)
class Agreement:
    """How often a measure prefers the answer that a vote chose; ``undecided``: how often it sees no difference."""

    metric: str
    share: Estimate | None
    undecided: int


def agreements(
    votes: Sequence[Vote], examples: Mapping[str, Example], answers: Answers,
    similarity: Mapping[str, Mapping[str, float]],
) -> list[Agreement]:  # fmt: skip
    """Each measure on the decisive votes whose both answers it can judge; measures that judge none are left out.

    ``similarity``: {system: {example id: cosine}}, as the run keeps it (eval.beside).
    """
    decisive = [vote for vote in votes if vote.winner and vote.example in examples]
    asked = [examples[id_] for id_ in dict.fromkeys(vote.example for vote in decisive)]
    names = dict.fromkeys(system for vote in decisive for system in (vote.left, vote.right))
    worth = {name: _worth(asked, answers.get(name, {}), similarity.get(name, {})) for name in names}
    place = {example.id: number for number, example in enumerate(asked)}
    found = []
    for column, words in enumerate([*(WORDS[name] for name in MEASURES), *MORE.values()]):
        gaps = [
            (worth[vote.left][place[vote.example], column] - worth[vote.right][place[vote.example], column])
            * (1 if vote.choice == LEFT else -1)
            for vote in decisive
        ]
        known = [(gap, vote.example) for gap, vote in zip(gaps, decisive, strict=True) if np.isfinite(gap)]
        told = [(gap, example) for gap, example in known if gap]
        if known:
            share = estimate([float(gap > 0) for gap, _ in told], [example for _, example in told])
            found.append(Agreement(words, share, len(known) - len(told)))
    return found


def _worth(asked: Sequence[Example], given: Mapping[str, Answer], similarity: Mapping[str, float]) -> np.ndarray:
    """Shape (questions, measures); NaN where a measure has no value."""
    more = np.array([_more(example, given.get(example.id)) for example in asked]).reshape(len(asked), len(MORE))
    return np.hstack([table(asked, given, similarity, MEASURES), more])


def _more(example: Example, answer: Answer | None) -> tuple[float, float, float]:
    """(BLEU, chrF, closeness) of one answer."""
    if answer is None or not answer.available or not example.answerable:
        return np.nan, np.nan, np.nan
    if example.task == "text":
        text = said(answer)
        return sentence_bleu(text, example.answers), sentence_chrf(text, example.answers), np.nan
    off = distance(example, answer) if example.task == "number" else None
    return np.nan, np.nan, np.nan if off is None else -off


def rows(found: Sequence[Agreement]) -> list[dict[str, Any]]:
    """The same as rows of a table."""
    return [
        {"Measure": one.metric, "Prefers the answer that was voted for, %": cell(saved(one.share)),
         "n": one.share.n if one.share else 0, "Sees no difference": one.undecided}
        for one in found
    ]  # fmt: skip
