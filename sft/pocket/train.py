"""Trains pocket from nothing: lessons in order, Muon and AdamW, a budget in minutes, resumable checkpoints."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

import torch
from safetensors.torch import load_model, save_model
from transformers import AutoTokenizer, GenerationConfig, PreTrainedTokenizerFast

from sft.convolution import quicken
from sft.pocket import lessons, reading
from sft.pocket.batches import Batch, Lessons, pool
from sft.pocket.network import new_model
from sft.pocket.tokenizer import END, PAD, train_tokenizer

MUON_LR, ADAM_LR = 6e-3, 3e-3
WARM_UP = 40  # steps
DECAY_FROM = 0.3  # of the budget: constant before, then linear to a fiftieth
READY_ACCURACY, READY_LATEST = 0.85, 0.12  # look-up is learned, or this share of the budget is spent
CHECKPOINT_SECONDS = 600


@dataclass
class Progress:
    """Where a training run stands; seconds include making lessons and probes, over all resumed parts."""

    step: int = 0
    seconds: float = 0.0
    tokens: int = 0
    accuracy: float = 0.0
    loss: float = 10.0
    ready: bool = False


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
) -> tuple[float, float]:
    """One step; (loss, answer-token accuracy)."""
    loss, accuracy = loss_of(model, batch)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    for stepper, base in zip(steppers, (MUON_LR, ADAM_LR), strict=True):
        for group in stepper.param_groups:
            group["lr"] = base * factor
        stepper.step()
        stepper.zero_grad(set_to_none=True)
    return loss.item(), accuracy


def save(work: Path, model: torch.nn.Module, steppers: list[torch.optim.Optimizer], progress: Progress) -> None:
    """A checkpoint in a folder of its own, swapped in whole."""
    temporary, final = work / "checkpoint.new", work / "checkpoint"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    save_model(model, str(temporary / "weights.safetensors"))
    torch.save([stepper.state_dict() for stepper in steppers], temporary / "optimizers.pt")
    (temporary / "progress.json").write_text(json.dumps(asdict(progress)), encoding="utf-8")
    shutil.rmtree(final, ignore_errors=True)
    temporary.rename(final)


def forget(work: Path) -> None:
    """Remove an earlier run's checkpoint and tokenizer, and nothing else: the folder may be anyone's."""
    for name in ("checkpoint", "checkpoint.new", "tokenizer"):
        shutil.rmtree(work / name, ignore_errors=True)


def restore(work: Path, model: torch.nn.Module, steppers: list[torch.optim.Optimizer]) -> Progress:
    """The state of this work folder's own last checkpoint, or a fresh start when there is none."""
    folder = work / "checkpoint"
    if not folder.exists():
        return Progress()
    load_model(model, str(folder / "weights.safetensors"))
    for stepper, state in zip(steppers, torch.load(folder / "optimizers.pt", weights_only=True), strict=True):
        stepper.load_state_dict(state)
    return Progress(**json.loads((folder / "progress.json").read_text(encoding="utf-8")))


def export(model: torch.nn.Module, tokenizer: PreTrainedTokenizerFast, out: Path) -> None:
    """The model folder anyone can load: bfloat16 weights, tokenizer, chat template; each file swapped in whole."""
    temporary = out.with_name(out.name + ".new")
    shutil.rmtree(temporary, ignore_errors=True)
    copy = new_model()
    copy.load_state_dict(model.state_dict())
    copy = copy.to(torch.bfloat16)
    copy.config.dtype = torch.bfloat16
    copy.generation_config = GenerationConfig(eos_token_id=END, pad_token_id=PAD)
    copy.save_pretrained(temporary)
    tokenizer.save_pretrained(temporary)
    out.mkdir(parents=True, exist_ok=True)
    for file in temporary.iterdir():
        file.chmod(0o644)
        os.replace(file, out / file.name)
    temporary.rmdir()


def fit(
    minutes: float, source: Lessons, work: Path, out: Path, say: Callable[[str], None], probe: Callable[[Path], str]
) -> Progress:
    """Train until ``minutes`` of training are spent, going on from a checkpoint if ``work`` has one; then export."""
    torch.manual_seed(0)
    tokenizer = tokenizer_for(work, source)
    model = new_model()
    quicken(model)
    steppers = optimizers(model)
    progress = restore(work, model, steppers)
    budget, saved, told, mark = minutes * 60, progress.seconds, 0.0, time.monotonic()
    while progress.seconds < budget:
        r = Random(progress.step * 7919 + 1)
        for batch in pool(r, tokenizer, source, progress.seconds / budget, progress.ready):
            share = progress.seconds / budget
            loss, accuracy = learn(model, batch, steppers, rate(progress.step, share))
            progress.step += 1
            progress.tokens += batch.ids.numel()
            progress.loss += 0.03 * (loss - progress.loss)
            progress.accuracy += 0.05 * (accuracy - progress.accuracy)
            progress.ready |= progress.accuracy >= READY_ACCURACY or share >= READY_LATEST
            now = time.monotonic()
            progress.seconds, mark = progress.seconds + now - mark, now
        if progress.seconds - told > 20:
            told = progress.seconds
            say(
                f"{progress.seconds / 60:.1f} of {minutes:g} min, step {progress.step}, "
                f"{progress.tokens / progress.seconds:.0f} tokens/s, loss {progress.loss:.3f}, "
                f"answer-token accuracy {progress.accuracy:.3f}{'' if progress.ready else ' (look-up)'}"
            )
        if progress.seconds - saved > CHECKPOINT_SECONDS or progress.seconds >= budget:
            saved = progress.seconds
            save(work, model, steppers, progress)
            export(model, tokenizer, out)
            say(f"checkpoint at step {progress.step}; {probe(out)}")
    return progress
