"""Where a model runs and in which number format, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass

from data.errors import UserError

SMALL = 200_000_000


@dataclass(frozen=True)
class Device:
    """``name``: cpu, cuda or mps. ``dtype``: float32, bfloat16 or float16."""

    name: str
    reason: str
    dtype: str
    dtype_reason: str


def choose_device(parameters: int, wanted: str | None = None, dtype: str | None = None) -> Device:
    """The device and dtype for a model of that many parameters; ``wanted`` and ``dtype`` overrule the choice.

    Raises UserError when the wanted device is not there.
    """
    import torch

    there = ["cpu"]
    if torch.backends.mps.is_available():
        there.insert(0, "mps")
    if torch.cuda.is_available():
        there.insert(0, "cuda")
    if wanted and wanted not in there:
        raise UserError(f"This machine has no device {wanted!r}.", f"It has: {', '.join(there)}.")
    name = wanted or there[0]
    reason = "asked for" if wanted else "the only device" if len(there) == 1 else "the fastest device found"
    dtype, dtype_reason = (dtype, "asked for") if dtype else _dtype(name, parameters)
    return Device(name, reason, dtype, dtype_reason)


def _dtype(name: str, parameters: int) -> tuple[str, str]:
    import torch

    if parameters < SMALL:
        return "float32", f"{parameters / 1e6:.1f}M parameters fit in full precision, where answers are reproducible"
    if name == "cuda":
        fast = torch.cuda.is_bf16_supported(including_emulation=False)
        return ("bfloat16", "half the memory, full range") if fast else ("float16", "this GPU has no bfloat16")
    if name == "mps":
        return "bfloat16", "half the memory, full range"
    if _fast_bfloat16():
        return "bfloat16", "this processor computes it fast, and it halves the memory"
    return "float32", "this processor has no fast bfloat16"


def _fast_bfloat16() -> bool:
    """True if this machine's processor multiplies bfloat16 in hardware."""
    import torch

    capabilities = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def training_precision(device: Device) -> tuple[str, str]:
    """The format matrix products are trained in ("float32", "bfloat16", "float16"), and why. Weights that are trained
    stay in float32."""
    import torch

    if device.dtype != "float32":
        return device.dtype, f"as the base: {device.dtype_reason}"
    if device.name == "cpu" and _fast_bfloat16():
        return "bfloat16", "this processor trains 1.6 to 2 times as fast with it, and the loss is the same"
    if device.name == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False):
        return "bfloat16", "this GPU trains faster with it"
    return "float32", "no faster format here"


def formats(device: Device, whole: bool) -> dict[str, str]:
    """The number formats of a fine-tune, each with its reason: "precision" is what it trains in, "answers" what its
    checkpoints answer in. ``whole``: all weights are trained, so they were loaded in full precision."""
    why = "all weights are trained, and half precision would lose small updates" if whole else device.dtype_reason
    return {"precision": ": ".join(training_precision(device)), "answers": f"{device.dtype}: {why}"}


def restart_peak() -> None:
    """Begin to watch for the most GPU memory in use (see ``peak_memory``)."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()


def peak_memory() -> int | None:
    """Most bytes that tensors took on the GPU since ``restart_peak``; None without CUDA."""
    import torch

    return int(torch.cuda.max_memory_allocated()) if torch.cuda.is_available() else None
