"""Which prompts are computed together: a pure function of their lengths."""

from __future__ import annotations

from collections.abc import Sequence


def batches(lengths: Sequence[int], budget: int, most_rows: int = 128) -> list[list[int]]:
    """Group indices so that rows x longest row stays within ``budget`` tokens; every index appears exactly once.

    Sorted by length first, so that a batch holds little padding. A row longer than the budget is alone. Rows are few
    when prompts are long: on a CPU, large batches of long prompts are slower than one by one.
    """
    order = sorted(range(len(lengths)), key=lambda index: (lengths[index], index))
    groups: list[list[int]] = []
    for index in order:
        fits = groups and len(groups[-1]) < most_rows and (len(groups[-1]) + 1) * lengths[index] <= budget
        if fits:
            groups[-1].append(index)
        else:
            groups.append([index])
    return groups
