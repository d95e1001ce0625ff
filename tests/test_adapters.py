"""Tuned models: export, import, merge; nothing that does not fit comes in."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from data.errors import UserError
from data.leakage import audit
from data.schema import Example
from data.store import Artifact, versions
from data.workspace import Workspace
from sft import adapters
from sft.foreign import take_in
from sft.merge import merged
from sft.model import LocalModel
from tests import tiny
from tests.tiny import (
    logits,
    texts,
)

home, workspace, tuned = tiny.home, tiny.workspace, tiny.tuned


def test_export_then_import_gives_equal_logits(
    tuned: Artifact, workspace: Workspace, home: Path, tmp_path: Path
) -> None:
    adapters.export(tuned, tmp_path / "out")
    with pytest.raises(UserError, match="not empty"):
        adapters.export(tuned, tmp_path / "out")
    back = take_in(workspace, tmp_path / "out", "back", str(home / "tiny"))
    model = LocalModel.load(str(home / "tiny"))
    ours, theirs = (logits(model, lambda a=a: model._adapter(a.path)) for a in (tuned, back))
    assert torch.equal(ours, theirs)
    assert back.manifest()["context"] == tuned.manifest()["context"]


def test_an_adapter_that_plain_peft_wrote_can_be_imported(workspace: Workspace, home: Path, tmp_path: Path) -> None:
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    network = AutoModelForCausalLM.from_pretrained(home / "tiny")
    get_peft_model(network, LoraConfig(r=2, target_modules="all-linear")).save_pretrained(tmp_path / "foreign")
    artifact = take_in(workspace, tmp_path / "foreign")
    assert artifact.ref == "foreign@1"
    assert texts(LocalModel.load(str(home / "tiny")).tuned(artifact))


@pytest.mark.parametrize("harm", ["missing", "extra", "shape"])
def test_an_adapter_whose_tensors_do_not_fit_is_refused(
    tuned: Artifact, workspace: Workspace, home: Path, tmp_path: Path, harm: str
) -> None:
    shutil.copytree(tuned.path, tmp_path / "bad")
    tensors = load_file(tmp_path / "bad" / "adapter_model.safetensors")
    first = sorted(tensors)[0]
    if harm == "shape":
        tensors[first] = torch.zeros(3, 3)
    elif harm == "extra":
        tensors["base_model.model.somewhere.lora_A.weight"] = torch.zeros(2, 2)
    else:
        del tensors[first]
    save_file(tensors, tmp_path / "bad" / "adapter_model.safetensors")
    said = {"missing": "is missing", "extra": "is left over", "shape": r"is of another shape .* is \(3, 3\)"}[harm]
    with pytest.raises(UserError, match=f"1 of its tensors {said}"):
        take_in(workspace, tmp_path / "bad", model=str(home / "tiny"))


@pytest.mark.parametrize(
    ("harm", "said"),
    [("nan", "not finite"), ("inf", "not finite"), ("int8", "kind I8"), ("cut", "not a whole safetensors file")],
)
def test_weights_that_are_no_numbers_or_cut_off_are_refused(
    tuned: Artifact, workspace: Workspace, home: Path, tmp_path: Path, harm: str, said: str
) -> None:
    shutil.copytree(tuned.path, tmp_path / "bad")
    weights = tmp_path / "bad" / "adapter_model.safetensors"
    tensors = load_file(weights)
    last = sorted(tensors)[-1]
    if harm == "cut":
        weights.write_bytes(weights.read_bytes()[: weights.stat().st_size // 2])
    else:
        tensors[last] = tensors[last].to(torch.int8) if harm == "int8" else tensors[last] * float(harm)
        save_file(tensors, weights)
    with pytest.raises(UserError, match=said):
        take_in(workspace, tmp_path / "bad", model=str(home / "tiny"))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"lora_alpha": float("nan")}, "lora_alpha 'nan'"),
        ({"peft_type": ["LORA"]}, "of the kind"),
        ({"base_model_name_or_path": 7}, "base_model_name_or_path '7'"),
        ({"bias": "weird"}, "bias 'weird'"),
        ({"target_modules": "((.*)*)*Z"}, "target_modules"),
        ({"target_modules": ["q_proj", "("]}, "target_modules"),
        ({"rank_pattern": {"(": 4}}, "rank_pattern"),
        ({"r": 10**30}, "states the r"),
        ({"layers_pattern": "(.*)*"}, "layers_pattern"),
    ],
)
def test_a_configuration_of_anything_but_plain_values_is_refused(
    tuned: Artifact, workspace: Workspace, home: Path, tmp_path: Path, values: dict[str, Any], said: str
) -> None:
    shutil.copytree(tuned.path, tmp_path / "bad")
    settings = json.loads((tmp_path / "bad" / "adapter_config.json").read_text())
    (tmp_path / "bad" / "adapter_config.json").write_text(json.dumps(settings | values))
    with pytest.raises(UserError, match=re.escape(said)):
        take_in(workspace, tmp_path / "bad", model=str(home / "tiny"))


@pytest.mark.parametrize(
    ("part", "values", "said"),
    [
        ("", {"method": "full"}, "the method 'full'.' 'It must be one of lora, qlora"),
        ("", {"method": 5}, "the method '5'"),
        ("", {"base": "tiny"}, "does not state the base"),
        ("", {"summary": None}, "does not state the summary"),
        ("", {"data": {"train": {"file": "rows.jsonl"}}}, "the data"),
        ("", {"data": {"train": 5}}, "the data"),
        ("", {"settings": {"seed": [1]}}, "the settings"),
        ("", {"curve": [{"step": "one"}]}, "the curve"),
        ("", {"curve": [{"loss": 1.0}]}, "the curve"),
        ("", {"curve": [{"step": 1, "eval_metric": 0.5}]}, "the curve"),
        ("", {"criterion": {"keep": "metric", "stop": "last", "reason": "x"}}, "the criterion"),
        ("", {"criterion": {"keep": "luck", "stop": "last", "reason": "x"}}, "the criterion"),
        ("", {"context": "everything"}, "the context 'everything'"),
        ("", {"leakage": [5]}, "the leakage"),
        ("", {"instruction": "x" * 300_000}, "the instruction"),
        ("base", {"hash": "abc"}, "the base.hash 'abc'.' 'It must be 64 hexadecimal digits"),
        ("base", {"hash": 7}, "the base.hash"),
        ("base", {"id": "two\nlines"}, "the base.id"),
        ("base", {"id": 5}, "the base.id"),
        ("base", {"revision": "main"}, "the base.revision 'main'"),
        ("summary", {"metric": "luck"}, "the summary.metric 'luck'"),
        ("summary", {"metric_mean": 7}, "the summary.metric_mean '7'"),
        ("summary", {"steps": -1}, "the summary.steps '-1'"),
        ("summary", {"steps": True}, "the summary.steps 'True'"),
        ("summary", {"validation_loss": float("nan")}, "the summary.validation_loss 'nan'"),
        ("summary", {"ended": "well"}, "the summary.ended 'well'"),
        ("summary", {"notes": "one"}, "the summary.notes 'one'"),
    ],
)
def test_a_manifest_of_anything_but_plain_values_is_refused_and_nothing_is_stored(
    tuned: Artifact, workspace: Workspace, home: Path, tmp_path: Path, part: str, values: dict[str, Any], said: str
) -> None:
    shutil.copytree(tuned.path, tmp_path / "bad")
    manifest = json.loads((tmp_path / "bad" / "manifest.json").read_text())
    (manifest[part] if part else manifest).update(values)
    (tmp_path / "bad" / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(UserError) as refused:
        take_in(workspace, tmp_path / "bad", model=str(home / "tiny"))
    assert said.partition(".' '")[0] in refused.value.what
    assert said.partition(".' '")[2] in refused.value.fix
    assert versions(workspace, "adapters", "bad") == []


def test_a_leak_of_long_questions_comes_in_with_its_model(
    tuned: Artifact, workspace: Workspace, home: Path, tmp_path: Path
) -> None:
    question = "Who wrote this? " + "long " * 1_000
    rows = [Example("a", question, ("Ada",)), Example("b", f"Please say: {question}", ("Ada",))]
    found = audit(rows, rows[:1]).saved()
    assert found["same"] == (question,)
    shutil.copytree(tuned.path, tmp_path / "leaky")
    manifest = json.loads((tmp_path / "leaky" / "manifest.json").read_text())
    (tmp_path / "leaky" / "manifest.json").write_text(json.dumps(manifest | {"leakage": [found]}))
    made = take_in(workspace, tmp_path / "leaky", model=str(home / "tiny")).manifest()
    assert made["leakage"][0]["same"] == [question]


@pytest.mark.parametrize("taught", [{"keys": 5}, {"keys": [5]}, {"facts": []}, {"keys": [], "documents": {"a": "b"}}])
def test_strange_keys_of_training_questions_are_refused(
    tuned: Artifact, workspace: Workspace, home: Path, tmp_path: Path, taught: dict[str, Any]
) -> None:
    shutil.copytree(tuned.path, tmp_path / "bad")
    (tmp_path / "bad" / "questions.json").write_text(json.dumps({"format": 1, **taught}))
    with pytest.raises(UserError, match=r"questions\.json (states|does not state) the (keys|documents)"):
        take_in(workspace, tmp_path / "bad", model=str(home / "tiny"))


def test_what_a_manifest_adds_that_nobody_knows_stays_behind(
    tuned: Artifact, workspace: Workspace, home: Path, tmp_path: Path
) -> None:
    shutil.copytree(tuned.path, tmp_path / "more")
    manifest = json.loads((tmp_path / "more" / "manifest.json").read_text())
    manifest["summary"]["boast"], manifest["extra"], manifest["merged_from"] = "best", {"a": 1}, "other@1"
    (tmp_path / "more" / "manifest.json").write_text(json.dumps(manifest))
    made = take_in(workspace, tmp_path / "more", model=str(home / "tiny")).manifest()
    assert {"extra", "merged_from", "run"}.isdisjoint(made)
    assert "boast" not in made["summary"]
    assert {key: made["summary"][key] for key in ("steps", "validation_loss", "rows", "notes")} == {
        key: tuned.manifest()["summary"][key] for key in ("steps", "validation_loss", "rows", "notes")
    }
    assert made["curve"] == tuned.manifest()["curve"]


@pytest.mark.parametrize(("file", "said"), [("adapter_config.json", "cannot be read"),
                                            ("tokenizer_config.json", "cannot be read"),
                                            ("manifest.json", "(cannot be read|is damaged)")])  # fmt: skip
@pytest.mark.parametrize("text", ["[1]", "{" * 3 + '"a"', '{"a":' * 100_000])
def test_json_that_is_torn_deep_or_a_list_is_refused(
    tuned: Artifact, workspace: Workspace, home: Path, tmp_path: Path, file: str, said: str, text: str
) -> None:
    shutil.copytree(tuned.path, tmp_path / "bad")
    (tmp_path / "bad" / file).write_text(text)
    with pytest.raises(UserError, match=f"{file} {said}"):
        take_in(workspace, tmp_path / "bad", model=str(home / "tiny"))


def test_pickled_and_unusual_adapters_are_refused(tuned: Artifact, workspace: Workspace, tmp_path: Path) -> None:
    shutil.copytree(tuned.path, tmp_path / "bad")
    settings = json.loads((tmp_path / "bad" / "adapter_config.json").read_text())
    (tmp_path / "bad" / "adapter_config.json").write_text(json.dumps(settings | {"megatron_config": {"a": 1}}))
    with pytest.raises(UserError, match="megatron_config"):
        take_in(workspace, tmp_path / "bad")
    (tmp_path / "bad" / "adapter_model.safetensors").rename(tmp_path / "bad" / "adapter_model.bin")
    with pytest.raises(UserError, match="pickle"):
        take_in(workspace, tmp_path / "bad")


def test_merged_weights_answer_as_base_and_adapter_do(tuned: Artifact, workspace: Workspace, home: Path) -> None:
    whole = merged(workspace, tuned, str(home / "tiny"))
    assert whole.ref == "lora-merged@1"
    model = LocalModel.load(str(home / "tiny"))
    apart = logits(model, lambda: model._adapter(tuned.path))
    assert torch.allclose(logits(model, lambda: model._whole(whole.path)), apart, atol=1e-3)
    assert texts(model.tuned(whole)) == texts(model.tuned(tuned))
    with pytest.raises(UserError, match="full weights already"):
        merged(workspace, whole, str(home / "tiny"))
