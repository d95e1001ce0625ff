"""Which modules of a model an adapter can change, and which methods this machine can carry out. Loads no weights."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from data.errors import UserError
from sft.config import ADAPTERS, ALL_LINEAR, TrainConfig
from sft.sources import tensor_shapes, weight_files

MATRIX = 2  # dimensions of a linear layer's weight
NEVER = ("embed_tokens", "lm_head", "wte", "wpe", "embed_in", "embed_out")  # tables of words and the output layer
NVIDIA = Path("/proc/driver/nvidia/version")


def linear_modules(folder: Path) -> tuple[str, ...]:
    """Names of the linear layers of a model folder, as its safetensors headers tell: "q_proj", "w1", ..."""
    found = set()
    for file in weight_files(folder):
        for tensor, shape in tensor_shapes(file).items():
            path, _, kind = tensor.rpartition(".")
            name = path.rpartition(".")[2]
            if kind == "weight" and len(shape) == MATRIX and name not in NEVER:
                found.add(name)
    return tuple(sorted(found))


def named(targets: str) -> str | list[str]:
    """The ``targets`` setting as PEFT takes it: "all-linear", or a list of names."""
    names = [name.strip() for name in targets.split(",") if name.strip()]
    return ALL_LINEAR if names in ([], [ALL_LINEAR]) else names


def check_targets(targets: str, folder: Path) -> None:
    """Raise UserError if a named module is none of this model's linear layers."""
    names, known = named(targets), linear_modules(folder)
    missing = [name for name in names if name not in known] if isinstance(names, list) else []
    if missing:
        raise UserError(
            f"The model {folder.name} has no module {missing[0]!r} to adapt.",
            f"Choose {ALL_LINEAR}, or among: {', '.join(known)}.",
        )


def unavailable(method: str) -> str:
    """Why this machine cannot carry out a method, as one sentence; empty when it can. Loads no heavy library."""
    return lacking(find_spec("bitsandbytes") is not None, NVIDIA.exists()) if method == "qlora" else ""


def lacking(package: bool, gpu: bool) -> str:
    """What QLoRA lacks where the ``package`` bitsandbytes or a ``gpu`` is not there; empty when both are."""
    missing = [] if package else ["the package bitsandbytes"]
    missing += [] if gpu else ["an NVIDIA GPU"]
    return f"QLoRA is not possible here: {' and '.join(missing)} {'are' if missing[1:] else 'is'} missing." * bool(
        missing
    )


def check_method(config: TrainConfig) -> None:
    """Raise UserError for a method this machine cannot carry out, and for switches that the method does not know."""
    if why := unavailable(config.method):
        raise UserError(why, "Choose lora: it trains the same adapter beside a base in its own precision.")
    switches = [name for name in ("rslora", "dora") if getattr(config, name)]
    if switches and config.method not in ("lora", "qlora"):
        raise UserError(f"{switches[0]} is a switch of LoRA, and the method is {config.method}.", "Turn it off.")
    if config.method not in ADAPTERS and named(config.targets) != ALL_LINEAR:
        raise UserError("Full fine-tuning changes every module.", f"Leave targets at {ALL_LINEAR}, or choose lora.")
