"""Tuned models kept: names that change while ids stay, deletion that looks first, what differs, ZIPs out and in."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import torch
from safetensors.torch import load_file

from data import child, jobs
from data.child import Reporter
from data.disk import write_json
from data.errors import UserError
from data.schema import DecodeSettings
from data.store import Artifact, resolve, staging, versions
from data.workspace import Workspace, open_workspace
from sft import __main__ as shell
from sft import naming
from sft.adapters import finish
from sft.bases import base_of, known, same_base
from sft.chores import CHORES, order_export, order_import, order_merge
from sft.differences import differences, lineage
from sft.model import LocalModel
from sft.orders import order_training
from sft.train import train
from tests import tiny
from tests.tiny import NAMES, ROOT, config, logits, texts, tiny_model, tune

home, workspace, tuned = tiny.home, tiny.workspace, tiny.tuned


def done(workspace: Workspace, run: jobs.Run) -> dict[str, Any]:
    """Carry out a chore in this process, as its child would; its summary."""
    code = child.run(workspace, run.id, lambda this, reporter: CHORES[this.kind](workspace, this, reporter), False)
    status = jobs.load(workspace, run.id).status
    assert code == 0, status
    return status["summary"]


def named(workspace: Workspace, name: str) -> Artifact:
    """A copy of the tuned model under a name of its own, so that tests do not meet."""
    source = resolve(workspace, "adapters", "lora")
    run = order_import(workspace, source.path, name)
    return resolve(workspace, "adapters", done(workspace, run)["name"])


# --- the base stays as it was -----------------------------------------------------------------------------------------


def test_base_weights_are_the_same_to_the_bit_after_training_an_adapter(
    workspace: Workspace, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sft.train

    settled, settle = [], sft.train.settle
    monkeypatch.setattr(sft.train, "settle", lambda *given: settled.append(settle(*given)) or settled[0])
    run = order_training(workspace, "bits", config(home, epochs=1), str(home / "rows.jsonl"), str(home / "rows.jsonl"))
    train(workspace, run, Reporter(run))
    trained = {key.replace(".base_layer", ""): value for key, value in settled[0].model.network.state_dict().items()}
    before = LocalModel.load(str(home / "tiny")).network.state_dict()
    assert all(torch.equal(trained[key], value) for key, value in before.items())
    moved = {key: value for key, value in trained.items() if "lora_B" in key}
    assert moved
    assert all(float(value.abs().max()) > 0 for value in moved.values())


def test_with_padding_that_is_the_end_token_a_tuned_model_still_stops(workspace: Workspace, tmp_path: Path) -> None:
    base = tiny_model(tmp_path / "endpad", "llama", pad=False)
    settings = json.loads((base / "tokenizer_config.json").read_text())
    (base / "tokenizer_config.json").write_text(json.dumps(settings | {"pad_token": settings["eos_token"]}))
    rows = tiny.written(tmp_path / "rows.jsonl", tiny.facts())
    held = tiny.written(tmp_path / "held.jsonl", tiny.facts()[:3])
    settings = config(tmp_path, model=str(base), epochs=30, learning_rate=0.01, patience=0)
    run = order_training(workspace, "endpad", settings, str(rows), str(held))
    artifact = resolve(workspace, "adapters", train(workspace, run, Reporter(run))["name"])
    model = LocalModel.load(str(base))
    assert model.tokenizer.pad_token_id == model.tokenizer.eos_token_id
    asked = [tiny.question_turn(form.format(name), instruction=tiny.INSTRUCTION) for name in NAMES
             for form in ("Who leads {0}?", "When is {0} closed?", "{0}: Answer?")]  # fmt: skip
    answers = model.tuned(artifact).generate(asked, DecodeSettings(8))
    assert sum(one.finish_reason == "stop" for one in answers) >= 0.95 * len(asked)
    assert any(one.finish_reason == "length" for one in model.base().generate(asked, DecodeSettings(8)))


# --- names ------------------------------------------------------------------------------------------------------------


def test_a_renamed_model_goes_by_its_new_name_and_runs_still_find_its_id(tuned: Artifact, workspace: Workspace) -> None:
    first = named(workspace, "before")
    bench = jobs.order(workspace, "bench", "cmp", {"systems": [{"tuned": first.ref}]}, {})
    assert naming.rename(workspace, "before", "after") == "before"
    assert resolve(workspace, "adapters", "after").path == first.path
    assert resolve(workspace, "adapters", "after@1") == resolve(workspace, "adapters", "before@1") == first
    assert naming.shown(workspace, first.ref) == "after@1"
    assert jobs.load(workspace, bench.id).order["config"]["systems"][0]["tuned"] == first.ref
    assert named(workspace, "after").ref == "before@2", "the next version lies beside the first"
    with pytest.raises(UserError, match=r"'before' was renamed to 'after'"):
        order_import(workspace, first.path, "before")
    with pytest.raises(UserError, match="Another tuned model is named 'lora'"):
        naming.rename(workspace, "after", "lora")
    with pytest.raises(UserError, match="is not a name"):
        naming.rename(workspace, "after", "../up")
    named(workspace, "third")
    with pytest.raises(UserError, match="Another tuned model is named 'after'"):
        naming.rename(workspace, "third", "after")
    naming.rename(workspace, "after", "before")
    assert naming.shown(workspace, first.ref) == first.ref
    with pytest.raises(UserError, match="no tuned model named 'after'"):
        resolve(workspace, "adapters", "after")


def test_deleting_looks_at_the_runs_that_name_it_and_leaves_the_newest_in_use(
    tuned: Artifact, workspace: Workspace
) -> None:
    for _ in range(3):
        named(workspace, "gone")
    with pytest.raises(UserError, match="has 3 versions"):
        naming.delete(workspace, "gone")
    jobs.order(workspace, "bench", "uses", {"systems": [{"tuned": "gone@3"}]}, {})
    with pytest.raises(UserError, match="now"):  # ordered a moment ago: it counts as under way
        naming.delete(workspace, "gone@3", force=True)
    assert resolve(workspace, "adapters", "gone").version == 3
    assert naming.delete(workspace, "gone@1") == ["gone@1"]
    assert versions(workspace, "adapters", "gone") == [2, 3]
    with pytest.raises(UserError, match="now"):
        naming.delete(workspace, "gone", every=True)


def test_a_finished_run_keeps_a_model_until_forced(tuned: Artifact, workspace: Workspace) -> None:
    for _ in range(2):
        named(workspace, "kept")
    run = jobs.order(workspace, "bench", "finished", {"systems": [{"tuned": "kept@2"}]}, {})
    child.run(workspace, run.id, lambda this, reporter: {}, False)
    with pytest.raises(UserError, match=r"kept@2 is named by 1 runs"):
        naming.delete(workspace, "kept@2")
    assert resolve(workspace, "adapters", "kept").version == 2, "a refusal changes nothing"
    assert naming.delete(workspace, "kept@2", force=True) == ["kept@2"]
    assert resolve(workspace, "adapters", "kept").version == 1
    assert naming.delete(workspace, "kept@1") == ["kept@1"]
    with pytest.raises(UserError, match="no tuned model named 'kept'"):
        resolve(workspace, "adapters", "kept")


# --- what it is -------------------------------------------------------------------------------------------------------


def test_two_models_side_by_side_mark_the_settings_and_results_that_differ(
    tuned: Artifact, workspace: Workspace, home: Path
) -> None:
    other = tune(workspace, home, "short", epochs=1)
    rows = {row.what: row for row in differences(tuned.manifest(), other.manifest())}
    assert (rows["epochs"].first, rows["epochs"].second, rows["epochs"].differs) == (6, 1, True)
    assert rows["validation loss"].differs
    assert rows["steps"].differs
    assert not rows["base weights"].differs
    assert not rows["rank"].differs
    assert not rows["training rows"].differs


def test_lineage_goes_from_base_and_data_to_the_merged_model_and_survives_deletion(
    tuned: Artifact, workspace: Workspace
) -> None:
    source = named(workspace, "parent")
    made = resolve(workspace, "adapters", done(workspace, order_merge(workspace, source.ref, name="whole"))["name"])
    steps = lineage(workspace, made)
    assert steps[0].startswith("Base tiny (weights ")
    assert steps[1].startswith("Training rows rows.jsonl (24 rows, fingerprint ")
    assert steps[-3:] == ["Imported from 1, made elsewhere", "Adapter parent@1, merged into its base",
                          "Full weights whole@1"]  # fmt: skip
    naming.delete(workspace, "parent")
    assert "parent@1, since deleted" in lineage(workspace, made)[-2]
    with pytest.raises(UserError, match="full weights already"):
        order_merge(workspace, made.ref)


def test_the_base_of_a_folder_is_found_where_a_run_named_it(tuned: Artifact, workspace: Workspace, home: Path) -> None:
    assert base_of(workspace, tuned.manifest()) == str(home / "tiny")
    assert known(workspace)[0] == "pocket"
    assert str(home / "tiny") in known(workspace)
    assert same_base(str(home / "tiny"), tuned.manifest())
    assert not same_base("pocket", tuned.manifest())


def test_a_folder_that_a_failed_import_named_is_not_taken_for_the_base(
    tuned: Artifact, workspace: Workspace, home: Path, tmp_path: Path
) -> None:
    (tmp_path / "tiny").mkdir()
    run = jobs.order(workspace, "import", "wrong", {"base": str(tmp_path / "tiny")}, {})
    write_json(run.folder / "status.json", {"state": "failed", "error": {"what": "It is another.", "fix": "Name it."}})
    assert base_of(workspace, tuned.manifest()) == str(home / "tiny")
    elsewhere = {"base": {"id": "far", "revision": None}}
    (tmp_path / "far").mkdir()
    for state in ("failed", "done"):
        told = jobs.order(workspace, "import", f"far-{state}", {"base": str(tmp_path / "far")}, {})
        write_json(told.folder / "status.json", {"state": state})
        assert base_of(workspace, elsewhere) == (str(tmp_path / "far") if state == "done" else "far")


def test_list_and_model_card_say_what_it_scored_on_how_much_and_what_it_was_made_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CROSSOVER_HOME", str(tmp_path / "home"))
    own, score = open_workspace(tmp_path / "home"), "exact match 75.0 % (65.0 to 85.0, n = 20)"
    measured = {"metric": "exact_match", "metric_mean": 0.75, "metric_low": 0.65, "metric_high": 0.85, "metric_n": 20}
    facts = {
        "method": "lora", "base": {"id": "pocket", "hash": "b" * 64}, "run": "the-run",
        "data": {"train": {"file": "a.jsonl", "fingerprint": "f" * 64, "examples": 9, "refused": 0}},
        "summary": {"ended": "complete", "validation_loss": 0.5, **measured},
    }  # fmt: skip
    merged = facts | {"method": "merged", "merged_from": "one@1", "summary": {"ended": "complete"}}
    cards = []
    for name, manifest in (("one", facts), ("two", merged)):
        with staging(own, "adapters") as folder:
            cards.append((finish(own, name, folder, manifest).path / "README.md").read_text())
    assert f"| validation answers | {score} |" in cards[0]
    assert "validation answers" not in cards[1]
    assert shell.main(shell.parser(), ["list"]) == 0
    first, under_first, second, under_second = capsys.readouterr().out.splitlines()
    assert first.split()[:4] == ["one@1", "lora", "base", "pocket"]
    assert under_first == f"  {score}; from a.jsonl (9 rows), run the-run"
    assert second.startswith("two@1")
    assert under_second == "  its answers were not measured; from adapter one@1, run the-run"


# --- out and in -------------------------------------------------------------------------------------------------------


def test_a_zip_goes_out_and_comes_back_with_equal_logits(
    tuned: Artifact, workspace: Workspace, home: Path, tmp_path: Path
) -> None:
    summary = done(workspace, order_export(workspace, tuned.ref, tmp_path / "out.zip"))
    assert summary["file"] == str(tmp_path / "out.zip")
    with ZipFile(tmp_path / "out.zip") as packed:
        assert packed.testzip() is None
        files = {Path(name).name for name in packed.namelist()}
    assert files == {path.name for path in tuned.path.iterdir()}
    with pytest.raises(UserError, match="exists"):
        order_export(workspace, tuned.ref, tmp_path / "out.zip")
    made = done(workspace, order_import(workspace, tmp_path / "out.zip", "returned"))
    back = resolve(workspace, "adapters", made["name"])
    model = LocalModel.load(str(home / "tiny"))
    ours, theirs = (logits(model, lambda a=a: model._adapter(a.path)) for a in (tuned, back))
    assert torch.equal(ours, theirs)
    kept = back.manifest()
    assert {key: kept[key] for key in ("data", "settings", "curve", "prompt", "context")} == {
        key: tuned.manifest()[key] for key in ("data", "settings", "curve", "prompt", "context")
    }
    assert (back.path / "questions.json").read_bytes() == (tuned.path / "questions.json").read_bytes()


def test_a_merged_export_answers_as_the_adapter_does_and_stores_nothing(
    tuned: Artifact, workspace: Workspace, home: Path, tmp_path: Path
) -> None:
    before = sorted(path.name for path in workspace.folder("adapters").iterdir())
    run = order_export(workspace, tuned.ref, whole=True)
    summary = done(workspace, run)
    assert Path(summary["file"]).parent == run.folder
    assert sorted(path.name for path in run.folder.iterdir() if path.is_dir()) == []
    assert sorted(path.name for path in workspace.folder("adapters").iterdir()) == before
    with ZipFile(summary["file"]) as packed:
        packed.extractall(tmp_path)
    (folder,) = tmp_path.iterdir()
    assert "adapter_model.safetensors" not in {path.name for path in folder.iterdir()}
    model, whole = LocalModel.load(str(home / "tiny")), LocalModel.load(str(folder))
    assert torch.allclose(logits(whole, whole._base), logits(model, lambda: model._adapter(tuned.path)), atol=1e-3)
    assert texts(whole.base()) == texts(model.tuned(tuned))
    for path in folder.iterdir():
        assert path.suffix == ".safetensors" or str(home) not in path.read_text()


def test_an_import_says_which_base_it_wants_when_the_one_found_has_other_weights(
    tuned: Artifact, workspace: Workspace, tmp_path: Path
) -> None:
    other = tiny_model(tmp_path / "tiny", seed=7)
    run = order_import(workspace, tuned.path, "stranger", str(other))
    assert child.run(workspace, run.id, lambda this, reporter: CHORES["import"](workspace, this, reporter), False) == 2
    error = jobs.load(workspace, run.id).status["error"]
    assert tuned.manifest()["base"]["hash"][:12] in error["what"]
    assert "--model" in error["fix"]
    assert versions(workspace, "adapters", "stranger") == []


def test_the_shell_merges_exports_imports_compares_renames_and_deletes(
    tuned: Artifact, workspace: Workspace, tmp_path: Path
) -> None:
    environment = jobs.child_environment() | {"CROSSOVER_HOME": str(workspace.root), "OMP_NUM_THREADS": "1"}

    def sft(*arguments: str) -> dict[str, Any]:
        command = [sys.executable, "-m", "sft", *arguments, "--json"]
        ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout.splitlines()[-1])

    assert sft("export", "lora@1", str(tmp_path / "a.zip"))["files"] == ["a.zip"]
    assert sft("import", str(tmp_path / "a.zip"), "--name", "shelled") == {"name": "shelled@1", "base": "tiny"}
    rows = sft("diff", "lora@1", "shelled")["rows"]
    assert [row["what"] for row in rows if row["differs"]] == ["made", "imported from"]
    assert sft("rename", "shelled", "renamed") == {"id": "shelled", "name": "renamed"}
    assert "renamed@1" in [row["name"] for row in sft("list")["tuned"]]
    assert sft("delete", "renamed@1") == {"deleted": ["shelled@1"]}
    same = load_file(tuned.path / "adapter_model.safetensors")
    assert same, "the one it was copied from is untouched"
