"""The values that an adapter made elsewhere may state: plain names and finite numbers, no pattern that is to be run."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from data.errors import UserError
from sft.config import ALL_LINEAR
from sft.sources import tensor_header

NAME = re.compile(r"[\w.-]{1,200}")
FORMATS = ("F64", "F32", "F16", "BF16")  # of weights that are numbers as they stand
BIASES = ("none", "all", "lora_only")
MOST = 100_000  # of a rank, a scale, a layer's number: far beyond any that is used


def number(value: Any) -> bool:
    """True for a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST


def _scale(value: Any) -> bool:
    return number(value) and 0 < value <= MOST


def _name(value: Any) -> bool:
    return isinstance(value, str) and bool(NAME.fullmatch(value))


def _names(value: Any) -> bool:
    return value == ALL_LINEAR or (isinstance(value, list) and all(map(_name, value)))


def _by_name(check: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, dict) and all(_name(key) and check(one) for key, one in value.items())


RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    **dict.fromkeys(("target_modules", "exclude_modules", "modules_to_save", "feedforward_modules"),
                    (_names, f"a list of plain names, or {ALL_LINEAR}")),
    **dict.fromkeys(("use_rslora", "use_dora", "fan_in_fan_out"), (lambda value: isinstance(value, bool), "a switch")),
    "r": (lambda value: _whole(value) and value > 0, "a whole number"),
    "lora_alpha": (_scale, "a number above 0"),
    "lora_dropout": (lambda value: number(value) and 0 <= value < 1, "a number from 0 to 1"),
    "bias": (lambda value: isinstance(value, str) and value in BIASES, f"one of {', '.join(BIASES)}"),
    "rank_pattern": (_by_name(lambda value: _whole(value) and value > 0), "a whole number for each plain name"),
    "alpha_pattern": (_by_name(_scale), "a number for each plain name"),
    "layers_to_transform": (lambda value: _whole(value) or (isinstance(value, list) and all(map(_whole, value))),
                            "a list of whole numbers"),
    "layers_pattern": (lambda value: _name(value) or (isinstance(value, list) and all(map(_name, value))),
                       "a list of plain names"),
    "base_model_name_or_path": (lambda value: isinstance(value, str), "a text"),
}  # fmt: skip


def check_values(config: dict[str, Any], folder: Path) -> None:
    """Raise UserError for the first value of an adapter's configuration that is not of its key's kind.

    Names are compared, never run: a pattern in their place could keep a machine busy for ever.
    """
    for key, value in config.items():
        fits, wanted = RULES.get(key, (None, ""))
        if fits and value is not None and not fits(value):
            raise UserError(f"{folder.name} states the {key} {str(value)[:60]!r}.", f"It must be {wanted}.")


def check_weights(path: Path) -> None:
    """Raise UserError unless every tensor of a safetensors file is whole, and of finite floating-point numbers."""
    import torch
    from safetensors import SafetensorError, safe_open

    fix = "Save the adapter again from a training that went well."
    for name, (_, kind) in tensor_header(path).items():
        if kind not in FORMATS:
            raise UserError(f"{path.name} holds numbers of the kind {kind} ({name}).", "Save it in float32 or 16 bits.")
    try:
        with safe_open(path, framework="pt") as tensors:
            for name in tensors.keys():  # noqa: SIM118 - not a dict
                if not bool(torch.isfinite(tensors.get_tensor(name)).all()):
                    raise UserError(f"{path.name} holds numbers that are not finite ({name}).", fix)
    except SafetensorError as error:
        raise UserError(f"{path.name} is not a whole safetensors file.", "Copy or download it again.") from error
