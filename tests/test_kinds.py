"""Kinds of fine-tuning: each runs from the order to the answer, and what cannot run is refused before it is ordered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from data import jobs
from data.errors import UserError
from data.shell import main
from data.workspace import Workspace
from sft import adapters
from sft.__main__ import parser
from sft.foreign import take_in
from sft.memory import lora_parameters
from sft.merge import merged
from sft.model import LocalModel
from sft.orders import order_training
from sft.sources import BUNDLED_FOLDER
from sft.targets import GPU_FILES, gpu, lacking, linear_modules, unavailable
from tests import tiny
from tests.tiny import config, logits, texts, tune

home, workspace = tiny.home, tiny.workspace


def test_ia3_runs_to_the_end_asking_merging_exporting_and_importing(
    workspace: Workspace, home: Path, tmp_path: Path
) -> None:
    artifact = tune(workspace, home, "scales", method="ia3", learning_rate=0.1)
    weights = load_file(artifact.path / "adapter_model.safetensors")
    assert all("ia3_l" in key for key in weights)
    assert all(not torch.equal(value, torch.ones_like(value)) for value in weights.values()), "every scale moved"
    model = LocalModel.load(str(home / "tiny"))
    before = texts(model.base())
    tuned = logits(model, lambda: model._whole(artifact.path))
    assert not torch.allclose(tuned, logits(model, model._base), atol=1e-3)
    assert texts(model.tuned(artifact)) != before
    assert texts(model.base()) == before, "the base is untouched"
    folded = merged(workspace, artifact, str(home / "tiny"))
    assert torch.allclose(logits(model, lambda: model._whole(folded.path)), tuned, atol=1e-3)
    adapters.export(artifact, tmp_path / "out")
    (tmp_path / "out" / "manifest.json").unlink()  # as if made elsewhere
    again = take_in(workspace, tmp_path / "out", "again", str(home / "tiny"))
    assert again.manifest()["method"] == "ia3"
    assert torch.equal(logits(model, lambda: model._whole(again.path)), tuned)


def test_lora_and_ia3_of_one_base_do_not_disturb_each_other(workspace: Workspace, home: Path) -> None:
    low, scales = tune(workspace, home, "low"), tune(workspace, home, "high", method="ia3", learning_rate=0.1)
    model, alone = LocalModel.load(str(home / "tiny")), LocalModel.load(str(home / "tiny"))
    expected = texts(alone.tuned(low))
    assert texts(model.tuned(scales)) != expected
    assert texts(model.tuned(low)) == expected
    assert texts(model.tuned(scales)) != expected


@pytest.mark.parametrize("switch", ["rslora", "dora"])
def test_switches_of_lora_reach_the_adapter_and_its_answers(workspace: Workspace, home: Path, switch: str) -> None:
    artifact = tune(workspace, home, switch, epochs=2, **{switch: True})
    saved = json.loads((artifact.path / "adapter_config.json").read_text())
    assert saved[f"use_{switch}"] is True
    assert any("magnitude" in key for key in load_file(artifact.path / "adapter_model.safetensors")) == (
        switch == "dora"
    )
    assert len(texts(LocalModel.load(str(home / "tiny")).tuned(artifact))) == len(tiny.PROBE)


def test_only_the_named_modules_are_adapted(workspace: Workspace, home: Path) -> None:
    artifact = tune(workspace, home, "some", epochs=1, targets="q_proj, w2")
    keys = load_file(artifact.path / "adapter_model.safetensors")
    assert {key.split(".lora_")[0].rpartition(".")[2] for key in keys} == {"q_proj", "w2"}


def test_modules_are_found_in_the_model_without_loading_it(home: Path) -> None:
    assert linear_modules(home / "tiny") == ("in_proj", "k_proj", "out_proj", "q_proj", "v_proj", "w1", "w2", "w3")
    assert linear_modules(BUNDLED_FOLDER) == linear_modules(home / "tiny")


def test_tables_the_output_layer_and_routers_are_no_modules_to_adapt(tmp_path: Path) -> None:
    matrix = torch.zeros(2, 2)
    no = ["transformer.word_embeddings", "model.decoder.embed_positions", "model.embed_tokens", "transformer.wte",
          "gpt_neox.embed_out", "lm_head", "model.layers.0.block_sparse_moe.gate", "model.layers.0.mlp.router",
          "model.layers.0.block_sparse_moe.router.layer"]  # fmt: skip
    yes = ["model.layers.0.mlp.gate_proj", "model.layers.0.mlp.experts.0.w1", "transformer.h.0.attn.query_key_value"]
    tensors = {f"{name}.weight": matrix.clone() for name in (*no, *yes)}
    tensors |= {"model.norm.weight": torch.zeros(2), "model.layers.0.mlp.down_proj.bias": matrix.clone()}
    save_file(tensors, tmp_path / "model.safetensors")
    assert linear_modules(tmp_path) == ("gate_proj", "query_key_value", "w1")
    assert lora_parameters({name: tuple(one.shape) for name, one in tensors.items()}, 16) == 16 * (2 + 2) * len(yes)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"learning_rate": 0.0}, r"learning rate is 0\.0\. It must be from 1e-08 to 0\.5\."),
        ({"learning_rate": -1.0}, r"learning rate is -1\.0\."),
        ({"learning_rate": 1e6}, r"learning rate is 1000000\.0\."),
        ({"learning_rate": float("nan")}, r"learning rate is nan\."),
        ({"rank": 0}, r"rank is 0\. It must be from 1 to 512\."),
        ({"epochs": 1e9}, r"epochs is 1000000000\.0\."),
        ({"batch_size": 0}, r"batch size is 0\."),
        ({"targets": "q_proj,nope"}, r"has no module 'nope' to adapt\. Choose all-linear, or among: in_proj, k_proj"),
        ({"method": "ia3", "dora": True}, r"dora is a switch of LoRA, and the method is ia3\."),
        ({"method": "full", "targets": "w1"}, r"Full fine-tuning changes every module\."),
        ({"method": "magic"}, r"method is 'magic'\. Choose one of: lora, ia3, qlora, full\."),
    ],
)
def test_a_setting_that_cannot_be_is_refused_before_a_run_is_ordered(
    workspace: Workspace, home: Path, values: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(UserError, match=sentence):
        order_training(workspace, "refused", config(home, **values), str(home / "rows.jsonl"))
    assert not [run for run in jobs.list_runs(workspace) if run.name == "refused"]


def test_qlora_says_what_is_missing() -> None:
    assert lacking(package=False, gpu=False) == (
        "QLoRA is not possible here: the package bitsandbytes and an NVIDIA GPU are missing."
    )
    assert lacking(package=True, gpu=False) == "QLoRA is not possible here: an NVIDIA GPU is missing."
    assert lacking(package=True, gpu=True) == ""


def test_a_gpu_is_known_by_its_drivers_files_or_its_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Path("/proc/driver/nvidia/version") in GPU_FILES
    assert Path("/usr/lib/wsl/lib/libcuda.so.1") in GPU_FILES, "of WSL2, where /dev/dxg stands for any GPU"
    monkeypatch.setenv("PATH", str(tmp_path))
    files = (tmp_path / "version", tmp_path / "libcuda.so.1")
    assert not gpu(files)
    for one in files:
        one.touch()
        assert gpu(files)
        one.unlink()
    tool = tmp_path / "nvidia-smi"
    tool.touch(mode=0o755)
    assert gpu(files)


@pytest.mark.skipif(not unavailable("qlora"), reason="QLoRA is possible on this machine")
def test_qlora_is_refused_with_the_reason_before_a_run_is_ordered(workspace: Workspace, home: Path) -> None:
    with pytest.raises(UserError, match=r"QLoRA is not possible here: .* missing\. Choose lora"):
        order_training(workspace, "refused", config(home, method="qlora"), str(home / "rows.jsonl"))


@pytest.mark.parametrize(("value", "sentence"), [("abc", "learning rate is 'abc'."), ("0", "learning rate is 0.0.")])
def test_the_shell_refuses_a_bad_setting_with_one_sentence(
    home: Path, capsys: pytest.CaptureFixture[str], value: str, sentence: str
) -> None:
    arguments = ["train", "--name", "x", "--train", str(home / "rows.jsonl"), "--learning-rate", value]
    assert main(parser(), arguments) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"Error: {sentence}")
    assert len(said.splitlines()) == 1
