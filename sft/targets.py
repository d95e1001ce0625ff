"""Which modules of a model an adapter can change, and which methods this machine can carry out. Loads no weights."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from data.errors import UserError
from sft.config import ADAPTERS, ALL_LINEAR, TrainConfig
from sft.sources import tensor_shapes, weight_files

MATRIX = 2  # dimensions of a linear layer's weight
APART = ("embed", "lm_head", "wte", "wpe")  # parts of names: tables of words and places, and the output layer
ROUTERS = ("gate", "router")  # whole names of what chooses the experts of a token
GPU_FILES = (Path("/proc/driver/nvidia/version"), Path("/usr/lib/wsl/lib/libcuda.so.1"))  # Linux's, and WSL2's


def linear_modules(folder: Path) -> tuple[str, ...]:
    """Names of the linear layers of a model folder, as its safetensors headers tell: "q_proj", "w1", ..."""
    shapes = (pair for file in weight_files(folder) for pair in tensor_shapes(file).items())
    return tuple(sorted({linear(tensor, shape) for tensor, shape in shapes} - {""}))


def linear(tensor: str, shape: tuple[int, ...]) -> str:
    """The name of the linear layer whose weight a tensor is; empty for what no adapter changes: other tensors, tables,
    the output layer, and what routes tokens to experts."""
    path, _, kind = tensor.rpartition(".")
    parts = path.split(".")
    apart = any(word in parts[-1] for word in APART) or any(part in parts for part in ROUTERS)
    return "" if kind != "weight" or len(shape) != MATRIX or apart else parts[-1]


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
    return lacking(find_spec("bitsandbytes") is not None, gpu()) if method == "qlora" else ""


def gpu(files: Sequence[Path] = GPU_FILES) -> bool:
    """Whether an NVIDIA GPU seems to be here: its driver's files, or its tool on the PATH. Training itself asks it."""
    return any(path.exists() for path in files) or shutil.which("nvidia-smi") is not None


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
