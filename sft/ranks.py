"""Several processes that train one model together (``torchrun``): who this one is, and what all of them agree on.

Alone, every function here says so without touching torch.distributed.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from data.errors import UserError


def size() -> int:
    """How many processes train together."""
    return int(os.environ["WORLD_SIZE"]) if "TORCHELASTIC_RUN_ID" in os.environ else 1


def rank() -> int:
    """The number of this process, from 0. Only number 0 writes files and reports."""
    return int(os.environ["RANK"]) if size() > 1 else 0


def any_of(flag: bool, device: Any) -> bool:
    """True if any process says so. All must ask at the same point, or they wait for each other for ever."""
    if size() == 1:
        return flag
    import torch

    said = torch.tensor([int(flag)], device=device)
    torch.distributed.all_reduce(said, op=torch.distributed.ReduceOp.MAX)
    return bool(said.item())


def gathered(own: Any) -> list[Any]:
    """What every process has, in order of their numbers."""
    if size() == 1:
        return [own]
    import torch

    found: list[Any] = [None] * size()
    torch.distributed.all_gather_object(found, own)
    return found


def together() -> None:
    """Wait until every process has come here."""
    if size() > 1:
        import torch

        torch.distributed.barrier()


def take_device() -> None:
    """Give each process a GPU of its own, where there are any. Raises UserError when there are too few."""
    import torch

    if size() == 1 or not torch.cuda.is_available():
        return
    if size() > torch.cuda.device_count():
        raise UserError(f"{size()} processes need as many GPUs; this machine has {torch.cuda.device_count()}.",
                        "Train with fewer processes.")  # fmt: skip
    torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))


def replace_this_process(wanted: int, run_id: str) -> None:
    """Go on as ``torchrun`` with so many processes of ``python -m sft run ID``; they share the threads out."""
    share = max(1, int(os.environ.get("OMP_NUM_THREADS", "1")) // wanted)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", str(wanted),
               "-m", "sft", "run", run_id]  # fmt: skip
    os.execve(sys.executable, command, {**os.environ, "OMP_NUM_THREADS": str(share)})  # noqa: S606 - our own program
