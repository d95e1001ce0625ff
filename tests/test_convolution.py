"""The faster short convolution gives the numbers of transformers' own, forward and backward."""

from __future__ import annotations

import copy

import torch
from transformers import AutoModelForCausalLM

from sft.convolution import quicken
from sft.pocket import PATH


def run(model: torch.nn.Module, ids: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
    model.zero_grad()
    logits = model(input_ids=ids, attention_mask=mask, use_cache=False).logits
    kept = logits[mask.bool()]
    kept.logsumexp(-1).sum().backward()
    return kept.detach(), [p.grad.clone() for p in model.parameters()]


def test_outputs_and_gradients_are_those_of_the_stock_layer_on_right_padded_rows():
    stock = AutoModelForCausalLM.from_pretrained(PATH, dtype="float32").train()
    quick = copy.deepcopy(stock)
    quicken(quick)
    ids = torch.randint(5, 4000, (3, 40), generator=torch.Generator().manual_seed(0))
    mask = torch.ones_like(ids)
    mask[1, 25:], mask[2, 1:] = 0, 0
    logits, gradients = run(stock, ids, mask)
    faster, faster_gradients = run(quick, ids, mask)
    torch.testing.assert_close(faster, logits, atol=1e-4, rtol=1e-4)
    for mine, wanted in zip(faster_gradients, gradients, strict=True):
        torch.testing.assert_close(mine, wanted, atol=1e-3, rtol=1e-3)
    swapped = [name for name, module in quick.named_modules() if "forward" in vars(module)]
    assert swapped, "no layer was swapped"
