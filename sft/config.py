"""What a fine-tune can be told; one field feeds the flag, the form and the saved order. Imports no heavy library."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from data.options import from_saved, option
from data.prompts import BUNDLED
from sft.choice import CRITERIA
from sft.split import SPLITS

METHODS = ("lora", "ia3", "qlora", "full")
LOSSES = ("answer", "all")
ADAPTERS = ("lora", "ia3", "qlora")  # methods that leave an adapter beside an untouched base
CONTEXTS = ("auto", "none", "gold", "mixed", "crowd")
ALL_LINEAR = "all-linear"
SMALL = 50_000_000
RATES = {  # (method, small base): learning rate
    ("lora", True): 8e-3, ("lora", False): 2e-4, ("qlora", True): 8e-3, ("qlora", False): 2e-4,
    ("ia3", True): 3e-2, ("ia3", False): 3e-3, ("full", True): 1e-3, ("full", False): 2e-5,
}  # fmt: skip
HIDDEN = 0.2  # of the words of label questions, where a small base learns nothing else
REPEATED = 2  # times that a small base learns rows with a label in a pass over rows of several kinds
REHEARSED = 4  # training rows for each reading exercise of a small base


@dataclass(frozen=True)
class TrainConfig:
    """The settings of one fine-tune. None means: chosen by ``filled``, which gives the reason."""

    model: str = option(BUNDLED, "base model: pocket (bundled), a folder, or a Hugging Face id")
    method: str = option(
        "lora", "train a small adapter (lora), one scale per column of each matrix (ia3), an adapter beside a base "
        "held in 4 bits (qlora; needs a GPU and bitsandbytes), or all weights (full)",
        choices=METHODS,
    )  # fmt: skip
    context: str = option(
        "auto", "what training prompts carry: nothing (none), the row's evidence (gold), each row both ways (mixed), "
        "or each row alone and each fact once among several passages, as retrieval shows them (crowd); auto is crowd "
        "when evidence is known",
        choices=CONTEXTS,
    )  # fmt: skip
    rehearsal: int | None = option(
        None, "reading exercises mixed into each epoch, so that reading is not unlearned (default: by model size and "
        "context)",
        low=0, high=10_000,
    )  # fmt: skip
    epochs: float | None = option(None, "passes over the training rows (default: by model size)", low=0.01, high=1000)
    learning_rate: float | None = option(
        None, "peak learning rate (default: by method and model size)", low=1e-8, high=0.5
    )
    rank: int = option(16, "LoRA rank: numbers per adapted row and column", low=1, high=512)
    alpha: int | None = option(None, "LoRA scale (default: twice the rank)", low=1, high=2048)
    dropout: float = option(0.0, "LoRA dropout", low=0.0, high=0.9)
    word_dropout: float | None = option(
        None, "share of the words of label questions that are hidden at random, anew at every step, so that rows are "
        "not learned by heart (default: by model size and kinds of rows)",
        low=0, high=0.9,
    )  # fmt: skip
    label_repeats: int | None = option(
        None, "times that each closed-book row with a label is learned in one pass (default: by model size and kinds "
        "of rows)",
        low=1, high=100,
    )  # fmt: skip
    rslora: bool = option(False, "LoRA scaled by the root of the rank (rsLoRA), which keeps high ranks stable")
    dora: bool = option(False, "LoRA with a learned magnitude for each column (DoRA): slower, often a little better")
    targets: str = option(
        ALL_LINEAR, "modules that an adapter changes: all-linear, or names found in the model, joined by commas"
    )
    batch_size: int = option(16, "rows computed at once", low=1, high=1024)
    accumulation: int = option(
        1, "batches added up for one optimizer step: the same as larger batches, with less memory", low=1, high=1024
    )
    max_length: int | None = option(
        None, "longest row in tokens; longer ones are left out and counted (default: the model's window)",
        low=16, high=131_072,
    )  # fmt: skip
    patience: int = option(
        5, "stop after this many of the ten or so evaluations without a better one (0: never); a metric of few "
        "questions jumps about",
        low=0, high=100,
    )  # fmt: skip
    criterion: str = option(
        "auto", "what chooses the checkpoint that is kept: the task metric (exact match or token F1 of answers to a "
        "sample of the validation rows) or the validation loss; auto is the metric when enough is asked",
        choices=CRITERIA,
    )  # fmt: skip
    stopping: str = option(
        "auto", "what patience looks at; auto is both: training goes on while either improves", choices=CRITERIA
    )
    asked: int = option(64, "validation rows that are asked at every checkpoint (0: none)", low=0, high=10_000)
    processes: int = option(1, "processes that train together, one for each GPU (torchrun)", low=1, high=64)
    loss: str = option(
        "answer", "which tokens are learned: the answers, of every turn (answer), or prompts as well (all)",
        choices=LOSSES,
    )  # fmt: skip
    split: str = option(
        "row", "how rows are set aside for validation where no file is given: reworded facts or any rows (row), a like "
        "share of every tag (tag), or whole documents (document)",
        choices=SPLITS,
    )  # fmt: skip
    seed: int = option(0, "seed of the split, the adapter's first weights and the order of rows", low=0, high=2**31 - 1)


EARLIER = {"word_dropout": 0.0, "label_repeats": 1}  # what was done before a setting could say so


def ordered(saved: dict[str, Any]) -> TrainConfig:
    """The config of a saved order. One that an earlier version wrote is carried out as that version would have done it,
    so that a resume goes on with the rows and steps of its checkpoints. Raises UserError as ``from_saved`` does."""
    return from_saved(EARLIER | saved, TrainConfig)


def filled(config: TrainConfig, parameters: int, window: int) -> tuple[TrainConfig, dict[str, str]]:
    """The config with every None decided for a base of that many parameters, and the reason for each decision."""
    small, reasons = parameters < SMALL, {}
    size = f"a base of {parameters / 1e6:.1f}M parameters"
    if config.learning_rate is None:
        config = replace(config, learning_rate=RATES[config.method, small])
        reasons["learning_rate"] = f"usual for {config.method} on {size}"
    if config.epochs is None:
        config = replace(config, epochs=10.0 if small else 3.0)
        reasons["epochs"] = f"{'a small base needs many passes' if small else 'a few passes suffice'}: {size}"
    if config.alpha is None:
        config = replace(config, alpha=2 * config.rank)
        reasons["alpha"] = "twice the rank"
    if config.max_length is None:
        config = replace(config, max_length=min(window, 4_096))
        reasons["max_length"] = f"the model's window is {window} tokens"
    return config, reasons


def rehearsing(config: TrainConfig, context: str, rows: int, parameters: int) -> tuple[TrainConfig, str]:
    """The config with the number of reading exercises decided, and the reason."""
    if config.rehearsal is not None:
        return config, "asked for"
    if parameters >= SMALL:
        return replace(config, rehearsal=0), f"a base of {parameters / 1e6:.0f}M parameters keeps what it can do"
    if context == "none":
        return replace(config, rehearsal=0), "no training prompt has passages: reading is not asked for"
    reason = f"a small base unlearns to read: one for every {REHEARSED} rows"
    return replace(config, rehearsal=math.ceil(rows / REHEARSED)), reason


def hiding(config: TrainConfig, labels: int, rows: int, parameters: int) -> tuple[TrainConfig, str]:
    """The config with the share of hidden words decided for ``rows`` of which so many have a label, and the reason.

    Beside rows of other kinds, label questions are learned too slowly with words hidden (docs/decisions/009).
    """
    asked, share = config.word_dropout is not None, config.word_dropout or 0.0
    if not labels:
        share, reason = 0.0, "no row asks for a label"
    elif config.loss == "all":
        share, reason = 0.0, "prompts are learned as well, so they stay whole"
    elif asked:
        reason = "asked for"
    elif parameters >= SMALL:
        reason = f"a base of {parameters / 1e6:.0f}M parameters learns from whole rows"
    elif labels < rows:
        reason = f"only {labels} of {rows} rows ask for a label"
    else:
        share, reason = HIDDEN, f"a small base would learn the {labels} rows with a label by heart"
    return replace(config, word_dropout=share), reason


def repeating(config: TrainConfig, context: str, labels: int, rows: int, parameters: int) -> tuple[TrainConfig, str]:
    """The config with the repeats of label rows decided for ``rows`` of which so many have a label, and the reason.

    Why beside closed-book rows only: docs/decisions/010.
    """
    if not labels:
        times, reason = 1, "no row asks for a label"
    elif config.label_repeats is not None:
        times, reason = config.label_repeats, "asked for"
    elif parameters >= SMALL:
        times, reason = 1, "only small bases were seen to learn labels late"
    elif labels == rows:
        times, reason = 1, "every row asks for a label"
    elif context != "none":
        times, reason = 1, "beside prompts with passages nothing was gained by more"
    else:
        times = REPEATED
        reason = f"a small base learns the {labels} rows with a label later than the {rows - labels} others"
    return replace(config, label_repeats=times), reason
