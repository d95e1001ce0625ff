"""Which training rows are set aside for validation, when no file of them is given."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence

from data.sameness import asked_key
from data.schema import Example

VALIDATION_SHARE, MOST_VALIDATION, FEWEST = 0.1, 200, 20
MOST_OVER = 2  # times the wanted rows, where equal questions are set aside together
SPLITS = ("row", "tag", "document")

Split = tuple[list[Example], list[Example], str]


def split(examples: Sequence[Example], seed: int, by: str = "row") -> Split:
    """Training and validation examples in their order, and a sentence that says how they were split.

    row: questions whose fact is also asked in other words, one per fact; a fact that is asked only once cannot be known
    from the others, so its loss would say nothing. Without such rows, any row. Rows of equal questions stay together.
    tag: the same share of every tag's rows. document: whole documents, so that validation asks about documents never
    trained on. None of fewer than 20 rows.
    """
    wanted = min(MOST_VALIDATION, int(len(examples) * VALIDATION_SHARE))
    if len(examples) < FEWEST:
        return list(examples), [], f"{len(examples)} rows are too few to set some aside for validation"
    order = list(range(len(examples)))
    random.Random(seed).shuffle(order)
    pick = {"row": _by_row, "tag": _by_tag, "document": _by_document}[by]
    chosen, how = pick(examples, order, wanted)
    if not chosen:
        return list(examples), [], how
    said = f"{len(chosen)} of {len(examples)} rows, {how} (seed {seed}), were set aside for validation"
    keep = [e for i, e in enumerate(examples) if i not in chosen]
    return keep, [e for i, e in enumerate(examples) if i in chosen], said


def _by_row(examples: Sequence[Example], order: list[int], wanted: int) -> tuple[set[int], str]:
    keys = [asked_key(example) for example in examples]
    asked: dict[str, list[int]] = defaultdict(list)
    wordings: dict[str | None, set[str]] = defaultdict(set)
    for place in order:
        asked[keys[place]].append(place)
        wordings[examples[place].fact].add(keys[place])
    reworded = {e.fact: keys[i] for i in order if (e := examples[i]).fact and len(wordings[e.fact]) > 1}
    chosen: set[int] = set()
    for key in dict.fromkeys(reworded.values()) if reworded else asked:
        if len(chosen) < wanted and len(chosen) + len(asked[key]) <= MOST_OVER * wanted:
            chosen.update(asked[key])
    if not chosen:
        return chosen, "every question stands in too many rows for one to be set aside for validation"
    return chosen, "asking taught facts in other words" if reworded else "at random"


def _by_tag(examples: Sequence[Example], order: list[int], wanted: int) -> tuple[set[int], str]:
    """A question counts for the first tag of its first row, with all rows that ask it; those without one are a group of
    their own."""
    asked: dict[str, list[int]] = defaultdict(list)
    for place in order:
        asked[asked_key(examples[place])].append(place)
    groups: dict[str, list[list[int]]] = defaultdict(list)
    for places in asked.values():
        groups[next(iter(examples[places[0]].tags), "")].append(places)
    named = len(groups.keys() - {""})
    if not named:
        return set(), "no row has a tag to split by, so none was set aside for validation"
    share, chosen = wanted / len(examples), set[int]()
    for group in groups.values():
        size, taken = sum(map(len, group)), 0
        most = max(round(share * size), min(1, size // 2))
        for places in group:
            if taken + len(places) <= most:
                chosen.update(places)
                taken += len(places)
    return chosen, f"a like share of each of {named} tags"


def _by_document(examples: Sequence[Example], order: list[int], wanted: int) -> tuple[set[int], str]:
    """Whole documents in random order while the rows set aside stay near the wanted number."""
    groups: dict[str, list[int]] = defaultdict(list)
    for place in order:
        if document := examples[place].document:
            groups[document].append(place)
    chosen: set[int] = set()
    taken = 0
    for group in groups.values():
        if taken + 1 < len(groups) and len(chosen) + len(group) <= 1.5 * wanted:
            chosen.update(group)
            taken += 1
    if not chosen:
        why = f"{len(groups)} documents are too few to set one aside" if groups else "no row names its document"
        return set(), f"{why}, so nothing was set aside for validation"
    return chosen, f"all rows of {taken} of {len(groups)} documents"
