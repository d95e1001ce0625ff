"""What a comparison says beside its scores: why answers are wrong, what they cost, whether it was fair. No model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from data.disk import read_json, read_jsonl, write_json
from data.jobs import Run
from data.schema import Answer, Example
from eval import conditions, fairness, latency, memory, records, teaching, why
from eval.systems import System

FILE = "labels.json"
Answers = Mapping[str, Mapping[str, Answer]]


def scored(run: Run, answers: Answers, labels: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """The part of scores.json that is not about being right; parts that a run has no files for are empty."""
    return {
        "why": {name: why.counted(found) for name, found in labels.items()},
        "latency": latency.summary(read_jsonl(run.folder / latency.FILE)),
        "throughput": {name: _throughput(list(given.values())) for name, given in answers.items()},
        "memory": memory.load(run.folder),
        "fairness": fairness.lock(conditions.load(run)).saved(),
    }


def labelled(run: Run, examples: Sequence[Example], answers: Answers) -> dict[str, dict[str, str]]:
    """{system: {example id: why it is wrong}} of all wrong answers."""
    alone, taught = records.load_answers(run.folder, records.ALONE), teaching.load(run.folder)
    systems = [System(**values) for values in run.order["config"]["systems"]]
    return {
        system.name: why.labelled(
            system, examples, answers.get(system.name, {}), alone.get(system.name, {}),
            taught.get(system.tuned or "", {}),
        )
        for system in systems
    }  # fmt: skip


def save_labels(run: Run, labels: Mapping[str, Mapping[str, str]]) -> None:
    """Keep each question's label, so that a page can filter by it without reading the answers."""
    write_json(run.folder / FILE, {"labels": labels})


def load_labels(run: Run) -> dict[str, dict[str, str]]:
    """What ``save_labels`` wrote; {} for runs scored before labels were."""
    return read_json(run.folder / FILE)["labels"] if (run.folder / FILE).exists() else {}


def _throughput(answers: Sequence[Answer]) -> dict[str, Any] | None:
    """Answers and new tokens a second of the batched run, searching included; None where no time was taken."""
    asked = [answer for answer in answers if answer.available]
    seconds = sum(answer.seconds for answer in asked)
    if not seconds:
        return None
    tokens = sum(answer.new_tokens for answer in asked)
    return {"answers": round(len(asked) / seconds, 3), "tokens": round(tokens / seconds, 1), "n": len(asked)}
