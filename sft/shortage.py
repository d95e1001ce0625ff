"""Memory of a fine-tune: how much it takes, when it ran out, and the same batch in smaller parts."""

from __future__ import annotations

import gc
from dataclasses import replace

import psutil
import torch

from sft.config import TrainConfig


def in_use(device: str) -> int:
    """Bytes that this process takes now: on a GPU the most it took there, else its resident memory."""
    return torch.cuda.max_memory_allocated() if device == "cuda" else psutil.Process().memory_info().rss


def ran_out(error: BaseException) -> bool:
    """True if an error means that memory did not suffice (a GPU's allocator, torch's on the processor, or Python)."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and ("can't allocate memory" in str(error) or "out of memory" in str(error))


def free() -> None:
    """Give back what a failed attempt left behind."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def in_parts(config: TrainConfig) -> TrainConfig | None:
    """The same rows per optimizer step, computed in smaller parts: half the batch with twice the accumulation (an odd
    batch: its largest divisor). None if single rows are computed already."""
    smaller = next((n for n in range(config.batch_size // 2, 0, -1) if config.batch_size % n == 0), None)
    if smaller is None:
        return None
    times = config.batch_size // smaller
    return replace(config, batch_size=smaller, accumulation=config.accumulation * times)
