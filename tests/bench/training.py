"""Fine-tuning speed against TRL's SFTTrainer as it comes, on the same rows, with the same LoRA of rank 16.

Useful tokens are those of the rows themselves; padding is computed, but teaches nothing.
"""

from __future__ import annotations

import functools
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig
from torch.utils.data import Sampler
from transformers import PrinterCallback, TrainerCallback
from trl import SFTConfig, SFTTrainer

from data.child import Reporter
from data.examples import read_examples
from data.jobs import order
from data.prompts import INSTRUCTION
from data.workspace import open_workspace
from sft.batches import step_sizes
from sft.choice import criteria_for
from sft.config import TrainConfig, filled
from sft.loss import IGNORED
from sft.model import LocalModel
from sft.progress import Progress
from sft.rows import Prepared, prepare
from sft.trainer import _table, build
from tests.bench.rows import Row

TRAIN = Path(__file__).resolve().parents[2] / "data" / "demo" / "train.jsonl"
ROWS, ROUNDS, HELD = 96, 3, 32
TOLERANCE = 0.05  # of the reference's validation loss


def measure() -> Iterator[Row]:
    config = filled(TrainConfig(rank=16, epochs=1.0, rehearsal=0, context="none"), 1, 2048)[0]
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        rows, held = _rows()
        useful = sum(map(len, rows.rows))
        ours, theirs = _ours(home, config, rows), _defaults(home, config, rows)  # warm both up
        pairs = [(_ours(home, config, rows), _defaults(home, config, rows)) for _ in range(ROUNDS)]
        ratio = sorted(slow[0] / fast[0] for fast, slow in pairs)[ROUNDS // 2]
        yield Row(
            f"useful tokens/s against TRL's defaults, {len(rows.rows)} rows of {useful / len(rows.rows):.0f} tokens",
            f"{ratio:.2f}x", "≥ 1.6x (aim 2.0x)", ratio >= 1.6,
        )  # fmt: skip
        yield Row("useful tokens/s", f"{useful / min(fast[0] for fast, _ in pairs):.0f}", "printed")
        padding = 1 - useful / ours[1]
        yield Row("padding share of computed tokens", f"{100 * padding:.1f} %", "≤ 10 % (aim 5 %)", padding <= 0.1)
        yield Row("padding share of TRL's defaults", f"{100 * (1 - useful / theirs[1]):.1f} %", "printed")
        ours_loss, padded, shuffled, steps = _losses(home, config, rows, held)
        yield Row(
            f"validation loss after {steps} steps, {ours_loss:.3f}, against the same steps, each one padded batch "
            f"with every logit, {padded:.3f} (n = {len(held.rows)})",
            f"{100 * abs(ours_loss - padded) / padded:.1f} %", f"≤ {100 * TOLERANCE:.0f} %",
            abs(ours_loss - padded) <= TOLERANCE * padded,
        )  # fmt: skip
        yield Row(
            f"validation loss after {steps} steps against TRL's loss and shuffle {shuffled:.3f} (decision 007)",
            f"{100 * (ours_loss - shuffled) / shuffled:+.1f} %", "printed",
        )  # fmt: skip


def _rows() -> tuple[Prepared, Prepared]:
    """Short question-answer rows of the demo, closed-book."""
    tokens = LocalModel.load("pocket").tokens
    examples = read_examples(TRAIN).examples[: ROWS + HELD]
    made = [prepare(part, "none", INSTRUCTION, tokens, 2048) for part in (examples[:ROWS], examples[ROWS:])]
    return made[0], made[1]


class _Clock(TrainerCallback):
    """The seconds of training, without building the trainer."""

    def __init__(self) -> None:
        self.begun = self.seconds = 0.0

    def on_train_begin(self, *_: Any, **__: Any) -> None:
        self.begun = time.perf_counter()

    def on_train_end(self, *_: Any, **__: Any) -> None:
        self.seconds = time.perf_counter() - self.begun


def _timed(trainer: Any, in_parts: bool) -> tuple[float, int]:
    """Seconds of training, and the tokens computed, padding included."""
    clock, computed = _Clock(), [0]
    collate = trainer.data_collator

    def counting(examples: Any) -> Any:
        batch = collate(examples)
        lengths = batch["attention_mask"].sum(dim=1).tolist()
        computed[0] += sum(step_sizes(lengths, len(lengths))) if in_parts else batch["input_ids"].numel()
        return batch

    trainer.data_collator = counting
    trainer.add_callback(clock)
    trainer.train()
    return clock.seconds, computed[0]


def _built(home: Path, config: TrainConfig, rows: Prepared, held: Prepared, name: str) -> Any:
    workspace = open_workspace(home / "workspace")
    progress = Progress(Reporter(order(workspace, "train", name, {}, {})), 0, criteria_for("loss", "loss", True, 0),
                        None, "cpu")  # fmt: skip
    trainer = build(LocalModel.load("pocket"), config, rows, held, home / name, progress, check_first=False)
    trainer.args.save_strategy = trainer.args.eval_strategy = "no"
    return trainer


def _ours(home: Path, config: TrainConfig, rows: Prepared) -> tuple[float, int]:
    return _timed(_built(home, config, rows, Prepared((), 0), "ours"), in_parts=True)


def _defaults(home: Path, config: TrainConfig, rows: Prepared) -> tuple[float, int]:
    """TRL as it comes: only what it must be told, and no checkpoints."""
    model = LocalModel.load("pocket")
    lora = LoraConfig(r=config.rank, lora_alpha=config.alpha, target_modules="all-linear", task_type="CAUSAL_LM")
    arguments = SFTConfig(
        output_dir=str(home / "theirs"), num_train_epochs=1, learning_rate=config.learning_rate, report_to="none",
        save_strategy="no", disable_tqdm=True, dataset_kwargs={"skip_prepare_dataset": True},
        use_cpu=model.device.name == "cpu",
    )  # fmt: skip
    trainer = SFTTrainer(model=model.network, args=arguments, train_dataset=_table(rows.rows),
                         processing_class=model.tokenizer, peft_config=lora)  # fmt: skip
    trainer.remove_callback(PrinterCallback)
    return _timed(trainer, in_parts=False)


def _losses(home: Path, config: TrainConfig, rows: Prepared, held: Prepared) -> tuple[float, float, float, int]:
    """Validation loss after as many steps: ours; in one plain pass a step; TRL's own, plainly shuffled."""
    found, steps = [], 0
    for name in ("parts", "padded", "shuffled"):
        trainer = _built(home, config, rows, held, name)
        if name == "padded":
            trainer.compute_loss = _plainly
        if name == "shuffled":
            trainer._get_train_sampler = lambda *_: _Shuffled(len(rows.rows), config.seed)
            trainer.progress.sizes_now = lambda: [1]
            trainer.compute_loss = functools.partial(SFTTrainer.compute_loss, trainer)
        trainer.train()
        steps = trainer.state.global_step
        found.append(float(trainer.evaluate()["eval_loss"]))
    return found[0], found[1], found[2], steps


def _plainly(model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None) -> Any:
    """What the product's loss must equal, from every logit of the whole padded batch."""
    wanted = inputs["labels"][:, 1:]
    logits = model(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"], use_cache=False).logits
    summed = torch.nn.functional.cross_entropy(logits[:, :-1].transpose(1, 2).float(), wanted, reduction="sum")
    loss = summed / ((wanted != IGNORED).sum() if num_items_in_batch is None else num_items_in_batch)
    return (loss, {}) if return_outputs else loss


class _Shuffled(Sampler[int]):
    """Every row once, in random order."""

    def __init__(self, count: int, seed: int) -> None:
        self.count, self.seed = count, seed

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[int]:
        return iter(torch.randperm(self.count, generator=torch.Generator().manual_seed(self.seed)).tolist())
