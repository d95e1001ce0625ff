"""TRL's trainer, set up for short question-answer rows: loss on the answer only, little padding, whole checkpoints."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Container, Sequence
from pathlib import Path
from typing import Any

import datasets
import torch
from safetensors import SafetensorError
from transformers import PrinterCallback, set_seed
from trl import SFTTrainer

from data.errors import UserError
from sft import ranks
from sft.arguments import arguments
from sft.checkpoints import Unwritable
from sft.config import TrainConfig
from sft.convolution import quicken
from sft.kinds import adapter_config
from sft.loss import batch_loss
from sft.model import LocalModel
from sft.progress import Progress, refuse_bad_loss
from sft.rows import Prepared, Row
from sft.sampler import Shuffled
from sft.shortage import ran_out
from sft.speed import speed
from sft.word_dropout import hidden, marked, stand_in


class _Trainer(SFTTrainer):
    """TRL's trainer with our order of rows, questions at every evaluation, and checkpoints that are whole or not there.

    ``together``: rows per optimizer step. Batches, accumulation and processes only cut such a group into parts, so all
    ways of computing it see the same rows at the same step.
    """

    rehearsed, together, word_dropout = 0, 1, 0.0
    model_in_memory: LocalModel
    progress: Progress

    def _get_train_sampler(self, train_dataset: Any = None) -> Shuffled:
        lengths, args = [len(ids) for ids in self.train_dataset["input_ids"]], self.args
        order = Shuffled(lengths, self.together, args.seed, self.rehearsed, math.ceil(args.num_train_epochs))
        self.progress.sizes_now = lambda: order.sizes
        return order

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """See ``sft.loss``; rows laid end to end (``sft.speed.flattened``) are left to TRL."""
        if model.training and self.word_dropout:
            drawn = f"{self.args.seed} {self.state.global_step}"
            inputs = hidden(inputs, self.word_dropout, drawn, stand_in(self.processing_class))
        if self.args.padding_free:
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        loss = batch_loss(model, inputs, num_items_in_batch)
        if num_items_in_batch is not None and self.args.average_tokens_across_devices:
            loss = loss * self.accelerator.num_processes  # its tokens are of all processes, which are averaged
        return (loss, {}) if return_outputs else loss

    def training_step(self, model: Any, inputs: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """One batch forward and back. A bad loss ends the run before the optimizer makes it a bad weight."""
        mask = inputs.get("attention_mask")  # none where rows are laid end to end, for then nothing is padding
        self.progress.tokens += inputs["input_ids"].numel() if mask is None else int(mask.sum())
        loss = super().training_step(model, inputs, *args, **kwargs)
        bad = not math.isfinite(float(loss))
        if ranks.any_of(bad, self.args.device):
            refuse_bad_loss("training", float(loss) if bad else math.nan, self.state.global_step + 1)
        return loss

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """Validation loss, then the questions. Random numbers go on as if there had been no evaluation, so that a run
        that was stopped in between draws the same ones."""
        begun, exam, progress = time.monotonic(), self.progress.exam, self.progress
        progress.checking(self.state)
        with torch.random.fork_rng():
            metrics = super().evaluate(*args, **kwargs)
            found = None
            if exam:
                network = self.accelerator.unwrap_model(self.model, keep_fp32_wrapper=True)
                rows = 2 * self.args.per_device_eval_batch_size  # no gradients: fewer bytes a row than in training
                found = exam.sit(self.model_in_memory, network, rows, lambda done: progress.asking(self.state, done))
                metrics |= {"eval_metric": found.mean, "eval_metric_low": found.low, "eval_metric_high": found.high}
                own = {key: value for key, value in metrics.items() if key.startswith("eval_metric")}
                self.state.log_history.append({"step": self.state.global_step, **own, "eval_metric_n": found.n})
        seconds = time.monotonic() - begun
        self.state.log_history.append({"step": self.state.global_step, "check_seconds": seconds})
        progress.checked(self.args, self.state, self.control, found, seconds)
        return metrics

    def keep_here(self) -> None:
        """A stop came during a check: save the step reached, without what the check had begun to say of it."""
        step, history = self.state.global_step, self.state.log_history
        if step:
            self.state.log_history = [row for row in history if row["step"] != step or "eval_loss" not in row]
            self._save_checkpoint(self.model, None)
            self.progress.on_save(self.args, self.state, self.control)

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        """Write a checkpoint whole or not at all. Raises Unwritable, and UserError for weights that are no numbers."""
        step = self.state.global_step
        folder = Path(self.args.output_dir) / f"checkpoint-{step}"
        if not all(bool(torch.isfinite(p).all()) for p in self.model.parameters() if p.requires_grad):
            raise UserError(f"The weights are no numbers any more after step {step}.", "Use a lower learning rate.")
        try:
            super()._save_checkpoint(model, trial)
        except (OSError, RuntimeError, SafetensorError) as error:
            if ran_out(error):
                raise
            shutil.rmtree(folder, ignore_errors=True)
            raise Unwritable(step, error) from error


def build(
    model: LocalModel, config: TrainConfig, train: Prepared, validation: Prepared, folder: Path, progress: Progress,
    check_first: bool,
) -> Any:  # fmt: skip
    """A trainer ready to run. ``config`` has no None left; ``check_first``: begin with a check, of the untuned base or
    of a checkpoint that lacks its own."""
    datasets.disable_progress_bars()
    set_seed(config.seed)  # before the adapter's first weights are drawn
    assert config.epochs is not None
    in_each_epoch = len(train.rows) - train.rehearsed + train.rehearsed // math.ceil(config.epochs)
    trainer = _Trainer(
        model=model.network,
        args=arguments(
            model, config, in_each_epoch, bool(validation.rows), folder, check_first, speed(model, config, train)
        ),
        train_dataset=_table(train.rows, model.tokenizer.all_special_ids if config.word_dropout else None),
        eval_dataset=_table(validation.rows) if validation.rows else None,
        processing_class=model.tokenizer,
        peft_config=adapter_config(config),
        callbacks=[progress],
    )
    trainer.rehearsed, trainer.together = train.rehearsed, config.batch_size * config.accumulation
    trainer.word_dropout = config.word_dropout or 0.0
    trainer.model_in_memory, trainer.progress = model, progress
    if model.device.name == "cpu":
        quicken(trainer.model)
    trainer.remove_callback(PrinterCallback)
    return trainer


def _table(rows: Sequence[Row], special: Container[int] | None = None) -> datasets.Dataset:
    """Tokens and labels (-100 where nothing is learned), in TRL's columns. ``special`` tokens: given where words of
    label rows are to be hidden, all but these."""
    return datasets.Dataset.from_dict(
        {
            "input_ids": [row.prompt + row.answer for row in rows],
            "labels": [
                row.labels if special is None or not row.label else marked(row.labels, row.prompt + row.answer, special)
                for row in rows
            ],
        }
    )
