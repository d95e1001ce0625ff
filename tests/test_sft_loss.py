"""The loss in parts is the loss of the whole, to the value and to the gradient."""

from __future__ import annotations

import pytest
import torch
from transformers import AutoModelForCausalLM

from sft import batches
from sft.loss import IGNORED, batch_loss
from tests.tiny import tiny_model

LENGTHS = (40, 4, 38, 5, 6)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> torch.nn.Module:
    folder = tmp_path_factory.mktemp("loss") / "tiny"
    tiny_model(folder)
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()


def batch() -> dict[str, torch.Tensor]:
    """Rows padded on the right; the last three tokens of each carry loss, of one row only the last."""
    torch.manual_seed(0)
    ids, mask = torch.zeros(len(LENGTHS), max(LENGTHS), dtype=torch.long), torch.zeros(len(LENGTHS), max(LENGTHS))
    labels = torch.full_like(ids, IGNORED)
    for row, length in enumerate(LENGTHS):
        ids[row, :length] = torch.randint(5, 50, (length,))
        mask[row, :length] = 1
        learned = 1 if row == 1 else 3
        labels[row, length - learned : length] = ids[row, length - learned : length]
    return {"input_ids": ids, "attention_mask": mask.long(), "labels": labels}


def gradients(network: torch.nn.Module, loss: torch.Tensor) -> list[torch.Tensor]:
    network.zero_grad()
    loss.backward()
    return [p.grad.clone() for p in network.parameters() if p.grad is not None]


def test_the_loss_in_parts_is_that_of_the_whole_batch(
    network: torch.nn.Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = network(**batch()).loss
    wanted = gradients(network, whole)
    for start, count in ((10_000, 1), (40, 2), (0, 5)):
        monkeypatch.setattr(batches, "PART_TOKENS", start)
        assert len(batches.parts(LENGTHS)) == count
        loss = batch_loss(network, batch())
        assert loss.item() == pytest.approx(whole.item(), rel=1e-5)
        for found, one in zip(gradients(network, loss), wanted, strict=True):
            assert torch.allclose(found, one, rtol=1e-3, atol=1e-6)


def test_a_part_of_a_step_counts_by_the_tokens_of_the_whole_step(network: torch.nn.Module) -> None:
    learned = int((batch()["labels"][:, 1:] != IGNORED).sum())
    with torch.no_grad():
        assert batch_loss(network, batch(), 2 * learned).item() == pytest.approx(
            batch_loss(network, batch()).item() / 2
        )


def test_a_network_that_cannot_leave_out_logits_gives_the_same(network: torch.nn.Module) -> None:
    class Whole(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = network

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor, use_cache: bool) -> object:
            return self.inner(input_ids=input_ids, attention_mask=attention_mask, use_cache=use_cache)

    with torch.no_grad():
        assert batch_loss(Whole(), batch()).item() == pytest.approx(batch_loss(network, batch()).item(), rel=1e-6)
