"""The loss of one batch, computed where it is: in parts of like length, with logits only where something is learned.

The mean over all learned tokens of the batch is the same number, whatever the parts. Padding and the logits of prompts
are what a plain forward pass over the batch would spend most of its time on.
"""

from __future__ import annotations

import inspect
from typing import Any

import torch

from sft.batches import parts

IGNORED = -100


def batch_loss(model: Any, inputs: dict[str, torch.Tensor], items: Any = None) -> torch.Tensor:
    """Mean cross-entropy of the labels that are not -100.

    ``inputs`` holds input_ids, attention_mask and labels, each of shape (rows, tokens), padded on the right.

    ``items``: the learned tokens of the whole optimizer step, where the batch is only a part of it.
    """
    lengths = inputs["attention_mask"].sum(dim=1).tolist()
    total = torch.zeros((), device=inputs["input_ids"].device)
    learned = 0
    for rows in parts(lengths):
        longest = max(lengths[row] for row in rows)
        part = {name: inputs[name][rows, :longest] for name in ("input_ids", "attention_mask", "labels")}
        summed, count = _summed(model, **part)
        total, learned = total + summed, learned + count
    return total / (learned if items is None else items)


def _summed(
    model: Any, input_ids: torch.Tensor, attention_mask: torch.Tensor, labels: torch.Tensor
) -> tuple[torch.Tensor, int]:
    """(sum of the cross-entropies, how many): logits at those places only where any row learns the next token."""
    wanted = labels[:, 1:]
    places = (wanted != IGNORED).any(dim=0).nonzero().squeeze(1)
    asked: dict[str, Any] = {"logits_to_keep": places} if keeps_logits(model) else {}
    logits = model(input_ids=input_ids, attention_mask=attention_mask, use_cache=False, **asked).logits
    if not asked:
        logits = logits[:, places]
    targets = wanted[:, places].flatten()
    found = torch.nn.functional.cross_entropy(
        logits.flatten(0, 1).float(), targets, ignore_index=IGNORED, reduction="sum"
    )
    return found, int((targets != IGNORED).sum())


def keeps_logits(model: Any) -> bool:
    """True if the network computes logits only where it is told to (most causal models of transformers do)."""
    network = getattr(model, "module", model)  # of several processes: the network inside
    network = network.get_base_model() if hasattr(network, "get_base_model") else network
    return "logits_to_keep" in inspect.signature(type(network).forward).parameters
