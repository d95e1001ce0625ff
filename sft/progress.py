"""What a running trainer tells its job: steps, curve, time left, whole checkpoints; and what makes it end early."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from data.child import Reporter
from data.errors import Stopped, UserError
from sft import ranks
from sft.checkpoints import seal, step_of
from sft.checks import Exam, Measured
from sft.choice import Criteria, best, points, since_best
from sft.footprint import available
from sft.pace import checks_left, seconds_left, size_left
from sft.shortage import in_use


class Progress(TrainerCallback):
    """Reports a trainer's progress, obeys a stop, keeps the best and the newest checkpoint, and ends early."""

    def __init__(self, reporter: Reporter, patience: int, criteria: Criteria, exam: Exam | None, device: str) -> None:
        self.reporter, self.patience, self.criteria, self.exam = reporter, patience, criteria, exam
        self.device = device
        self.stopped = self.early = False
        self._loss: float | None = None
        self.sizes_now: Callable[[], list[int]] = list  # of this epoch's steps; the trainer knows
        self._steps: list[tuple[float, float]] = []
        self._checks: list[float] = []
        self.tokens = 0  # read in training so far, without padding; the trainer counts
        self._logged = self._counted = 0
        self._begun = self._ended = 0.0
        self._checked = False

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """A resumed run knows from its earlier part how long its checks take."""
        self._checks = [row["check_seconds"] for row in state.log_history if "check_seconds" in row]
        self._ended = time.monotonic()

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """What passed since the last step was a check, or belongs to the step."""
        now = time.monotonic()
        pause, self._begun = now - self._ended, now
        if self._checked:
            self._checks.append(pause)
            self._checked = False
        elif self._steps:
            seconds, size = self._steps[-1]
            self._steps[-1] = (seconds + pause, size)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """One optimizer step is done. A requested stop saves a checkpoint first, so that nothing is lost."""
        self._ended = time.monotonic()
        epoch = self.sizes_now()
        self._steps.append((self._ended - self._begun, epoch[(state.global_step - 1) % len(epoch)]))
        text = f"step {state.global_step} of {state.max_steps}, epoch {state.epoch:.1f}"
        if self._loss is not None:
            text += f", loss {self._loss:.3f}"
        self.reporter.expect(self._left(state, args))
        try:
            self.reporter.step(state.global_step, state.max_steps, text)
            asked = False
        except Stopped:
            asked = True
        if ranks.any_of(asked, args.device):
            self.stopped = True
            control.should_training_stop = control.should_save = True
            control.should_evaluate = False

    def _left(self, state: Any, args: Any) -> float | None:
        steps, total = state.global_step, state.max_steps
        size = size_left(self.sizes_now(), steps, total)
        return seconds_left(self._steps, self._checks, size, checks_left(steps, total, args.save_steps))

    def on_prediction_step(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """One batch of an evaluation is done. Raises Stopped if so asked: the last whole checkpoint stands."""
        self._may_stop()

    def _may_stop(self) -> None:
        """Several processes would lose each other here, so they stop only after a step."""
        if self.reporter.should_stop() and not self.stopped and ranks.size() == 1:
            self.stopped = True
            raise Stopped()

    def checking(self, state: Any) -> None:
        """A check begins: the validation loss first."""
        self.reporter.write(text=f"step {state.global_step} of {state.max_steps}: measuring the validation loss")

    def asking(self, state: Any, done: int) -> None:
        """Questions of a check are being answered."""
        assert self.exam is not None
        self._may_stop()
        asked = len(self.exam.questions)
        where = f"step {state.global_step} of {state.max_steps}"
        self.reporter.write(text=f"{where}: answered {min(done, asked)} of {asked} validation prompts")

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any], **_: Any) -> None:
        """Measurements arrived. Raises UserError when the validation loss is no number any more."""
        if "eval_loss" in logs:
            refuse_bad_loss("validation", logs["eval_loss"], state.global_step)
            self.reporter.metric(step=state.global_step, validation_loss=logs["eval_loss"])
        elif "loss" in logs:
            self._loss = logs["loss"]
            new, self._logged = self._steps[self._logged :], len(self._steps)
            tokens, self._counted = (self.tokens - self._counted) * ranks.size(), self.tokens  # all have like shares
            seconds, size = (sum(values) for values in zip(*new, strict=True)) if new else (0.0, 0.0)
            self.reporter.metric(
                step=state.global_step, loss=logs["loss"], learning_rate=logs["learning_rate"],
                gradient_norm=_finite(logs.get("grad_norm")), step_seconds=round(seconds / max(1, len(new)), 4),
                tokens_per_second=round(tokens / max(seconds, 1e-6), 1),
                step_tokens=round(size / max(1, len(new))), memory_bytes=in_use(self.device),
                available_bytes=available(self.device),
            )  # fmt: skip

    def checked(self, args: Any, state: Any, control: Any, found: Measured | None, seconds: float) -> None:
        """An evaluation is complete: report it, and stop when the best one lies ``patience`` evaluations back."""
        self._checked = True
        values: dict[str, Any] = {"step": state.global_step, "check_seconds": round(seconds, 3)}
        if found and self.exam:
            values |= {"metric": self.exam.metric, **vars(found)}
        self.reporter.metric(**values)
        if self.has_stalled(state):
            self.early = control.should_training_stop = True

    def has_stalled(self, state: Any) -> bool:
        """True if the last ``patience`` evaluations brought nothing better (never before a first checkpoint)."""
        evaluated = points(state.log_history)
        return bool(self.patience) and since_best(evaluated, self.criteria.stop) >= self.patience

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """A checkpoint's files are all there: seal it, and of the older ones keep only the best."""
        self._checked = True
        ranks.together()
        if ranks.rank():
            return
        home = Path(args.output_dir)
        seal(home / f"checkpoint-{state.global_step}")
        kept = best_checkpoint(home, state.log_history, self.criteria.keep)
        for folder in home.glob("checkpoint-*"):
            if folder != kept and step_of(folder) != state.global_step:
                shutil.rmtree(folder)
        self.reporter.write(best_step=step_of(kept) if kept else None)


def best_checkpoint(home: Path, history: list[dict[str, Any]], by: str) -> Path | None:
    """The checkpoint that the criterion chooses among those on disk; None where none was evaluated."""
    there = {step_of(folder): folder for folder in home.glob("checkpoint-*")}
    if by == "last":
        return there[max(there)] if there else None
    top = best([point for point in points(history) if point.step in there], by)
    return there[top.step] if top else None


def refuse_bad_loss(which: str, loss: float, step: int) -> None:
    """Raises UserError when a loss is no number any more."""
    if not math.isfinite(loss):
        raise UserError(f"The {which} loss became {loss} at step {step}.", "Use a lower learning rate.")


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
