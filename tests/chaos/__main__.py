"""``make chaos``: at least 100 kills against these sources, then fewer against copies that have a bug planted.

The work is small: a hash takes the place of the embedding model, and a document has a few words.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"  # before any library starts threads: children are forked
os.environ["TOKENIZERS_PARALLELISM"] = "false"

HOME = Path(__file__).resolve().parents[2]
# A kill takes a process away, not what the system has been handed: files in memory show the same, and spare the disk.
MEMORY = Path("/dev/shm")  # noqa: S108


def main() -> int:
    options = _options()
    import bm25s  # noqa: F401  loaded once here instead of in every child
    import faiss  # noqa: F401

    from data import store

    if not Path(store.__file__).is_relative_to(HOME):
        raise SystemExit(f"{store.__file__} is not below {HOME}: another copy of the sources would be tested.")
    from tests.chaos import planted

    with tempfile.TemporaryDirectory(prefix="chaos-", dir=MEMORY if MEMORY.is_dir() else None) as folder:
        if not _wage(Path(folder) / "campaign", options.kills, options.seed):
            return planted.FOUND
        if options.no_planted:
            return 0
        missed = [bug.name for bug in planted.BUGS if not _try(bug, Path(folder), options)]
    print(f"Planted bugs caught: {len(planted.BUGS) - len(missed)} of {len(planted.BUGS)}", flush=True)
    return 1 if missed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=120, help="killed builds, additions and removals (default: 120)")
    parser.add_argument("--planted-kills", type=int, default=400, help="at most, for each planted bug (default: 400)")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="(default: the clock; printed)")
    parser.add_argument("--no-planted", action="store_true", help="leave the planted bugs out")
    return parser.parse_args()


def _wage(folder: Path, kills: int, seed: int) -> bool:
    from tests.chaos.campaign import Campaign
    from tests.chaos.checks import Broken

    folder.mkdir()
    began, campaign = time.monotonic(), Campaign(folder, seed)
    try:
        campaign.wage(kills)
    except Broken as found:
        print(f"BROKEN after {campaign.kills.total()} kills: {found}", flush=True)
        return False
    counts = ", ".join(f"{count} {action}" for action, count in sorted(campaign.kills.items()))
    ways = ", ".join(f"{count} by {way}" for way, count in sorted(campaign.ways.items()))
    print(
        f"{campaign.kills.total()} kills ({counts}; {ways}) in {campaign.rounds} rounds with seed {seed}, "
        f"{time.monotonic() - began:.0f} s: {campaign.finished} changes acknowledged, {campaign.resumed} killed jobs "
        f"resumed, {len(campaign.witness.seen)} versions published; nothing lost, nothing torn.",
        flush=True,
    )
    return True


def _try(bug: object, folder: Path, options: argparse.Namespace) -> bool:
    from tests.chaos import planted

    copy = folder / bug.name.replace(" ", "-").replace("'", "")
    planted.plant(bug, copy)
    found, said = planted.caught(bug, copy, options.planted_kills, options.seed)
    print(f"{'caught' if found else 'MISSED'}: {bug.name}: {said}", flush=True)
    return found


if __name__ == "__main__":
    sys.exit(main())
