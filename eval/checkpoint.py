"""What the answers of one checkpoint are worth: the measure that the fine-tuner's front hands down to it."""

from __future__ import annotations

from collections.abc import Sequence

from data.schema import Answer, Example
from eval.metrics import score
from eval.statistics import estimate, group_of
from sft.checks import Measured


def measure(metric: str, pairs: Sequence[tuple[Example, str]]) -> Measured:
    """The mean of ``metric`` (a field of eval.metrics.Score) over (example, answer's text), with its interval.

    ``pairs`` is not empty.
    """
    values = [float(getattr(score(example, Answer(example.id, text, 0.0)), metric)) for example, text in pairs]
    found = estimate(values, [group_of(example) for example, _ in pairs])
    assert found is not None, "at least one answer"
    return Measured(found.mean, found.low, found.high, found.n)
