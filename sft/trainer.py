"""TRL's trainer, set up for short question-answer rows: loss on the answer only, little padding, whole checkpoints."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import datasets
from torch.utils.data import Sampler
from transformers import PrinterCallback, set_seed
from trl import SFTConfig, SFTTrainer

from sft.batches import epoch_order, in_epoch
from sft.config import TrainConfig
from sft.convolution import quicken
from sft.devices import training_precision
from sft.kinds import adapter_config
from sft.model import LocalModel
from sft.progress import Progress
from sft.rows import Prepared, Row
from sft.speed import Speed, speed

EVALUATIONS = 10
LOGGED_STEPS = 200
WARMUP_SHARE = 0.05


class _ByLength(Sampler[int]):
    """Rows of like length share a batch. transformers' own sampler draws from the global random state, which a resumed
    run does not have at the beginning of its epoch."""

    def __init__(self, lengths: list[int], rows: int, seed: int, rehearsed: int, epochs: int) -> None:
        self.lengths, self.rows, self.seed, self.epoch = lengths, rows, seed, 0
        self.rehearsed, self.each = rehearsed, rehearsed // epochs

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.lengths) - self.rehearsed + self.each

    def __iter__(self) -> Iterator[int]:
        chosen = in_epoch(len(self.lengths), self.rehearsed, self.each, self.epoch)
        order = epoch_order([self.lengths[index] for index in chosen], self.rows, self.seed, self.epoch)
        return iter([chosen[place] for place in order])


class _Trainer(SFTTrainer):
    rehearsed = 0

    def _get_train_sampler(self, train_dataset: Any = None) -> _ByLength:
        lengths, args = [len(ids) for ids in self.train_dataset["input_ids"]], self.args
        return _ByLength(lengths, args.train_batch_size, args.seed, self.rehearsed, math.ceil(args.num_train_epochs))


def build(
    model: LocalModel, config: TrainConfig, train: Prepared, validation: Prepared, folder: Path, progress: Progress,
    fresh: bool,
) -> Any:  # fmt: skip
    """A trainer ready to run. ``config`` has no None left; ``fresh`` is False when a checkpoint will be resumed."""
    datasets.disable_progress_bars()
    set_seed(config.seed)  # before the adapter's first weights are drawn
    assert config.epochs is not None
    in_each_epoch = len(train.rows) - train.rehearsed + train.rehearsed // math.ceil(config.epochs)
    trainer = _Trainer(
        model=model.network,
        args=_arguments(
            model, config, in_each_epoch, bool(validation.rows), folder, fresh, speed(model, config, train)
        ),
        train_dataset=_table(train.rows),
        eval_dataset=_table(validation.rows) if validation.rows else None,
        processing_class=model.tokenizer,
        peft_config=adapter_config(config),
        callbacks=[progress],
    )
    trainer.rehearsed = train.rehearsed
    if model.device.name == "cpu":
        quicken(trainer.model)
    trainer.remove_callback(PrinterCallback)
    return trainer


def _arguments(
    model: LocalModel, config: TrainConfig, rows: int, validated: bool, folder: Path, fresh: bool, fast: Speed
) -> SFTConfig:
    assert config.epochs is not None
    precision, _ = training_precision(model.device)
    steps = max(1, math.ceil(math.ceil(rows / config.batch_size) * config.epochs))
    pause = math.ceil(steps / EVALUATIONS)
    return SFTConfig(
        output_dir=str(folder),
        num_train_epochs=config.epochs,
        learning_rate=config.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=math.ceil(WARMUP_SHARE * steps),
        per_device_train_batch_size=config.batch_size,
        per_device_eval_batch_size=2 * config.batch_size,
        weight_decay=0.0,
        packing=False,  # across batches; within one see ``sft.speed.flattened``
        max_length=None,
        dataset_kwargs={"skip_prepare_dataset": True},
        **fast.arguments,
        bf16=precision == "bfloat16",
        fp16=precision == "float16",
        use_cpu=model.device.name == "cpu",
        dataloader_pin_memory=model.device.name == "cuda",
        seed=config.seed,
        data_seed=config.seed,
        logging_steps=max(1, steps // LOGGED_STEPS),
        logging_nan_inf_filter=False,
        eval_strategy="steps" if validated else "no",
        eval_steps=pause,
        eval_on_start=validated and fresh,
        save_strategy="steps",
        save_steps=pause,
        save_total_limit=2,  # the best and the newest
        metric_for_best_model="eval_loss" if validated else None,
        greater_is_better=False,
        disable_tqdm=True,
        report_to="none",
    )


def _table(rows: Sequence[Row]) -> datasets.Dataset:
    """Tokens and labels (-100 on the prompt), in TRL's columns."""
    return datasets.Dataset.from_dict(
        {
            "input_ids": [row.prompt + row.answer for row in rows],
            "labels": [[-100] * len(row.prompt) + row.answer for row in rows],
        }
    )
