"""What makes training fast or small on a device, as arguments of the trainer, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch

from sft.config import TrainConfig
from sft.devices import training_precision
from sft.footprint import available
from sft.memory import ROOM, Need, Shape, to_train, told
from sft.model import LocalModel
from sft.rows import Prepared


@dataclass(frozen=True)
class Speed:
    """Arguments for TRL's SFTConfig, and why each has its value; bytes that training with them needs, and may have."""

    needed: int
    available: int
    arguments: dict[str, Any] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)


def speed(model: LocalModel, config: TrainConfig, train: Prepared) -> Speed:
    """The arguments for this base on its device. ``config`` has no None left."""
    device = model.device.name
    flat, why_flat = flattened(model.network, device)
    saving, why_saving = checkpointed(model, config, train)
    arguments: dict[str, Any] = {"padding_free": flat, "gradient_checkpointing": saving}
    reasons = {"packing": why_flat, "gradient_checkpointing": why_saving}
    if device == "cuda":
        arguments["optim"] = "adamw_torch_fused"
        reasons["optimizer"] = "AdamW, fused: one GPU kernel for all weights"
    return Speed(needed(model, config, train, saving).total, available(device), arguments, reasons)


def flattened(network: Any, device: str) -> tuple[bool, str]:
    """Whether the rows of a batch are laid end to end without padding, and why.

    Safe only where nothing but attention looks at other tokens: attention is told where each row ends, a short
    convolution or a recurrence is not.
    """
    if device != "cuda":
        return False, "off: rows of like length share a batch, which leaves little padding"
    mixing = [m for m in network.modules() if isinstance(m, torch.nn.Conv1d)]
    if mixing or not getattr(network, "_supports_sdpa", False):
        return False, "off: this architecture mixes neighbouring tokens outside attention, so rows would see each other"
    return True, "on: the rows of a batch are laid end to end, and attention ends where a row ends"


def checkpointed(model: LocalModel, config: TrainConfig, train: Prepared) -> tuple[bool, str]:
    """Whether activations are computed twice to save memory, and why: only when the plain way would not fit."""
    need, free = needed(model, config, train, checkpointing=False), available(model.device.name)
    said = f"training takes about {told(need.total)}, and {told(free)} are there"
    return (True, f"on: {said}") if need.total > ROOM * free else (False, f"off: {said}")


def needed(model: LocalModel, config: TrainConfig, train: Prepared, checkpointing: bool) -> Need:
    """The memory that a batch of rows as long as the longest takes."""
    longest = max((len(row) for row in train.rows), default=1)
    dtype, _ = training_precision(model.device)
    numbers = trained(model.network, config)
    return to_train(shape_of(model.network), numbers, config.batch_size * longest, dtype, checkpointing)


def shape_of(network: Any) -> Shape:
    """What the arithmetic of ``sft.memory`` needs to know of a network in memory."""
    config = network.config.get_text_config()
    heads = getattr(config, "num_attention_heads", 1)
    width = getattr(config, "head_dim", None) or config.hidden_size // heads
    return Shape(
        parameters=sum(p.numel() for p in network.parameters()),
        layers=config.num_hidden_layers,
        hidden=config.hidden_size,
        inner=getattr(config, "intermediate_size", None) or 4 * config.hidden_size,
        cached=2 * width * (getattr(config, "num_key_value_heads", None) or heads),
        vocabulary=config.vocab_size,
    )


def trained(network: Any, config: TrainConfig) -> int:
    """How many numbers a method trains: all; a vector per module (IA3); or rank x (rows + columns) of each (LoRA)."""
    if config.method == "full":
        return sum(p.numel() for p in network.parameters())
    linear = [
        m for m in network.modules() if isinstance(m, torch.nn.Linear) and m is not network.get_output_embeddings()
    ]
    if config.method == "ia3":
        return sum(m.out_features for m in linear)
    return sum(config.rank * (m.in_features + m.out_features) for m in linear)
