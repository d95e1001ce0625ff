"""``python -m tests.bench [generation] [page] [ask]``: print each measured ratio beside its target."""

from __future__ import annotations

import sys

from tests.bench import asking, generation, page

PARTS = {"generation": generation.measure, "page": page.measure, "ask": asking.measure}


def main() -> int:
    chosen = sys.argv[1:] or list(PARTS)
    for name in chosen:
        print(f"\n{name}")
        for row in PARTS[name]():
            print(f"  {row.what:<76} {row.value:>9}   target {row.target}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
