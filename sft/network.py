"""A network read from a model folder: safetensors only, and no code of the folder is run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import AutoModelForCausalLM

from data.denied import told
from data.errors import UserError
from sft.devices import Device
from sft.shortage import ran_out


def load_network(folder: Path, device: Device) -> Any:
    """The network of a model folder, ready to answer.

    Raises UserError when its weights are not those of its config.json. Memory that runs out, what the system refuses,
    and errors that no file of the model can cause are raised as they come.
    """
    try:
        network = AutoModelForCausalLM.from_pretrained(
            folder, dtype=getattr(torch, device.dtype), use_safetensors=True, trust_remote_code=False,
            local_files_only=True,
        )  # fmt: skip
    except (OSError, RuntimeError, ValueError, KeyError, SafetensorError) as error:
        if ran_out(error) or told(error):
            raise
        said = str(error).strip().partition("\n")[0][:200]
        why = "the sizes differ" if "mismatched" in said else said or type(error).__name__
        raise UserError(f"The weights of {folder.name} do not fit its config.json: {why}.",
                        "Copy or download the whole model again.") from error  # fmt: skip
    return network.to(device.name).eval()
