"""The loss of one batch, computed where it is: in parts of like length, with logits only where something is learned.

Whatever the parts, the number is that of the whole batch. Padding and the logits of prompts are what a plain forward
pass over the batch would spend most of its time on.
"""

from __future__ import annotations

import inspect
from typing import Any

import torch

from sft.batches import parts

IGNORED = -100


def row_mean(model: Any, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
    """The mean over rows of each row's mean cross-entropy: a label of one token counts as much as a reply of forty.

    ``inputs`` holds input_ids, attention_mask and labels (-100: not learned), each of shape (rows, tokens), padded on
    the right. For training: a mean over tokens would teach long answers and forget short ones (docs/decisions).
    """
    each = [summed / count.clamp(min=1) for summed, count in _by_part(model, inputs)]
    return torch.cat(each).mean()


def flat_row_mean(model: Any, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
    """``row_mean`` of rows laid end to end: each tensor (1, tokens), ``position_ids`` begins each row with 0."""
    given = {name: value for name, value in inputs.items() if name != "labels"}
    wanted = inputs["labels"][0, 1:]
    places = (wanted != IGNORED).nonzero().squeeze(1)
    asked: dict[str, Any] = {"logits_to_keep": places} if keeps_logits(model) else {}
    logits = model(**given, use_cache=False, **asked).logits[0]
    each = torch.nn.functional.cross_entropy(
        (logits if asked else logits[places]).float(), wanted[places], reduction="none"
    )
    rows = (inputs["position_ids"][0] == 0).cumsum(0)[1:][places] - 1
    sums = each.new_zeros(int(rows.max()) + 1).index_add(0, rows, each)
    counts = torch.bincount(rows, minlength=len(sums))
    return (sums[counts > 0] / counts[counts > 0]).mean()


def token_mean(model: Any, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
    """The mean cross-entropy over all learned tokens, as losses are usually told. ``inputs``: as for ``row_mean``."""
    summed, counts = zip(*_by_part(model, inputs), strict=True)
    return torch.cat(summed).sum() / torch.cat(counts).sum().clamp(min=1)


def _by_part(model: Any, inputs: dict[str, torch.Tensor]) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """(sum of the cross-entropies, how many) of each row, part by part."""
    lengths = inputs["attention_mask"].sum(dim=1).tolist()
    found = []
    for rows in parts(lengths):
        longest = max(lengths[row] for row in rows)
        part = {name: inputs[name][rows, :longest] for name in ("input_ids", "attention_mask", "labels")}
        found.append(_summed(model, **part))
    return found


def _summed(
    model: Any, input_ids: torch.Tensor, attention_mask: torch.Tensor, labels: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Per row: logits at those places only where any row learns the next token."""
    wanted = labels[:, 1:]
    places = (wanted != IGNORED).any(dim=0).nonzero().squeeze(1)
    asked: dict[str, Any] = {"logits_to_keep": places} if keeps_logits(model) else {}
    logits = model(input_ids=input_ids, attention_mask=attention_mask, use_cache=False, **asked).logits
    if not asked:
        logits = logits[:, places]
    targets = wanted[:, places]
    found = torch.nn.functional.cross_entropy(
        logits.flatten(0, 1).float(), targets.flatten(), ignore_index=IGNORED, reduction="none"
    )
    return found.view(targets.shape).sum(dim=1), (targets != IGNORED).sum(dim=1)


def keeps_logits(model: Any) -> bool:
    """True if the network computes logits only where it is told to (most causal models of transformers do)."""
    network = getattr(model, "module", model)  # of several processes: the network inside
    network = network.get_base_model() if hasattr(network, "get_base_model") else network
    return "logits_to_keep" in inspect.signature(type(network).forward).parameters
