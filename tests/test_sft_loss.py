"""The loss in parts is the loss of the whole, to the value and to the gradient."""

from __future__ import annotations

import pytest
import torch
from transformers import AutoModelForCausalLM

from sft import batches
from sft.loss import IGNORED, row_mean, token_mean
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


def plain(network: torch.nn.Module) -> tuple[torch.Tensor, torch.Tensor]:
    """(mean over rows, mean over tokens) from one pass over the whole padded batch with all logits."""
    made = batch()
    logits = network(input_ids=made["input_ids"], attention_mask=made["attention_mask"]).logits[:, :-1]
    wanted = made["labels"][:, 1:]
    each = torch.nn.functional.cross_entropy(logits.transpose(1, 2), wanted, ignore_index=IGNORED, reduction="none")
    counts = (wanted != IGNORED).sum(dim=1)
    return (each.sum(dim=1) / counts).mean(), each.sum() / counts.sum()


@pytest.mark.parametrize(("start", "count"), [(10_000, 1), (40, 2), (0, 5)])
def test_the_loss_in_parts_is_that_of_the_whole_batch(
    network: torch.nn.Module, monkeypatch: pytest.MonkeyPatch, start: int, count: int
) -> None:
    monkeypatch.setattr(batches, "PART_TOKENS", start)
    assert len(batches.parts(LENGTHS)) == count
    for place, loss in enumerate((row_mean, token_mean)):
        whole = plain(network)[place]
        wanted = gradients(network, whole)
        found = loss(network, batch())
        assert found.item() == pytest.approx(whole.item(), rel=1e-5)
        for one, other in zip(gradients(network, found), wanted, strict=True):
            assert torch.allclose(one, other, rtol=1e-3, atol=1e-6)


def test_a_row_of_one_token_counts_as_much_as_one_of_three(network: torch.nn.Module) -> None:
    by_row, by_token = plain(network)
    assert by_row.item() != pytest.approx(by_token.item(), rel=1e-4)


def test_a_network_that_cannot_leave_out_logits_gives_the_same(network: torch.nn.Module) -> None:
    class Whole(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = network

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor, use_cache: bool) -> object:
            return self.inner(input_ids=input_ids, attention_mask=attention_mask, use_cache=use_cache)

    with torch.no_grad():
        assert row_mean(Whole(), batch()).item() == pytest.approx(row_mean(network, batch()).item(), rel=1e-6)
