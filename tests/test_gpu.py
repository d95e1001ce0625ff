"""On a CUDA device: bf16 LoRA, stop, resume, out of memory, and batched answers. ``pytest -m gpu``."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from data import jobs
from data.child import Reporter
from data.errors import Stopped, UserError
from data.schema import DecodeSettings
from data.store import resolve
from data.workspace import Workspace
from sft.devices import choose_device, training_precision
from sft.model import LocalModel
from sft.orders import order_training
from sft.train import train
from tests import tiny
from tests.tiny import PROBE, config, tiny_model, tune

home, workspace = tiny.home, tiny.workspace
pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device: the GPU path is not run"),
]


class StopsAt(Reporter):
    """A reporter whose user asks for a stop after four steps."""

    def step(self, done: float, total: float, text: str) -> None:
        if done >= 4:
            jobs.request_stop(self.run)
        super().step(done, total, text)


def test_lora_trains_in_bfloat16_with_the_fused_optimizer(workspace: Workspace, home: Path) -> None:
    manifest = tune(workspace, home, "gpu").manifest()
    assert manifest["device"] == "cuda"
    assert manifest["reasons"]["precision"].startswith("bfloat16")
    assert "fused" in manifest["reasons"]["optimizer"]
    assert training_precision(choose_device(10**6))[0] == "bfloat16"
    assert manifest["curve"][-1].get("eval_loss", 9.0) < manifest["curve"][0]["eval_loss"]


def test_flattened_rows_teach_an_attention_model(workspace: Workspace, home: Path, tmp_path: Path) -> None:
    base = tiny_model(tmp_path / "llama", "llama")
    manifest = tune(workspace, home, "flat", model=str(base), epochs=30).manifest()
    assert manifest["reasons"]["packing"].startswith("on")
    assert manifest["summary"]["validation_loss"] < 0.5 * manifest["curve"][0]["eval_loss"]


def test_a_stopped_run_resumes_to_the_end(workspace: Workspace, home: Path) -> None:
    rows = str(home / "rows.jsonl")
    run = order_training(workspace, "stopped", config(home), rows, rows)
    with pytest.raises(Stopped):
        train(workspace, run, StopsAt(run))
    (run.folder / "stop").unlink()
    finished = train(workspace, run, Reporter(run))
    assert finished["steps"] == 18
    whole = tune(workspace, home, "whole")
    first, second = (
        load_file(resolve(workspace, "adapters", ref).path / "adapter_model.safetensors")
        for ref in (finished["name"], whole.ref)
    )
    assert all(torch.allclose(first[key], second[key], atol=1e-3) for key in first)


def test_too_little_memory_ends_in_a_sentence(workspace: Workspace, home: Path) -> None:
    run = order_training(workspace, "full-up", config(home, batch_size=16), str(home / "rows.jsonl"))
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(1e-6)
    try:
        with pytest.raises(UserError, match="Memory does not suffice"):
            train(workspace, run, Reporter(run))
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)


def test_batched_answers_equal_answers_one_by_one(home: Path) -> None:
    model = LocalModel.load(str(home / "tiny"), dtype="float32")
    assert model.device.name == "cuda"
    together = [one.text for one in model.base().generate(PROBE, DecodeSettings(8))]
    assert together == [model.base().generate([one], DecodeSettings(8))[0].text for one in PROBE]
