"""How much memory this process takes and may take: measured, not reckoned (see ``sft.memory`` for the arithmetic)."""

from __future__ import annotations

import threading
from pathlib import Path
from types import TracebackType

import psutil

GROUP = Path("/sys/fs/cgroup")  # a container's own limit, where there is one
PAUSE = 0.005  # seconds between two looks at the memory of a CPU process


def available(device: str) -> int:
    """Bytes this process could use in all, with what it has already: of the GPU, else of the machine or container."""
    if device == "cuda":
        import torch

        return torch.cuda.mem_get_info()[0] + torch.cuda.memory_reserved()
    return free() + psutil.Process().memory_info().rss


def free() -> int:
    """Bytes of main memory that a new process could have: of the machine, or of the container where that has less."""
    left = psutil.virtual_memory().available
    try:
        limit = int((GROUP / "memory.max").read_text())
        left = min(left, limit - int((GROUP / "memory.current").read_text()))
    except (OSError, ValueError):
        pass  # no container, or none with a limit
    return max(0, left)


class Peak:
    """``with Peak("cpu") as peak: ...`` then ``peak.start`` and ``peak.most``: bytes before and at the worst moment.

    On a GPU PyTorch counts; elsewhere a thread looks at the process's resident memory every few milliseconds.
    """

    def __init__(self, device: str) -> None:
        self.device, self.start, self.most = device, 0, 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Peak:
        self.start = self.most = self._now()
        if self.device == "cuda":
            import torch

            torch.cuda.reset_peak_memory_stats()
        else:
            self._thread.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.device == "cuda":
            import torch

            self.most = torch.cuda.max_memory_reserved()
            return
        self._ended.set()
        self._thread.join()

    def _now(self) -> int:
        if self.device == "cuda":
            import torch

            return torch.cuda.memory_reserved()
        return psutil.Process().memory_info().rss

    def _look(self) -> None:
        while True:
            self.most = max(self.most, self._now())
            if self._ended.wait(PAUSE):
                return
