"""Fine-tuning: what is trained on, what moves, what is kept, and that a stop or a kill loses nothing."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from data import child, jobs
from data.child import Reporter
from data.errors import Stopped, UserError
from data.prompts import ABSTAIN, INSTRUCTION, question_turn
from data.schema import DecodeSettings, Example
from data.store import Artifact, Workspace, open_workspace, resolve
from sft import adapters
from sft.checkpoints import is_whole, last_whole, seal
from sft.config import TrainConfig, filled
from sft.foreign import take_in
from sft.merge import merged
from sft.model import LocalModel
from sft.orders import order_training
from sft.progress import since_best
from sft.rows import context_for, conversations, prepare, split
from sft.train import train
from tests.test_model import tiny_model

ROOT = Path(__file__).resolve().parents[1]
NAMES = ["Ada", "Bremer", "Monday", "harbour", "green", "tower", "Vermeer", "closed"]
PROBE = [question_turn(f"Who leads {name}?", instruction=INSTRUCTION) for name in NAMES]


def facts(evidence: bool = False) -> list[Example]:
    """24 rows: eight facts, each asked in three wordings."""
    wordings = ("Who leads {0}?", "When is {0} closed?", "{0}: Answer?")
    return [
        Example(f"{n}-{w}", text.format(name), (NAMES[-1 - n],), fact=str(n),
                evidence=f"{NAMES[-1 - n]} leads {name}." if evidence else None)
        for n, name in enumerate(NAMES) for w, text in enumerate(wordings)
    ]  # fmt: skip


def written(path: Path, examples: list[Example]) -> Path:
    path.write_text("".join(json.dumps(
        {"id": e.id, "question": e.question, "answer": e.answers[0], "fact": e.fact, "evidence": e.evidence}
    ) + "\n" for e in examples))  # fmt: skip
    return path


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("sft")
    tiny_model(home / "tiny")
    written(home / "rows.jsonl", facts())
    written(home / "evident.jsonl", facts(evidence=True))
    return home


@pytest.fixture(scope="module")
def workspace(home: Path) -> Workspace:
    return open_workspace(home / "workspace")


def config(home: Path, **values: Any) -> TrainConfig:
    return replace(TrainConfig(model=str(home / "tiny"), epochs=6, learning_rate=0.02, batch_size=8), **values)


def tune(workspace: Workspace, home: Path, name: str, rows: str = "rows.jsonl", **values: Any) -> Artifact:
    run = order_training(workspace, name, config(home, **values), str(home / rows), str(home / rows))
    return resolve(workspace, "adapters", train(workspace, run, Reporter(run))["name"])


def texts(view: Any) -> list[str]:
    return [one.text for one in view.generate(PROBE, DecodeSettings(6))]


def logits(model: LocalModel, choose: Any) -> torch.Tensor:
    with choose() as network, torch.inference_mode():
        return network(torch.tensor([model.tokens.prompt(PROBE[0])])).logits.clone()


@pytest.fixture(scope="module")
def tuned(workspace: Workspace, home: Path) -> Artifact:
    return tune(workspace, home, "lora")


# what is trained on


def test_context_decides_which_prompts_a_row_becomes() -> None:
    known, unknown = facts(evidence=True)[0], facts()[0]
    assert [with_evidence for _, with_evidence in conversations(known, "mixed", "")] == [False, True]
    assert [with_evidence for _, with_evidence in conversations(known, "gold", "")] == [True]
    assert [with_evidence for _, with_evidence in conversations(known, "none", "")] == [False]
    for context in ("none", "gold", "mixed"):
        assert [with_evidence for _, with_evidence in conversations(unknown, context, "")] == [False]
    opened = conversations(known, "gold", "")[0][0]
    assert known.evidence in opened[0].content
    assert opened[-1].content == known.answers[0]


def test_an_unanswerable_row_teaches_to_abstain() -> None:
    row = Example("x", "What?", ("ignored",), answerable=False)
    assert conversations(row, "none", "")[0][0][-1].content == ABSTAIN


def test_the_default_context_follows_the_data_and_says_why() -> None:
    assert context_for("auto", facts(evidence=True)) == ("mixed", "evidence is known for 24 of 24 rows")
    assert context_for("auto", facts()) == ("none", "no row has evidence")
    chosen, reason = context_for("gold", facts())
    assert chosen == "none"
    assert "gold was asked for" in reason


def test_rows_too_long_are_left_out_and_counted_and_none_is_cut(home: Path) -> None:
    tokens = LocalModel.load(str(home / "tiny")).tokens
    whole = prepare(facts(), "none", "", tokens, 256)
    longest = max(map(len, whole.rows))
    some = prepare(facts(), "none", "", tokens, longest - 1)
    assert len(some.rows) + some.too_long == len(whole.rows) == 24
    assert some.too_long > 0
    assert {row.example for row in some.rows} == {row.example for row in whole.rows if len(row) < longest}
    assert all(row.answer[-1] == tokens.end for row in whole.rows)


def test_the_split_asks_taught_facts_in_other_words() -> None:
    rows = facts()
    learned, held, said = split(rows, seed=3)
    assert sorted(e.id for e in learned + held) == sorted(e.id for e in rows)
    assert {e.fact for e in held} <= {e.fact for e in learned}
    assert len({e.fact for e in held}) == len(held) == 2
    assert "in other words" in said
    assert split(rows, seed=3) == (learned, held, said)
    assert split(rows[:10], seed=3)[1] == []


def test_settings_left_open_are_filled_with_a_reason() -> None:
    small, reasons = filled(TrainConfig(), 5_000_000, 1024)
    large, _ = filled(TrainConfig(), 3_000_000_000, 32_768)
    assert small.learning_rate > large.learning_rate
    assert small.alpha == 32
    assert set(reasons) == {"learning_rate", "epochs", "alpha", "max_length"}
    asked, none = filled(TrainConfig(learning_rate=0.1, epochs=1, alpha=4, max_length=64), 5_000_000, 1024)
    assert asked.learning_rate == 0.1
    assert none == {}


@pytest.mark.parametrize("values", [{"learning_rate": 0.0}, {"rank": 0}, {"epochs": 1e9}, {"batch_size": 0},
                                    {"method": "magic"}])  # fmt: skip
def test_settings_outside_their_limits_are_refused(workspace: Workspace, home: Path, values: dict[str, Any]) -> None:
    before = len(jobs.list_runs(workspace))
    with pytest.raises(UserError, match=next(iter(values)).replace("_", " ")):
        order_training(workspace, "bad", config(home, **values), str(home / "rows.jsonl"))
    assert len(jobs.list_runs(workspace)) == before


def test_rows_changed_after_the_order_are_refused(workspace: Workspace, home: Path, tmp_path: Path) -> None:
    rows = written(tmp_path / "rows.jsonl", facts())
    run = order_training(workspace, "changed", config(home), str(rows))
    written(rows, facts()[1:])
    with pytest.raises(UserError, match=r"rows\.jsonl changed"):
        train(workspace, run, Reporter(run))


# what moves, and what does not


def test_the_adapter_moved_and_the_base_did_not(tuned: Artifact, home: Path) -> None:
    moved = load_file(tuned.path / "adapter_model.safetensors")
    assert all(float(value.abs().max()) > 0 for key, value in moved.items() if "lora_B" in key)
    assert not any("lm_head" in key for key in moved)
    assert LocalModel.load(str(home / "tiny")).base_hash == tuned.manifest()["base"]["hash"]


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
    artifact = tune(workspace, home, "full", model=str(base), method="full", epochs=60, learning_rate=0.005, patience=0)
    model = LocalModel.load(str(base))
    answers = model.tuned(artifact).generate(PROBE, DecodeSettings(8))
    assert [g.finish_reason for g in answers] == ["stop"] * len(PROBE)
    assert sum(g.text == NAMES[-1 - n] for n, g in enumerate(answers)) >= 7
    assert any(g.finish_reason == "length" for g in model.base().generate(PROBE, DecodeSettings(8)))
    assert not (artifact.path / "adapter_config.json").exists()


# what is kept


def test_the_manifest_says_where_a_tuned_model_comes_from(workspace: Workspace, home: Path) -> None:
    manifest = tune(workspace, home, "mixed", rows="evident.jsonl", epochs=1).manifest()
    assert manifest["context"] == "mixed"
    assert manifest["reasons"]["context"] == "evidence is known for 24 of 24 rows"
    counts = manifest["training_rows"]
    assert (counts["rows"], counts["with_evidence"], counts["closed_book"]) == (48, 24, 24)
    assert manifest["data"]["train"]["fingerprint"]
    assert manifest["summary"]["validation_loss"] > 0
    assert [point["step"] for point in manifest["curve"] if "eval_loss" in point][0] == 0


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


def test_evaluations_since_the_best() -> None:
    assert since_best([]) == 0
    assert since_best([(0, 3.0), (1, 2.0), (2, 2.5), (3, 2.1)]) == 2


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
    with pytest.raises(UserError, match="1 tensors are missing, left over or of another shape"):
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


# stop, kill, resume


class StopsAt(Reporter):
    """A reporter whose user asks for a stop after so many steps."""

    at = 4

    def step(self, done: float, total: float, text: str) -> None:
        if done >= self.at:
            jobs.request_stop(self.run)
        super().step(done, total, text)


def test_a_stop_keeps_the_best_so_far_and_resuming_finishes(tuned: Artifact, workspace: Workspace, home: Path) -> None:
    rows = str(home / "rows.jsonl")
    run = order_training(workspace, "stopped", config(home), rows, rows)
    with pytest.raises(Stopped) as stopped:
        train(workspace, run, StopsAt(run))
    kept = stopped.value.summary
    assert kept["name"] == "stopped@1"
    assert (kept["ended"], kept["steps"]) == ("stopped", 4)
    assert resolve(workspace, "adapters", "stopped@1").manifest()["summary"]["ended"] == "stopped"
    (run.folder / "stop").unlink()
    finished = train(workspace, run, Reporter(run))
    assert (finished["name"], finished["ended"], finished["steps"]) == ("stopped@2", "complete", 18)
    never_stopped = load_file(tuned.path / "adapter_model.safetensors")
    resumed = load_file(resolve(workspace, "adapters", "stopped@2").path / "adapter_model.safetensors")
    assert all(torch.equal(never_stopped[key], resumed[key]) for key in resumed)
    assert train(workspace, run, Reporter(run))["name"] == "stopped@2"  # a finished run is not trained again


def test_a_half_written_checkpoint_is_never_resumed_from(tmp_path: Path) -> None:
    for step in (2, 10):
        (tmp_path / f"checkpoint-{step}").mkdir()
        (tmp_path / f"checkpoint-{step}" / "weights").write_text("1")
    seal(tmp_path / "checkpoint-2")
    assert last_whole(tmp_path) == tmp_path / "checkpoint-2"
    assert not (tmp_path / "checkpoint-10").exists()
    (tmp_path / "checkpoint-2" / "weights").write_text("2")
    assert not is_whole(tmp_path / "checkpoint-2")


def test_a_run_killed_with_kill_9_is_died_and_its_resumption_ends(workspace: Workspace, home: Path) -> None:
    rows = str(home / "rows.jsonl")
    run = order_training(workspace, "killed", config(home, epochs=600, patience=0), rows, rows)
    process = jobs.start(workspace, run)
    deadline = time.monotonic() + 60
    while not list((run.folder / "checkpoints").glob("checkpoint-*/whole.json")) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    died = jobs.load(workspace, run.id)
    assert died.state == "died"
    assert last_whole(run.folder / "checkpoints") is not None
    order = json.loads((run.folder / "run.json").read_text())
    order["config"]["epochs"] = 70  # enough to show that it goes on; the rest would only take time
    (run.folder / "run.json").write_text(json.dumps(order))
    assert child.run(workspace, run.id, lambda this, reporter: train(workspace, this, reporter), True) == 0
    ended = jobs.load(workspace, run.id)
    assert ended.state == "done"
    assert ended.status["summary"]["steps"] == 210
    assert [p["step"] for p in jobs.curve(ended) if "validation_loss" in p].count(0) == 1


def test_a_loss_that_is_no_number_ends_the_run_with_a_sentence(
    workspace: Workspace, home: Path, tmp_path: Path
) -> None:
    base = tiny_model(tmp_path / "broken")
    weights = load_file(base / "model.safetensors")
    save_file({k: v * float("nan") for k, v in weights.items()}, base / "model.safetensors", {"format": "pt"})
    run = order_training(workspace, "nan", config(home, model=str(base)), str(home / "rows.jsonl"))
    with pytest.raises(UserError, match="loss became nan at step 0.*lower learning rate"):
        train(workspace, run, Reporter(run))


# the shell


def test_the_shell_trains_lists_and_exports(home: Path, tmp_path: Path) -> None:
    environment = jobs.child_environment() | {"CROSSOVER_HOME": str(tmp_path / "workspace"), "OMP_NUM_THREADS": "1"}

    def sft(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "sft", *arguments]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)

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
