"""Words hidden from label questions while training, so that a small model does not learn the rows by heart.

Word dropout, after Iyyer et al. (2015), "Deep Unordered Composition Rivals Syntactic Methods for Text Classification":
each time a row is learned, every token of its question is hidden with some chance. Many words speak for a label, so a
question keeps its label without some of them. A fact hangs on single words and a passage is to be copied from, so rows
of those kinds are left whole.
"""

from __future__ import annotations

import random
from collections.abc import Container, Sequence
from typing import Any

import torch

from sft.loss import IGNORED

MAY_HIDE = -101  # a label: nothing is learned at this place, as with IGNORED, and the token may be hidden
STAND_IN = "_"  # for a tokenizer whose padding is its end token, which would say that the question ends


def marked(labels: Sequence[int], ids: Sequence[int], special: Container[int]) -> list[int]:
    """A row's labels with MAY_HIDE where nothing is learned, but at the template's special tokens."""
    pairs = zip(labels, ids, strict=True)
    return [MAY_HIDE if label == IGNORED and token not in special else label for label, token in pairs]


def stand_in(tokenizer: Any) -> int:
    """The token that hidden ones are replaced with: the padding, or an underscore where that is the end token too."""
    if tokenizer.pad_token_id not in (None, tokenizer.eos_token_id):
        return int(tokenizer.pad_token_id)
    return int(tokenizer.encode(STAND_IN, add_special_tokens=False)[-1])


def hidden(inputs: dict[str, Any], share: float, key: str, instead: int) -> dict[str, Any]:
    """The batch with each token that is marked MAY_HIDE hidden with chance ``share``, and the marks taken away.

    ``inputs`` holds input_ids and labels of shape (rows, tokens). What is hidden depends on ``key`` and the row alone:
    not on the batch it is computed in (rows laid end to end count as one), and not on what was drawn before a run was
    stopped.
    """
    may = inputs["labels"] == MAY_HIDE
    if not may.any():
        return inputs
    gone = torch.zeros_like(may)
    for place, row in enumerate(inputs["input_ids"].tolist()):
        hideable = may[place].nonzero().flatten().tolist()
        if hideable:
            r = random.Random(f"{key} {row[: hideable[-1] + 1]}")
            gone[place, [token for token in hideable if r.random() < share]] = True
    ids = inputs["input_ids"].masked_fill(gone, instead)
    return inputs | {"input_ids": ids, "labels": inputs["labels"].masked_fill(may, IGNORED)}
