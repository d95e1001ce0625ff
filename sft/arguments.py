"""What TRL's trainer is told of a fine-tune: its settings in the trainer's own words."""

from __future__ import annotations

import math
from pathlib import Path

from trl import SFTConfig

from data.errors import UserError
from sft import ranks
from sft.config import TrainConfig
from sft.devices import training_precision
from sft.model import LocalModel
from sft.speed import Speed

EVALUATIONS = 10
LOGGED_STEPS = 200
WARMUP_SHARE = 0.05


def arguments(
    model: LocalModel, config: TrainConfig, rows: int, validated: bool, folder: Path, check_first: bool, fast: Speed
) -> SFTConfig:
    """The arguments of a run over ``rows`` rows in each epoch. ``config`` has no None left; ``check_first``: begin
    with a check. Raises UserError for a batch that several processes cannot share out."""
    assert config.epochs is not None
    precision, _ = training_precision(model.device)
    steps = max(1, math.ceil(math.ceil(rows / (config.batch_size * config.accumulation)) * config.epochs))
    pause = math.ceil(steps / EVALUATIONS)
    return SFTConfig(
        output_dir=str(folder),
        num_train_epochs=config.epochs,
        learning_rate=config.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=math.ceil(WARMUP_SHARE * steps),
        per_device_train_batch_size=_share(config.batch_size),
        gradient_accumulation_steps=config.accumulation,
        per_device_eval_batch_size=2 * _share(config.batch_size),
        ddp_find_unused_parameters=False,
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
        eval_on_start=validated and check_first,
        save_strategy="steps",
        save_steps=pause,
        save_total_limit=None,  # Progress keeps the best and the newest
        disable_tqdm=True,
        report_to="none",
    )


def _share(rows: int) -> int:
    """The rows of a batch that one of several processes computes. Raises UserError when they cannot be shared out."""
    if rows % ranks.size():
        raise UserError(f"A batch of {rows} rows cannot be shared out to {ranks.size()} processes.",
                        f"Choose a batch size that {ranks.size()} divides.")  # fmt: skip
    return rows // ranks.size()
