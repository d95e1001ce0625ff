"""The order in which the trainer sees rows: those of like length together, the same in every attempt at a run."""

from __future__ import annotations

from collections.abc import Iterator

from torch.utils.data import Sampler

from sft.batches import epoch_order, in_epoch, step_sizes


class Shuffled(Sampler[int]):
    """Rows in an order that depends on seed and epoch alone. transformers' own sampler draws from the global random
    state, which a resumed run does not have at the beginning of its epoch."""

    def __init__(self, lengths: list[int], rows: int, seed: int, rehearsed: int, epochs: int) -> None:
        self.lengths, self.rows, self.seed, self.epoch = lengths, rows, seed, 0
        self.rehearsed, self.each = rehearsed, rehearsed // epochs
        self.sizes: list[int] = []  # of this epoch's steps, in tokens

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.lengths) - self.rehearsed + self.each

    def __iter__(self) -> Iterator[int]:
        chosen = in_epoch(len(self.lengths), self.rehearsed, self.each, self.epoch)
        order = epoch_order([self.lengths[index] for index in chosen], self.rows, self.seed, self.epoch)
        found = [chosen[place] for place in order]
        self.sizes = step_sizes([self.lengths[index] for index in found], self.rows)
        return iter(found)
