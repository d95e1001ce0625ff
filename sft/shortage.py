"""Memory of a fine-tune: how much it takes, when it ran out, and the same batch in smaller parts."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import psutil
import torch

from data.errors import UserError
from sft.config import TrainConfig


def in_use(device: str) -> int:
    """Bytes that this process takes now: on a GPU the most it took there, else its resident memory."""
    return torch.cuda.max_memory_allocated() if device == "cuda" else psutil.Process().memory_info().rss


def ran_out(error: BaseException) -> bool:
    """True if an error means that memory did not suffice (a GPU's allocator, torch's on the processor, or Python)."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and ("can't allocate memory" in str(error) or "out of memory" in str(error))


def log(error: BaseException) -> None:
    """Leave what the allocator said in the run's log."""
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    print(f"Out of memory: {text}", flush=True)


def too_large(config: TrainConfig) -> UserError:
    """What a user is told when memory does not suffice for these settings."""
    return UserError(f"Memory does not suffice for {config.batch_size} rows at once.",
                     "Use a smaller batch size, shorter rows, method lora, or a smaller base.")  # fmt: skip


@contextmanager
def in_words(config: TrainConfig) -> Iterator[None]:
    """Raises UserError where memory runs out; the log holds what the allocator said."""
    try:
        yield
    except Exception as error:
        if not ran_out(error):
            raise
        log(error)
        raise too_large(config) from error


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
