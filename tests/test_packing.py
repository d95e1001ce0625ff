"""Rows laid end to end must not see each other: the loss of a flattened batch is that of the padded one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM
from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

from data.child import Reporter
from data.jobs import order
from data.prompts import INSTRUCTION
from data.workspace import Workspace
from sft.choice import criteria_for
from sft.config import filled
from sft.model import LocalModel
from sft.progress import Progress
from sft.rows import Prepared, prepare
from sft.speed import Speed, checkpointed, flattened
from sft.trainer import build
from tests import tiny
from tests.tiny import config, facts, tiny_model

workspace, home = tiny.workspace, tiny.home


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("packing") / "llama", "llama")


def rows(model: LocalModel) -> Prepared:
    return prepare(facts()[:8], "none", INSTRUCTION, model.tokens, 256)


def loss_of(workspace: Workspace, base: Path, name: str, monkeypatch: pytest.MonkeyPatch, **fast: Any) -> float:
    """The loss of the first batch in our own trainer, with these arguments for speed."""
    model = LocalModel.load(str(base))
    settings = filled(config(base.parent, model=str(base), batch_size=8, epochs=1.0), 1, 256)[0]
    monkeypatch.setattr("sft.trainer.speed", lambda *_: Speed(0, 0, fast))
    reporter = Reporter(order(workspace, "train", name, {}, {}))
    progress = Progress(reporter, 0, criteria_for("loss", "loss", False, 0), None, "cpu")
    trainer = build(model, settings, rows(model), Prepared((), 0), workspace.root / name, progress, check_first=False)
    trainer.args.bf16 = False
    batch = next(iter(trainer.get_train_dataloader()))
    assert batch["input_ids"].shape[0] == (1 if fast["padding_free"] else 8)
    trainer.model.eval()
    with torch.no_grad():
        return float(trainer.compute_loss(trainer.model, dict(batch)))


def test_our_trainer_computes_the_same_loss_flattened_and_padded(
    workspace: Workspace, llama: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    padded = loss_of(workspace, llama, "padded", monkeypatch, padding_free=False)
    flat = loss_of(workspace, llama, "flat", monkeypatch, padding_free=True)
    assert flat == pytest.approx(padded, rel=1e-4)


def test_a_flattened_row_is_blind_to_its_neighbours(llama: Path) -> None:
    """The trap: with a cache, attention forgets where rows end. What the trainer passes must not."""
    network = AutoModelForCausalLM.from_pretrained(llama).eval()
    collate = DataCollatorForLanguageModeling(pad_token_id=0, padding_free=True)
    row = [7, 8, 9, 10]

    def last(before: list[int], told: bool = True) -> torch.Tensor:
        batch = collate([{"input_ids": before, "labels": before}, {"input_ids": row, "labels": row}])
        with torch.inference_mode():
            where = {"position_ids": batch["position_ids"]} if told else {}
            return network(input_ids=batch["input_ids"], **where, use_cache=False).logits[0, -len(row) :]

    alone = network(torch.tensor([row]), use_cache=False).logits[0]
    assert torch.allclose(last([20, 21, 22, 23, 24]), last([40, 41, 42, 43, 44]), atol=1e-5)
    assert torch.allclose(last([20, 21, 22, 23, 24]), alone, atol=1e-4)
    blurred = last([20, 21, 22, 23, 24], told=False)
    assert not torch.allclose(blurred, alone, atol=1e-2), "this model would show it if rows saw each other"


def test_rows_are_flattened_only_where_nothing_but_attention_mixes_tokens(home: Path, llama: Path) -> None:
    attention, convolution = (AutoModelForCausalLM.from_pretrained(folder) for folder in (llama, home / "tiny"))
    assert flattened(attention, "cuda")[0]
    assert not flattened(convolution, "cuda")[0], "a short convolution would reach across rows"
    assert not flattened(attention, "cpu")[0]


def test_activations_are_computed_twice_only_when_memory_asks_for_it(llama: Path) -> None:
    model = LocalModel.load(str(llama))
    settings = filled(config(llama.parent, model=str(llama)), 1, 256)[0]
    on, why = checkpointed(model, settings, rows(model))
    assert not on
    assert "are there" in why
    on, why = checkpointed(model, replace(settings, batch_size=10**10), rows(model))
    assert on, why
