"""What a fine-tune is decided to be before its first step: rows, base, settings, and the reason for each choice."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from data.child import Reporter
from data.examples import Reading
from data.jobs import Run
from data.prompts import fingerprint
from data.sameness import asked_key
from data.taught import taught_by
from data.workspace import Workspace
from sft.checks import Exam, Measure, exam
from sft.choice import Criteria, criteria_for
from sft.config import TrainConfig
from sft.devices import formats, training_precision
from sft.inputs import dataset_of, read
from sft.kinds import base_network
from sft.model import LocalModel
from sft.plan import plan
from sft.rows import Prepared
from sft.sources import parameter_count
from sft.speed import speed
from sft.targets import check_targets


@dataclass(frozen=True)
class Task:
    """One fine-tune, settled. ``facts`` is what its manifest will hold about where it comes from."""

    run: Run
    config: TrainConfig
    model: LocalModel
    train: Prepared
    validation: Prepared
    exam: Exam | None
    criteria: Criteria
    facts: dict[str, Any]
    question_keys: tuple[str, ...]
    taught: dict[str, Any]


def settle(
    workspace: Workspace, run: Run, reporter: Reporter, config: TrainConfig, measure: Measure | None = None
) -> Task:
    """Read the data, load the model and fill in every setting. Raises UserError for data or a model of no use.

    ``config`` is what was ordered, or the same in smaller batches; ``measure`` scores the answers at checkpoints.
    """
    reporter.write(text="reading the rows")
    ordered = run.order["inputs"]
    reading = read(workspace, ordered["train"], "train")
    given = read(workspace, ordered["validation"], "validation") if ordered.get("validation") else None
    reporter.write(text=f"loading {config.model}")
    # all weights in half precision would lose small updates; an adapter trains beside a base of any precision
    model = LocalModel.load(config.model, dtype="float32" if config.method == "full" else None)
    check_targets(config.targets, model.source.path)
    if config.method == "qlora":
        model.network = base_network(model, config)
    computed = formats(model.device, config.method == "full")
    said = f"trains in {computed['precision']}; checkpoints answer in {computed['answers']}"
    reporter.device(model.device.name, f"{model.device_reason}; {said}")
    parameters = parameter_count(model.source.path)
    planned = plan(config, reading, given, model.id, parameters, model.window)
    config, context, instruction, held = planned.config, planned.context, planned.instruction, planned.held
    reasons = planned.reasons | computed
    reporter.write(text="turning the rows into tokens")
    train, validation = planned.rows(model.tokens, workspace.cache)
    fast = speed(model, config, train)
    reasons |= fast.reasons
    reporter.write(needed_bytes=fast.needed, available_bytes=fast.available)
    asked = exam(held, validation.rows, model.tokens, config.asked, config.seed, measure)
    criteria = criteria_for(
        config.criterion, config.stopping, bool(validation.rows), len(asked.questions) if asked else 0
    )
    reasons["criterion"] = f"{criteria.keep}: {criteria.reason}"
    told = {"metric": asked.metric, "metric_reason": asked.reason, "asked": asked.said} if asked else {}
    facts = _origin(run, model, reading, given) | {
        "prompt": fingerprint(), "instruction": instruction, "context": context, "reasons": reasons,
        "settings": asdict(config) | {"model": model.id}, "validation": planned.said, "training_rows": train.counts(),
        "validation_rows": validation.counts(), "base_parameters": parameters,
        "criterion": vars(criteria) | told, "doubts": planned.doubts(reading.examples),
        "leakage": run.order["inputs"].get("leakage"),
    }  # fmt: skip
    keys = tuple(sorted({asked_key(example) for example in reading.examples}))
    taught = taught_by(planned.learned)
    return Task(run, config, model, train, validation, asked, criteria, facts, keys, taught)


def _origin(run: Run, model: LocalModel, reading: Reading, given: Reading | None) -> dict[str, Any]:
    files = {"train": reading} | ({"validation": given} if given else {})
    return {
        "method": run.order["config"]["method"],
        "base": {"id": model.id, "hash": model.base_hash, "revision": model.source.revision},
        "run": run.id,
        "data": {
            name: {"file": one.file, "fingerprint": one.fingerprint, "examples": len(one.examples),
                   "refused": len(one.refused), **dataset_of(run.order["inputs"][name])}
            for name, one in files.items()
        },
        "template_note": model.tokens.note,
        "device": model.device.name,
        "dtype": training_precision(model.device)[0],
    }  # fmt: skip
