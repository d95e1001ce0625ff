"""The kinds of fine-tuning as PEFT knows them: which adapter a config describes, if any."""

from __future__ import annotations

from typing import Any

from peft import IA3Config, LoraConfig, PeftConfig

from data.errors import UserError
from sft.config import ADAPTERS, TrainConfig
from sft.model import LocalModel
from sft.network import load_network
from sft.targets import named


def adapter_config(config: TrainConfig) -> PeftConfig | None:
    """What PEFT adds to the base for this config; None when all weights are trained.

    LoRA (Hu et al. 2021), with rsLoRA (Kalajdzievski 2023) and DoRA (Liu et al. 2024) as its switches; qlora is LoRA
    beside a base in 4 bits. IA3 (Liu et al. 2022) scales the outputs of every chosen module.
    """
    if config.method not in ADAPTERS:
        return None
    targets = named(config.targets)
    if config.method == "ia3":
        return IA3Config(target_modules=targets, feedforward_modules=[], task_type="CAUSAL_LM")
    return LoraConfig(
        r=config.rank, lora_alpha=config.alpha, lora_dropout=config.dropout, target_modules=targets,
        use_rslora=config.rslora, use_dora=config.dora, task_type="CAUSAL_LM",
    )  # fmt: skip


def base_network(model: LocalModel, config: TrainConfig) -> Any:
    """The base's own weights, read anew as this method trains beside them."""
    if config.method == "qlora":
        return quantized(model.source.path, model.device.name)
    return load_network(model.source.path, model.device)


def quantized(folder: Any, device: str) -> Any:
    """The network of a model folder in 4 bits (NF4, doubly quantised; Dettmers et al. 2023), for training beside it.

    Raises UserError without a CUDA device.
    """
    import torch
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    if device != "cuda":
        raise UserError("QLoRA needs an NVIDIA GPU, and this machine has none that PyTorch can use.", "Choose lora.")
    four_bits = BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )  # fmt: skip
    return AutoModelForCausalLM.from_pretrained(
        folder, quantization_config=four_bits, device_map={"": 0}, use_safetensors=True, trust_remote_code=False,
        local_files_only=True,
    )  # fmt: skip
