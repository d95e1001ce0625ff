"""How much one file may ask of this machine, and the settings of reading that parent and child share."""

from __future__ import annotations

import resource
import sys
from dataclasses import dataclass, field
from typing import Any

from data.errors import UserError

PATIENCE = 10  # times the limit on processor time: what a file may take by the clock while other work has the processor
SLACK = 1_000_000  # archives that unpack to less are no danger, however well they were packed


@dataclass(frozen=True)
class Limits:
    """``ratio`` is unpacked : packed; ``seconds`` are the processor's; all but ``upload_bytes`` are per file;
    ``entries`` are those of a ZIP."""

    file_bytes: int = 200_000_000
    upload_bytes: int = 1_000_000_000
    pages: int = 5_000
    ratio: int = 100
    unpacked_bytes: int = 1_000_000_000
    entries: int = 50_000
    seconds: float = 120
    memory_bytes: int = 2_000_000_000


@dataclass(frozen=True)
class ReadSettings:
    """``text_column`` names the column of CSV and JSONL files that holds the text; "" takes all columns of a row."""

    text_column: str = ""
    limits: Limits = field(default_factory=Limits)


def from_json(saved: dict[str, Any]) -> ReadSettings:
    """The settings that ``dataclasses.asdict`` gave."""
    return ReadSettings(saved["text_column"], Limits(**saved["limits"]))


def size(count: float) -> str:
    """A number of bytes for people: "200 MB", "1 GB"."""
    unit, name = next(
        pair for pair in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1, "bytes")) if count >= pair[0] or pair[0] == 1
    )
    return f"{count / unit:.3g} {name}"


def check_unpacked(packed: int, unpacked: int, limits: Limits) -> None:
    """Raises UserError for an archive that grows beyond the limits. Sizes in bytes."""
    if unpacked > limits.unpacked_bytes:
        what = f"unpacks to {size(unpacked)}; the limit is {size(limits.unpacked_bytes)}."
        raise UserError(what, "Split it, or unpack it and give the parts you need.")
    if unpacked > SLACK and unpacked > limits.ratio * packed:
        what = f"unpacks to {unpacked // max(1, packed)} times its size, as files do that are made to fill a memory."
        raise UserError(what, f"If you trust it, unpack it yourself; the limit is {limits.ratio} times.")


def hold_memory(limits: Limits) -> None:
    """Let the kernel refuse this process more memory than the limit (where it does that: not on macOS)."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform.startswith("linux"):
        resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
