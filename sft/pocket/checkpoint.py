"""What a training run of pocket keeps on disk: checkpoints to go on from, and the finished model folder."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors.torch import load_model, save_model
from transformers import GenerationConfig, PreTrainedTokenizerFast

from sft.pocket.network import new_model
from sft.pocket.tokenizer import END, PAD


@dataclass
class Progress:
    """Where a training run stands; seconds include making lessons and probes, over all resumed parts."""

    step: int = 0
    seconds: float = 0.0
    tokens: int = 0
    accuracy: float = 0.0
    loss: float = 10.0
    ready: bool = False


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
