"""Wrong answers asked again with the gold passage alone, by the same weights: what tells not used from misread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from data.schema import Answer, Example
from eval.systems import System
from eval.why import needs_gold_alone


def to_ask(
    systems: Sequence[System], examples: Sequence[Example], answers: Mapping[str, Mapping[str, Answer]]
) -> dict[str, list[Example]]:
    """{system: the questions}; a pure function of the stored answers, so that a resumed run asks the same."""
    return {
        system.name: [
            example for example in examples
            if example.id in answers.get(system.name, {})
            and needs_gold_alone(system, example, answers[system.name][example.id])
        ]
        for system in systems
    }  # fmt: skip


def alone(system: System) -> System:
    """The same row, handed the gold passage instead of searching."""
    return replace(system, context="gold")
