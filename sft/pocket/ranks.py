"""Several processes that train one model: each makes its own lessons, all take the same steps (data parallel).

On two CPU cores two processes of one thread each are faster than one process of two threads: the matrices of so small a
model leave a second thread idle for half of the time.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import Any

import torch
import torch.distributed as dist
import torch.multiprocessing as mp

STARTER = "CROSSOVER_RANKS_STARTER"


def start(ranks: int, work: Callable[..., None], *args: Any) -> None:
    """Call ``work(*args)`` here, or in ``ranks`` processes that know of each other. Ends when all have ended."""
    if ranks == 1:
        work(*args)
        return
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    os.environ[STARTER] = str(os.getpid())
    mp.spawn(_join, (ranks, port, work, args), nprocs=ranks)


def _join(rank: int, ranks: int, port: int, work: Callable[..., None], args: tuple[Any, ...]) -> None:
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    torch.set_num_threads(1)
    dist.init_process_group("gloo", rank=rank, world_size=ranks)
    try:
        work(*args)
    finally:
        dist.destroy_process_group()


def orphaned() -> bool:
    """True in a process whose starter is gone: it must end too, or it would go on beside the next run."""
    return count() > 1 and os.getppid() != int(os.environ[STARTER])


def rank() -> int:
    """This process's number; 0 for the only or first one, which alone writes and speaks."""
    return dist.get_rank() if dist.is_initialized() else 0


def count() -> int:
    """How many processes train."""
    return dist.get_world_size() if dist.is_initialized() else 1


def average(model: torch.nn.Module, *scalars: float) -> list[float]:
    """Replace each gradient by its mean over the processes; the means of ``scalars`` (they must be as many in all)."""
    if count() == 1:
        return list(scalars)
    grads = [p.grad for p in model.parameters() if p.grad is not None]
    flat = torch.cat([torch.tensor(scalars), *(grad.flatten() for grad in grads)])
    dist.all_reduce(flat)
    flat /= count()
    parts = flat[len(scalars) :].split([grad.numel() for grad in grads])
    for grad, part in zip(grads, parts, strict=True):
        grad.copy_(part.view_as(grad))
    return flat[: len(scalars)].tolist()


def agreed(value: float) -> float:
    """The first process's value, in all of them."""
    if count() == 1:
        return value
    told = torch.tensor([value], dtype=torch.float64)
    dist.broadcast(told, 0)
    return told.item()


def fewest(value: int) -> int:
    """The smallest of the processes' values."""
    if count() == 1:
        return value
    told = torch.tensor([value])
    dist.all_reduce(told, dist.ReduceOp.MIN)
    return int(told.item())
