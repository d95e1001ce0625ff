"""What a running trainer tells its job: steps, curve, whole checkpoints; and what makes it end early."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from data.child import Reporter
from data.errors import Stopped, UserError
from sft.checkpoints import seal


class Progress(TrainerCallback):
    """Reports a trainer's progress, obeys a stop, ends on a bad loss and when validation no longer improves."""

    def __init__(self, reporter: Reporter, patience: int) -> None:
        self.reporter, self.patience = reporter, patience
        self.stopped = self.early = False
        self._loss: float | None = None
        self._clock, self._tokens = time.monotonic(), 0.0

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """One optimizer step is done. A requested stop saves a checkpoint first, so that nothing is lost."""
        text = f"step {state.global_step} of {state.max_steps}, epoch {state.epoch:.1f}"
        if self._loss is not None:
            text += f", loss {self._loss:.3f}"
        try:
            self.reporter.step(state.global_step, state.max_steps, text)
        except Stopped:
            self.stopped = True
            control.should_training_stop = control.should_save = True
            control.should_evaluate = False

    def on_prediction_step(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """One batch of an evaluation is done. Raises Stopped if so asked: the last whole checkpoint stands."""
        if self.reporter.should_stop() and not self.stopped:
            self.stopped = True
            raise Stopped()

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any], **_: Any) -> None:
        """Measurements arrived. Raises UserError when a loss is no number any more."""
        for key in ("loss", "eval_loss"):
            if key in logs and not math.isfinite(logs[key]):
                which = "training" if key == "loss" else "validation"
                what = f"The {which} loss became {logs[key]} at step {state.global_step}."
                raise UserError(what, "Use a lower learning rate.")
        if "loss" in logs:
            self._loss = logs["loss"]
            self.reporter.metric(
                step=state.global_step, loss=logs["loss"], learning_rate=logs["learning_rate"],
                tokens_per_second=self._speed(logs.get("num_tokens", 0.0)),
            )  # fmt: skip
        elif "eval_loss" in logs:
            self.reporter.metric(step=state.global_step, validation_loss=logs["eval_loss"])

    def _speed(self, tokens: float) -> float:
        now = time.monotonic()
        speed = (tokens - self._tokens) / max(now - self._clock, 1e-6)
        self._clock, self._tokens = now, tokens
        return round(speed, 1)

    def on_evaluate(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """A validation loss is known: stop when the best one lies ``patience`` evaluations back."""
        self._clock = time.monotonic()  # evaluation time is not training time
        if self.patience and since_best(validation_losses(state.log_history)) >= self.patience:
            self.early = control.should_training_stop = True

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """A checkpoint's files are all there."""
        seal(Path(args.output_dir) / f"checkpoint-{state.global_step}")


def validation_losses(history: Sequence[dict[str, Any]]) -> list[tuple[int, float]]:
    """(step, validation loss) of each evaluation of a trainer's log, in order."""
    return [(entry["step"], entry["eval_loss"]) for entry in history if "eval_loss" in entry]


def since_best(losses: Sequence[tuple[int, float]]) -> int:
    """How many evaluations came after the best one."""
    if not losses:
        return 0
    values = [loss for _, loss in losses]
    return len(values) - 1 - values.index(min(values))
