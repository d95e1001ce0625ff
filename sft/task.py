"""What a fine-tune is decided to be before its first step: rows, base, settings, and the reason for each choice."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from data.child import Reporter
from data.disk import file_hash
from data.errors import UserError
from data.examples import Reading, locate, read_examples
from data.jobs import Run
from data.leakage import question_key
from data.options import from_saved
from data.prompts import fingerprint, instruction_for
from data.taught import taught_by
from data.workspace import Workspace
from sft.config import TrainConfig, filled, rehearsing
from sft.crowd import Crowd
from sft.devices import training_precision
from sft.model import LocalModel
from sft.rehearsal import exercises
from sft.rows import Prepared, context_for, prepare, split
from sft.sources import parameter_count


@dataclass(frozen=True)
class Task:
    """One fine-tune, settled. ``facts`` is what its manifest will hold about where it comes from."""

    run: Run
    config: TrainConfig
    model: LocalModel
    train: Prepared
    validation: Prepared
    facts: dict[str, Any]
    question_keys: tuple[str, ...]
    taught: dict[str, Any]


def settle(workspace: Workspace, run: Run, reporter: Reporter) -> Task:
    """Read the data, load the model and fill in every setting. Raises UserError for data or a model of no use."""
    config = from_saved(run.order["config"], TrainConfig)
    reporter.write(text="reading the rows")
    reading = _read(workspace, run, "train")
    given = _read(workspace, run, "validation") if run.order["inputs"].get("validation") else None
    reporter.write(text=f"loading {config.model}")
    # all weights in half precision would lose small updates; an adapter trains beside a base of any precision
    model = LocalModel.load(config.model, dtype="float32" if config.method == "full" else None)
    reporter.device(model.device.name, f"{model.device_reason}; {model.device.dtype}: {model.dtype_reason}")
    parameters = parameter_count(model.source.path)
    config, reasons = filled(config, parameters, model.window)
    context, reasons["context"] = context_for(config.context, reading.examples)
    instruction, reasons["instruction"] = instruction_for(model.id)
    if given:
        learned, held, said = list(reading.examples), list(given.examples), f"validation rows from {given.file}"
    else:
        learned, held, said = split(reading.examples, config.seed)
    crowd = Crowd([*learned, *held], config.seed) if context == "crowd" else None
    config, reasons["rehearsal"] = rehearsing(config, context, len(learned), parameters)
    assert config.rehearsal is not None and config.epochs is not None and config.max_length is not None  # noqa: PT018
    rehearsed = exercises(config.rehearsal * math.ceil(config.epochs), config.seed, instruction)
    train = prepare(learned, context, instruction, model.tokens, config.max_length, crowd, rehearsed)
    validation = prepare(held, context, instruction, model.tokens, config.max_length, crowd)
    if len(train.rows) == train.rehearsed:
        raise UserError(f"All {train.too_long} training rows are longer than {config.max_length} tokens.",
                        "Raise --max-length, choose a base with a larger window, or shorten the rows.")  # fmt: skip
    reasons["precision"] = ": ".join(training_precision(model.device))
    facts = _origin(run, model, reading, given) | {
        "prompt": fingerprint(), "instruction": instruction, "context": context, "reasons": reasons,
        "settings": asdict(config) | {"model": model.id}, "validation": said, "training_rows": train.counts(),
        "validation_rows": validation.counts(), "base_parameters": parameters,
    }  # fmt: skip
    keys = tuple(sorted({question_key(example.question) for example in reading.examples}))
    return Task(run, config, model, train, validation, facts, keys, taught_by(learned))


def _read(workspace: Workspace, run: Run, which: str) -> Reading:
    """The ordered rows; a file that changed since the order is refused, for the record would be false."""
    ordered = run.order["inputs"][which]
    path = locate(workspace, ordered["ref"], which)
    if file_hash(path) != ordered["sha256"]:
        raise UserError(f"{path.name} changed after this run was ordered.", "Start a new fine-tune with it.")
    return read_examples(path)


def _origin(run: Run, model: LocalModel, reading: Reading, given: Reading | None) -> dict[str, Any]:
    files = {"train": reading} | ({"validation": given} if given else {})
    return {
        "method": run.order["config"]["method"],
        "base": {"id": model.id, "hash": model.base_hash, "revision": model.source.revision},
        "run": run.id,
        "data": {
            name: {"file": one.file, "fingerprint": one.fingerprint, "examples": len(one.examples),
                   "refused": len(one.refused)}
            for name, one in files.items()
        },
        "template_note": model.tokens.note,
        "device": model.device.name,
        "dtype": model.device.dtype,
    }  # fmt: skip
