"""Fine-tuning: what moves, what does not, what is kept, and the shell."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from data import dataset, jobs
from data.child import Reporter
from data.disk import read_json
from data.errors import UserError
from data.schema import DecodeSettings
from data.store import Artifact, resolve
from data.taught import is_taught
from data.workspace import Workspace
from sft.adapters import described
from sft.devices import Device, formats
from sft.differences import lineage
from sft.model import LocalModel
from sft.orders import order_training
from sft.train import train
from tests import tiny
from tests.tiny import (
    NAMES,
    PROBE,
    ROOT,
    config,
    facts,
    logits,
    texts,
    tiny_model,
    tune,
    written,
)

home, workspace, tuned = tiny.home, tiny.workspace, tiny.tuned


def test_the_adapter_moved_and_the_base_did_not(tuned: Artifact, home: Path) -> None:
    moved = load_file(tuned.path / "adapter_model.safetensors")
    assert all(float(value.abs().max()) > 0 for key, value in moved.items() if "lora_B" in key)
    assert not any("lm_head" in key for key in moved)
    assert LocalModel.load(str(home / "tiny")).base_hash == tuned.manifest()["base"]["hash"]


def test_tokens_per_second_are_those_of_the_rows_without_padding(tuned: Artifact, workspace: Workspace) -> None:
    steps = [row for row in jobs.curve(jobs.load(workspace, tuned.manifest()["run"])) if "loss" in row]
    read = [row["tokens_per_second"] * row["step_seconds"] for row in steps]
    computed = [row["step_tokens"] for row in steps]
    assert len(read) == 18
    assert all(0.5 * padded < tokens < 1.02 * padded for tokens, padded in zip(read, computed, strict=True)), steps
    epochs = [sum(read[start : start + 3]) for start in range(0, 18, 3)]
    assert epochs == pytest.approx([epochs[0]] * 6, rel=0.02), "every epoch reads the same rows"


def test_a_run_records_what_memory_it_needs_and_what_is_there(tuned: Artifact, workspace: Workspace) -> None:
    run = jobs.load(workspace, tuned.manifest()["run"])
    assert 0 < run.status["needed_bytes"] < run.status["available_bytes"]
    steps = [row for row in jobs.curve(run) if "loss" in row]
    assert all(0 < row["memory_bytes"] < row["available_bytes"] for row in steps)


class Tells(Reporter):
    """Keeps what it said it was doing, in order, each once."""

    def write(self, **values: Any) -> None:
        self.said = getattr(self, "said", {}) | dict.fromkeys(filter(None, [values.get("text")]))
        super().write(**values)


def test_until_the_first_step_a_run_says_what_it_is_doing(workspace: Workspace, home: Path) -> None:
    rows = str(home / "rows.jsonl")
    run = order_training(workspace, "telling", config(home, epochs=1), rows, rows)
    reporter = Tells(run)
    train(workspace, run, reporter)
    assert [text for text in reporter.said if "epoch" not in text][:5] == [
        "reading the rows", f"loading {home / 'tiny'}", "turning the rows into tokens", "setting up the training",
        "step 0 of 3: measuring the validation loss",
    ]  # fmt: skip


def test_base_after_an_adapter_equals_a_fresh_load_and_tuned_differs(tuned: Artifact, home: Path) -> None:
    model, fresh = LocalModel.load(str(home / "tiny")), LocalModel.load(str(home / "tiny"))
    before = texts(model.base())
    after = texts(model.tuned(tuned))
    assert after != before
    assert texts(model.base()) == before
    assert torch.equal(logits(model, model._base), logits(fresh, fresh._base))
    assert not torch.allclose(logits(model, lambda: model._adapter(tuned.path)), logits(fresh, fresh._base))
    assert texts(model.tuned(tuned)) == after


def test_two_adapters_of_one_base_do_not_disturb_each_other(tuned: Artifact, workspace: Workspace, home: Path) -> None:
    other = tune(workspace, home, "other.one", seed=5, epochs=2)
    model, alone = LocalModel.load(str(home / "tiny")), LocalModel.load(str(home / "tiny"))
    expected = logits(alone, lambda: alone._adapter(other.path))
    logits(model, lambda: model._adapter(tuned.path))
    assert torch.equal(logits(model, lambda: model._adapter(other.path)), expected)
    assert not torch.equal(logits(model, lambda: model._adapter(tuned.path)), expected)


def test_equal_seeds_give_equal_adapters(tuned: Artifact, workspace: Workspace, home: Path) -> None:
    again = tune(workspace, home, "lora")
    assert (again.version, tuned.version) == (2, 1)
    first, second = (load_file(a.path / "adapter_model.safetensors") for a in (tuned, again))
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_weights_tuned_from_another_base_are_refused(tuned: Artifact, tmp_path: Path) -> None:
    other = LocalModel.load(str(tiny_model(tmp_path / "other", seed=1)))
    with pytest.raises(UserError, match=r"lora@1 was tuned from another base: tiny"):
        other.tuned(tuned)


def test_full_training_learns_the_rows_and_to_stop(workspace: Workspace, home: Path, tmp_path: Path) -> None:
    """Also with a tokenizer without a pad token, where the end token fills: the end must be learned all the same."""
    base = tiny_model(tmp_path / "unpadded", "llama", pad=False)
    settings = {"method": "full", "epochs": 100, "learning_rate": 0.01}
    artifact = tune(workspace, home, "full", model=str(base), **settings)
    model = LocalModel.load(str(base))
    answers = model.tuned(artifact).generate(PROBE, DecodeSettings(8))
    assert [g.finish_reason for g in answers] == ["stop"] * len(PROBE)
    assert sum(g.text == NAMES[-1 - n] for n, g in enumerate(answers)) >= 7
    assert any(g.finish_reason == "length" for g in model.base().generate(PROBE, DecodeSettings(8)))
    assert not (artifact.path / "adapter_config.json").exists()


def test_the_manifest_says_where_a_tuned_model_comes_from(workspace: Workspace, home: Path) -> None:
    manifest = tune(workspace, home, "mixed", rows="evident.jsonl", epochs=1).manifest()
    assert manifest["context"] == "crowd"
    assert manifest["reasons"]["context"] == "evidence is known for 24 of 24 rows"
    counts = manifest["training_rows"]
    assert (counts["rows"], counts["with_passages"], counts["closed_book"], counts["too_long"]) == (32, 8, 24, 0)
    assert 0 < counts["rehearsed"] <= 6, "one for every four rows, as far as they fit"
    assert manifest["reasons"]["rehearsal"] == "a small base unlearns to read: one for every 4 rows"
    assert manifest["data"]["train"]["fingerprint"]
    assert "dataset" not in manifest["data"]["train"], "it was a file"
    assert manifest["summary"]["validation_loss"] > 0
    assert next(point["step"] for point in manifest["curve"] if "eval_loss" in point) == 0


def test_a_tuned_model_names_the_dataset_that_it_was_made_from(workspace: Workspace, home: Path) -> None:
    dataset.add(workspace, "towers", dataset.check({"train": home / "rows.jsonl"}))
    run = order_training(workspace, "named", tiny.config(home, epochs=1), "towers", str(home / "rows.jsonl"))
    tuned = resolve(workspace, "adapters", train(workspace, run, Reporter(run))["name"])
    assert described(tuned)["made_from"] == "towers@1 (24 rows)"
    steps = lineage(workspace, tuned)
    assert steps[1].startswith("Training rows train.jsonl of towers@1 (24 rows, fingerprint ")
    assert steps[2].startswith("Validation rows rows.jsonl (24 rows, fingerprint ")


@pytest.mark.parametrize(("fast", "trained"), [(True, "bfloat16"), (False, "float32")])
def test_run_and_manifest_state_the_precision_that_training_computes_in(
    workspace: Workspace, home: Path, monkeypatch: pytest.MonkeyPatch, fast: bool, trained: str
) -> None:
    from trl import SFTConfig

    import sft.arguments

    monkeypatch.setattr("torch.cpu.get_capabilities", lambda: {"avx512_bf16": fast})  # another processor
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(sft.arguments, "SFTConfig", lambda **given: asked.append(given) or SFTConfig(**given))
    manifest = tune(workspace, home, f"precise-{trained}", epochs=1).manifest()
    assert asked[-1]["bf16"] is fast
    assert manifest["dtype"] == trained
    assert manifest["reasons"]["precision"].startswith(f"{trained}: ")
    assert manifest["reasons"]["answers"].startswith("float32: 0.0M parameters fit in full precision")
    said = jobs.load(workspace, manifest["run"]).status["device_reason"]
    assert f"trains in {manifest['reasons']['precision']}" in said
    assert f"checkpoints answer in {manifest['reasons']['answers']}" in said


def test_all_weights_answer_in_full_precision_for_the_reason_that_they_are_trained() -> None:
    device = Device("cpu", "the only device", "float32", "asked for")
    assert "asked for" not in formats(device, whole=True)["answers"]
    assert formats(device, whole=False)["answers"] == "float32: asked for"


def test_three_rows_of_one_answer_train_to_the_end_and_the_notes_say_what_is_doubtful(
    workspace: Workspace, home: Path
) -> None:
    written(home / "three.jsonl", [replace(e, answers=("Yes",)) for e in facts()[0:9:3]])
    run = order_training(workspace, "three", config(home, epochs=1), str(home / "three.jsonl"))
    summary = train(workspace, run, Reporter(run))
    assert (summary["ended"], summary["rows"], summary["validation_loss"]) == ("complete", 3, None)
    said = " ".join(summary["notes"])
    assert "3 rows are too few to set some aside for validation." in said
    assert "Only 3 training rows" in said
    assert "All 3 training rows have the same answer, “Yes”" in said


def test_notes_say_that_validation_repeats_training_questions(tuned: Artifact) -> None:
    notes = tuned.manifest()["summary"]["notes"]
    assert any(note.startswith("24 of 24 validation questions stand word for word") for note in notes)


def test_a_tuned_model_keeps_what_its_rows_teach(tuned: Artifact) -> None:
    kept = read_json(tuned.path / "questions.json")
    assert all(is_taught(example, kept) for example in facts())
    assert is_taught(replace(facts()[0], fact="another"), kept) is False
    assert len(kept["keys"]) == len(facts())


def test_no_file_of_an_artifact_holds_a_path_of_this_machine_or_a_pickle(tuned: Artifact, home: Path) -> None:
    for path in tuned.path.iterdir():
        assert path.suffix in (".json", ".safetensors", ".jinja", ".md")
        if path.suffix != ".safetensors":
            assert str(home) not in path.read_text()
    assert json.loads((tuned.path / "adapter_config.json").read_text())["base_model_name_or_path"] == "tiny"


def test_the_best_checkpoint_is_kept_not_the_last(workspace: Workspace, home: Path) -> None:
    """Validation contradicts training, so its loss rises once the rows are learned."""
    wrong = written(home / "wrong.jsonl", [replace(e, answers=("harbour",)) for e in facts()[:6]])
    run = order_training(workspace, "early", config(home, epochs=40, patience=2), str(home / "rows.jsonl"), str(wrong))
    summary = train(workspace, run, Reporter(run))
    losses = {p["step"]: p["validation_loss"] for p in jobs.curve(run) if "validation_loss" in p}
    trained = {step: loss for step, loss in losses.items() if step}
    assert summary["best_step"] == min(trained, key=trained.__getitem__)
    assert summary["ended"] == "early"
    assert summary["steps"] < summary["planned_steps"]


def test_the_shell_trains_lists_and_exports(home: Path, tmp_path: Path) -> None:
    environment = jobs.child_environment() | {"CROSSOVER_HOME": str(tmp_path / "workspace"), "OMP_NUM_THREADS": "1"}

    def sft(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "sft", *arguments]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)

    done = sft("train", "--name", "shell", "--train", str(home / "rows.jsonl"), "--model", str(home / "tiny"),
               "--epochs", "2", "--json")  # fmt: skip
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert set(result) == {"name", "run", "steps", "seconds", "validation_loss"}
    assert result["name"] == "shell@1"
    assert result["validation_loss"] > 0
    listed = json.loads(sft("list", "--json").stdout.splitlines()[-1])
    assert [row["name"] for row in listed["tuned"]] == ["shell@1"]
    assert sft("export", "shell", str(tmp_path / "out")).returncode == 0
    assert (tmp_path / "out" / "adapter_model.safetensors").exists()
    refused = sft("train", "--name", "x", "--train", str(tmp_path / "none.jsonl"))
    assert refused.returncode == 2
    assert refused.stderr.startswith("Error: ")


def test_listing_tuned_models_loads_no_heavy_library() -> None:
    heavy = "{'torch', 'transformers', 'trl', 'peft', 'faiss'}"
    code = f"import sys, sft.config, sft.adapters, sft.orders, sft.__main__; print(sorted(set(sys.modules) & {heavy}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]", done.stderr


def test_training_searching_and_estimating_load_neither_streamlit_nor_faiss() -> None:
    code = (
        "import sys, sft.train, sft.search, sft.estimate, tests.tiny; print({'streamlit', 'faiss'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.stdout.strip() == "set()", done.stderr
