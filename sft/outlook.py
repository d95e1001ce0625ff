"""What training all weights will take, told before it starts: arithmetic, no heavy library."""

from __future__ import annotations

from dataclasses import dataclass

from data.options import checked
from sft.catalogue import Facts, count, facts
from sft.config import TrainConfig, filled
from sft.footprint import free
from sft.memory import ROOM, to_train, told
from sft.sources import found
from sft.targets import gpu


@dataclass(frozen=True)
class Outlook:
    """Sentences on the memory that a fine-tune needs; ``fits`` is False where it does not suffice."""

    said: str
    fits: bool


def outlook(config: TrainConfig) -> Outlook | None:
    """The memory for training all weights of the base against what is free here; None for a method that trains few.

    Raises UserError for a setting out of its limits, and for a base that is not here or whose files are torn.
    """
    if config.method != "full":
        return None
    return reckoned(checked(config), facts(found(config.model)), None if gpu() else free())


def reckoned(config: TrainConfig, known: Facts, room: int | None) -> Outlook:
    """The same of any base and any ``room``, bytes that are free; None where a GPU has its own."""
    length = filled(config, known.parameters, known.window)[0].max_length
    assert length is not None, "filled has decided it"
    tokens = config.batch_size * length
    need, how = to_train(known.shape, known.parameters, tokens), ""
    if room is not None and need.total > ROOM * room:  # then ``sft.speed`` will save memory so
        need = to_train(known.shape, known.parameters, tokens, checkpointing=True)
        how = ", with activations computed twice"
    whole = need.total - need.activations
    said = (f"Training all {count(known.parameters)} weights takes about {told(whole)} of memory for them, their "
            f"gradients, the optimizer and the libraries. A batch of {config.batch_size} rows of {length:,} tokens, "
            f"the longest allowed, makes it {told(need.total)}{how}; shorter rows need less.")  # fmt: skip
    if room is None:
        return Outlook(f"{said} The GPU has to hold it: an estimate (a few real steps) tells whether it does.", True)
    said += f" This machine has {told(room)} free"
    if whole > ROOM * room:
        return Outlook(f"{said}, which does not suffice. Choose lora, or a smaller base.", False)
    if need.total > ROOM * room:
        return Outlook(f"{said}, which does not suffice for rows that long. Choose a smaller batch size and more "
                       "accumulation, or a shorter max length.", False)  # fmt: skip
    return Outlook(f"{said}.", True)
