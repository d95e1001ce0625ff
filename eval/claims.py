"""What is usually said of fine-tuning and retrieval, put to the test on one comparison's own questions. No model.

Each claim names the corner that should win, its rivals, and the questions it speaks of. It holds when the 95 % interval
of the paired difference to every rival lies above zero, fails when one lies below, and is open otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from data.schema import Answer, Example
from eval.metrics import score
from eval.scoring import METRIC_WORDS
from eval.statistics import FEW_GROUPS, Estimate, group_of, paired, verdict

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
        pairs = [(pair, _difference(own, answers, pair, claim.metric)) for pair in names]
        known = [(pair, difference) for pair, difference in pairs if difference]
        if len(known) == len(pairs):
            what = METRIC_WORDS[claim.metric]
            found.append({
                "claim": claim.text, "verdict": _verdict([difference for _, difference in known]),
                "n": min(difference.n for _, difference in known),
                "sentences": [verdict(*pair, difference, what) for pair, difference in known],
            })  # fmt: skip
    return found


def _difference(
    examples: Sequence[Example], answers: Mapping[str, Mapping[str, Answer]], pair: tuple[str, str], metric: str
) -> Estimate | None:
    first, second = (answers.get(name, {}) for name in pair)
    both = [e for e in examples if all(e.id in given and given[e.id].available for given in (first, second))]
    values = [[getattr(score(e, given[e.id]), metric) for e in both] for given in (first, second)]
    return paired(values[0], values[1], [group_of(e) for e in both])


def _verdict(differences: Sequence[Estimate]) -> str:
    if any(difference.groups < FEW_GROUPS for difference in differences):
        return OPEN
    if any(difference.high < 0 for difference in differences):
        return FAILS
    return HOLDS if all(difference.low > 0 for difference in differences) else OPEN
