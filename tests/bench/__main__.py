"""``python -m tests.bench [PART ...]``: print each measured ratio beside its target; ends with 1 when one is missed.

Parts: the keys of ``PARTS``.
"""

from __future__ import annotations

import os
import platform
import sys

from tests.bench import approximate, asking, chance, generation, indexing, leaks, page, search, training

PARTS = {
    "generation": generation.measure,
    "page": page.measure,
    "ask": asking.measure,
    "indexing": indexing.measure,
    "search": search.measure,
    "approximate": approximate.measure,
    "leaks": leaks.measure,
    "chance": chance.measure,
    "training": training.measure,
}  # fmt: skip


def main() -> int:
    chosen = sys.argv[1:] or list(PARTS)
    print(f"{platform.system()}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} at the start")
    missed = 0
    for name in chosen:
        print(f"\n{name}")
        for row in PARTS[name]():
            missed += not row.met
            print(f"  {row.what:<76} {row.value:>9}   target {row.target}{'' if row.met else '   MISSED'}", flush=True)
    if missed:
        print(f"\n{missed} {'target' if missed == 1 else 'targets'} missed.")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
