"""Trains pocket from nothing: lessons in order, Muon and AdamW, a budget in minutes, resumable checkpoints."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random

import torch
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from sft.convolution import quicken
from sft.pocket import lessons, reading
from sft.pocket.batches import Batch, Lessons, pool
from sft.pocket.checkpoint import Progress, export, restore, save
from sft.pocket.network import new_model
from sft.pocket.ranks import agreed, average, count, fewest, orphaned, rank, start
from sft.pocket.report import quick
from sft.pocket.tokenizer import train_tokenizer

MUON_LR, ADAM_LR = 6e-3, 3e-3
WARM_UP = 40  # steps
DECAY_FROM = 0.3  # of the budget: constant before, then linear to a fiftieth
READY_ACCURACY, READY_LATEST = 0.85, 0.12  # look-up is learned, or this share of the budget is spent
CHECKPOINT_SECONDS, PROBE_SECONDS = 120, 1500


def read_lessons(path: Path | None) -> Lessons:
    """The real training paragraphs, cut to a length that fits, and their sentences."""
    if path is None:
        return Lessons([], [])
    rows, _ = reading.split(reading.read_paragraphs(path))
    rows = [row for row in rows if 15 <= len(row["context"].split()) <= 330]
    return Lessons(rows, [s for row in rows for s in row["sentences"] if 4 <= len(s.split()) <= 25])


def tokenizer_for(work: Path, source: Lessons) -> PreTrainedTokenizerFast:
    """The tokenizer of this work folder, learned on first use from real and invented text."""
    folder = work / "tokenizer"
    if not (folder / "tokenizer.json").exists():
        r = Random(0)
        made = [lessons.world(r, [], 0.0, 0.35) for _ in range(1000)]
        made += [lessons.frame_lesson(r, [], 0.0) for _ in range(1000)]
        invented = [user for lesson in made for user, _ in lesson]
        real = [row["context"] for row in source.paragraphs]
        asked = [q["question"] for row in source.paragraphs for q in row["questions"]]
        train_tokenizer([*invented, *real, *real, *asked]).save_pretrained(folder)
    return AutoTokenizer.from_pretrained(folder)


def optimizers(model: torch.nn.Module) -> list[torch.optim.Optimizer]:
    """Muon for the matrices inside the layers, AdamW for embeddings, norms and convolutions."""
    matrices = [p for name, p in model.named_parameters() if p.ndim == 2 and "embed" not in name]
    chosen = {id(p) for p in matrices}
    others = [p for p in model.parameters() if id(p) not in chosen]
    return [
        torch.optim.Muon(matrices, lr=MUON_LR, weight_decay=0.01, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, lr=ADAM_LR, betas=(0.9, 0.95), weight_decay=0.0),
    ]


def rate(step: int, share: float) -> float:
    """The factor on the learning rates: a short warm-up, constant, then linear decay."""
    decay = 1.0 if share < DECAY_FROM else max(0.02, (1 - share) / (1 - DECAY_FROM))
    return min(1.0, (step + 1) / WARM_UP) * decay


def loss_of(model: torch.nn.Module, batch: Batch) -> tuple[torch.Tensor, float]:
    """(weighted mean loss, share of answer tokens guessed right); logits only where there is loss."""
    with torch.autocast(batch.ids.device.type, torch.bfloat16):
        hidden = model.model(input_ids=batch.ids, use_cache=False).last_hidden_state[:, :-1].flatten(0, 1)
        weights, targets = batch.weights[:, 1:].flatten(), batch.ids[:, 1:].flatten()
        where = weights.nonzero().squeeze(1)
        spare = (0, -len(where) % 256)  # of no weight, for few shapes; see batches.padded
        weights = torch.nn.functional.pad(weights[where], spare)
        where = torch.nn.functional.pad(where, spare)
        targets = targets[where]
        logits = (hidden[where] @ model.lm_head.weight.T.to(hidden.dtype)).float()
    loss = (torch.nn.functional.cross_entropy(logits, targets, reduction="none") * weights).sum() / weights.sum()
    answers = weights == 1
    return loss, (logits.argmax(-1) == targets)[answers].float().mean().item()


def learn(
    model: torch.nn.Module, batch: Batch, steppers: list[torch.optim.Optimizer], factor: float
) -> tuple[float, float, float]:
    """One step; (loss, answer-token accuracy, tokens), each the mean over the processes."""
    device = model.lm_head.weight.device
    loss, accuracy = loss_of(model, Batch(batch.ids.to(device), batch.weights.to(device)))
    loss.backward()
    means = average(model, loss.item(), accuracy, float(batch.ids.numel()))
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    for stepper, base in zip(steppers, (MUON_LR, ADAM_LR), strict=True):
        for group in stepper.param_groups:
            group["lr"] = base * factor
        stepper.step()
        stepper.zero_grad(set_to_none=True)
    return means[0], means[1], means[2]


@dataclass(frozen=True)
class Order:
    """One training run: minutes, real text, folder to work in, folder for the model, processes."""

    minutes: float
    reading: Path | None
    work: Path
    out: Path
    ranks: int | None = None  # None: one on a GPU, else one a core


def fit(order: Order) -> None:
    """Train until ``order.minutes`` of training are spent, going on from a checkpoint if there is one; then export."""
    source = read_lessons(order.reading)
    tokenizer_for(order.work, source)  # once, before several processes look for it
    gpu = torch.cuda.is_available() and order.ranks in (None, 1)
    ranks = order.ranks or (1 if gpu else os.cpu_count() or 1)
    say(f"training on {'the GPU' if gpu else f'the CPU, {ranks} processes'}")
    start(ranks, _fit, order, source, "cuda" if gpu else "cpu")


def _fit(order: Order, source: Lessons, device: str) -> None:
    torch.manual_seed(0)
    tokenizer = tokenizer_for(order.work, source)
    model = new_model().to(device)
    if device == "cpu":
        quicken(model)
    steppers = optimizers(model)
    progress = restore(order.work, model, steppers)
    budget, saved, probed, told = order.minutes * 60, progress.seconds, progress.seconds, 0.0
    while progress.seconds < budget and not orphaned():
        through(pool_of(progress, tokenizer, source, budget), model, steppers, progress, budget)
        done = progress.seconds >= budget
        if rank() == 0 and progress.seconds - told > 20:
            told = progress.seconds
            say(_line(progress, order.minutes))
        if rank() == 0 and (progress.seconds - saved > CHECKPOINT_SECONDS or done):
            saved = progress.seconds
            save(order.work, model, steppers, progress)
        if rank() == 0 and (progress.seconds - probed > PROBE_SECONDS or done):
            probed, begun = progress.seconds, time.monotonic()
            export(model, tokenizer, order.out)
            say(f"step {progress.step}: {quick(order.out, order.reading)}")
            progress.seconds += time.monotonic() - begun
        progress.seconds = agreed(progress.seconds)


def pool_of(progress: Progress, tokenizer: PreTrainedTokenizerFast, source: Lessons, budget: float) -> list[Batch]:
    """The next batches of this process, as many as every other has."""
    begun = time.monotonic()
    r = Random(progress.step * 7919 + 1 + rank())
    batches = pool(r, tokenizer, source, progress.seconds / budget, progress.ready, count())
    progress.seconds += time.monotonic() - begun
    return batches[: fewest(len(batches))]


def through(
    batches: list[Batch],
    model: torch.nn.Module,
    steppers: list[torch.optim.Optimizer],
    progress: Progress,
    budget: float,
) -> None:
    """One step on each batch; all processes see the same progress afterwards."""
    share, mark = agreed(progress.seconds) / budget, time.monotonic()
    for batch in batches:
        loss, accuracy, tokens = learn(model, batch, steppers, rate(progress.step, share))
        progress.step += 1
        progress.tokens += round(tokens * count())
        progress.loss += 0.03 * (loss - progress.loss)
        progress.accuracy += 0.05 * (accuracy - progress.accuracy)
        progress.ready |= progress.accuracy >= READY_ACCURACY or share >= READY_LATEST
    progress.seconds += time.monotonic() - mark


def _line(progress: Progress, minutes: float) -> str:
    return (
        f"{progress.seconds / 60:.1f} of {minutes:g} min, step {progress.step}, "
        f"{progress.tokens / progress.seconds:.0f} tokens/s, loss {progress.loss:.3f}, "
        f"answer-token accuracy {progress.accuracy:.3f}{'' if progress.ready else ' (look-up)'}"
    )


def say(text: str) -> None:
    """A line at once, also into a file."""
    print(text, flush=True)
