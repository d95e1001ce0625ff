"""The page Fine-tune: base models are looked at before use, and a tuned model is found, compared, exported, renamed."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from streamlit.testing.v1 import AppTest

from data import child, jobs
from data.disk import read_json, write_json
from data.leakage import Leakage
from data.store import Artifact, staging
from data.workspace import Workspace, open_workspace
from eval.used import scores_by_adapter
from sft.adapters import finish
from tests.fake_hub import COMMIT, Hub, served
from tests.test_pages import at, charted, make_bench, table, texts
from tests.test_tune_page import RULE
from tests.tiny import tiny_model


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    root = tmp_path / "workspace"
    monkeypatch.setenv("CROSSOVER_HOME", str(root))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    return open_workspace(root)


def made(
    home: Workspace, name: str = "tuned", reasons: dict[str, str] | None = None, more: dict[str, Any] | None = None,
    **settings: object,
) -> Artifact:  # fmt: skip
    """A tuned model as a GPU left it: only its files count here, its weights are never loaded.

    ``more`` replaces parts of its manifest.
    """
    manifest = {
        "method": "lora", "base": {"id": "pocket", "hash": "b" * 64, "revision": None}, "context": "crowd",
        "prompt": "p", "device": "cuda", "dtype": "bfloat16", "settings": {"rank": 16, "epochs": 3.0} | settings,
        "data": {"train": {"file": "a|b*c.jsonl", "fingerprint": "f" * 64, "examples": 9, "refused": 0}},
        "curve": [{"step": 1, "loss": 2.0}, {"step": 2, "eval_loss": 1.0}],
        "summary": {"ended": "complete", "rows": 9, "steps": 2, "validation_loss": 1.0, "seconds": 3.0},
        "reasons": reasons or {},
    } | (more or {})  # fmt: skip
    with staging(home, "adapters") as folder:
        (folder / "adapter_config.json").write_text("{}")
        (folder / "adapter_model.safetensors").write_bytes(b"weights")
        return finish(home, name, folder, manifest)


def inside(chart: Any, layer: int) -> list[dict[str, Any]]:
    """The rows of one layer of a chart that has its own."""
    return list(json.loads(chart.proto.spec)["layer"][layer]["data"]["values"])


def part(app: AppTest, name: str) -> AppTest:
    return app.button_group(key="tuned_part").set_value(name).run()


def typed(app: AppTest, key: str, model: str) -> AppTest:
    """The page after a name was typed into the field of the base model (AppTest only knows what is on its list)."""
    field = app.selectbox(key=key)
    field.options.append(model)
    return field.set_value(model).run(timeout=240)


def ended(home: Workspace, kind: str, seconds: float = 240.0) -> jobs.Run:
    """The newest job of a kind, once it has ended."""
    deadline = time.monotonic() + seconds
    while not (run := jobs.list_runs(home, kind)[0]).ended:
        assert time.monotonic() < deadline, run.status
        time.sleep(0.2)
    return run


@pytest.mark.parametrize(("found", "said"), [
    (Leakage(40), "n 40"), (Leakage(40, near=("q1",)), "n 40"), (Leakage(40, exact=("q1",)), "the test set leaks"),
])  # fmt: skip
def test_a_score_is_said_to_leak_only_where_test_questions_stood_in_the_training_rows(
    home: Workspace, found: Leakage, said: str
) -> None:
    made(home)
    order = make_bench(home).folder / "run.json"
    saved = read_json(order)
    saved["config"]["leakage"] = found.saved()
    write_json(order, saved)
    assert scores_by_adapter(home)["tuned@1"][0].told().endswith(said)


# --- tuned models -----------------------------------------------------------------------------------------------------


def test_the_list_shows_scores_with_n_and_origin_without_a_gpu_and_on_another_machine(
    home: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(home)
    make_bench(home)
    assert scores_by_adapter(home)["tuned@1"][0].told().endswith("n 40")
    run = jobs.order(home, "train", "tuned", {"model": "pocket"}, {})
    child.run(home, run.id, lambda this, reporter: {"name": "tuned@1", "steps": 2, "validation_loss": 1.0,
              "best_step": 2, "notes": []}, False)  # fmt: skip
    status = read_json(run.folder / "status.json")
    status |= {"host": "elsewhere", "boot_id": "x", "device": "cuda", "device_reason": "the fastest device found"}
    write_json(run.folder / "status.json", status)
    moved = shutil.copytree(home.root, tmp_path / "carried")
    monkeypatch.setenv("CROSSOVER_HOME", str(moved))
    app = at("tune", run=run.id)
    assert not app.exception
    assert not app.error
    row = table(app, "Validation loss").iloc[0]
    assert row["Name"] == "tuned@1"
    assert row["Exact match alone, %"].startswith("25.0 (")
    assert row["Exact match alone, %"].endswith("n 40")
    assert row["Exact match with passages, %"].startswith("100.0 (")
    assert row["Made from"] == "a|b*c.jsonl (9 rows)"
    said = texts(app)
    assert "Device: cuda" in said
    assert "Base pocket (weights bbbbbbbbbbbb)" in said
    assert "Training rows a|b*c.jsonl (9 rows, fingerprint ffffffffffff)" in said
    assert list(table(part(app, "Scores"), "Comparison")["n"]) == [40, 40]


def test_two_are_compared_and_what_differs_is_marked(home: Workspace) -> None:
    made(home, "one")
    made(home, "two", rank=32)
    app = part(at("tune"), "Compare")
    rows = table(app, "Differs").set_index("What")
    assert rows.loc["rank"].tolist() == ["≠", "16", "32"]
    assert rows.loc["epochs", "Differs"] == ""
    app.toggle(key="tuned_differing").set_value(True).run()
    assert set(table(app, "Differs")["What"]) <= {"rank", "made"}


def test_its_origin_says_what_was_chosen_for_its_training_and_why(home: Workspace) -> None:
    reasons = {"learning_rate": "usual for lora on a small base", "context": "evidence is known for 9 of 9 rows",
               "precision": "bfloat16: this GPU trains faster with it", "criterion": "metric: it is the aim: clearly",
               "instruction": "the bundled model was trained on the bare prompt"}  # fmt: skip
    made(home, reasons=reasons, learning_rate=0.008)
    rows = table(at("tune"), "Why").set_index("Choice")
    assert rows.loc["Learning rate"].tolist() == ["0.008", "usual for lora on a small base"]
    assert rows.loc["Context"].tolist() == ["crowd", "evidence is known for 9 of 9 rows"]
    assert rows.loc["Trained in"].tolist() == ["bfloat16", "this GPU trains faster with it"]
    assert rows.loc["Criterion"].tolist() == ["metric", "it is the aim: clearly"]
    assert rows.loc["Instruction", "Chosen"] == "none"


def test_its_curve_shows_the_task_metric_with_its_interval_and_which_step_was_kept_and_why(home: Workspace) -> None:
    checks = [{"step": step, "eval_metric": mean, "eval_metric_low": mean - 0.1, "eval_metric_high": mean + 0.1,
               "eval_metric_n": 20} for step, mean in ((0, 0.1), (1, 0.75), (2, 0.7))]  # fmt: skip
    summary = {"ended": "complete", "steps": 2, "validation_loss": 1.0, "best_step": 1, "metric": "exact_match",
               "metric_mean": 0.75, "metric_low": 0.65, "metric_high": 0.85, "metric_n": 20}  # fmt: skip
    losses = [{"step": 1, "loss": 2.0}, {"step": 1, "eval_loss": 1.5}, {"step": 2, "eval_loss": 1.0}]
    made(home, more={"curve": [*losses, *checks], "criterion": RULE, "summary": summary})
    app = part(at("tune"), "Curve")
    assert not app.exception
    assert "Kept: the checkpoint after step 1, by the highest exact match" in texts(app)
    assert "loss alone misleads" in texts(app)
    lost, met = app.get("vega_lite_chart")
    assert json.loads(met.proto.spec)["layer"][1]["encoding"]["y"]["title"] == "Exact match of 20 answers, %"
    assert [(row["low"], row["mean"], row["high"]) for row in charted(met)][1] == pytest.approx((65, 75, 85))
    assert [row["loss"] for row in inside(lost, 0) if row["rows"] == "validation"] == [1.5, 1.0]
    for chart in (lost, met):
        assert [row["step"] for row in inside(chart, -1)] == [1], "the step that is kept stands on both"


def test_the_curve_of_a_training_without_patience_speaks_of_no_early_stopping(home: Workspace) -> None:
    made(home, more={"criterion": RULE}, patience=0)
    said = texts(part(at("tune"), "Curve"))
    assert "by the highest exact match" in said
    assert "Early stopping" not in said


def test_a_curve_without_a_task_metric_shows_its_losses(home: Workspace) -> None:
    made(home)
    app = part(at("tune"), "Curve")
    assert not app.exception
    assert len(app.get("vega_lite_chart")) == 1
    assert "Kept:" not in texts(app)


def test_renaming_and_deleting_from_the_page(home: Workspace) -> None:
    made(home)
    run = jobs.order(home, "bench", "cmp", {"systems": [{"tuned": "tuned@1", "name": "sft", "context": "none"}]}, {})
    child.run(home, run.id, lambda this, reporter: {}, False)
    app = part(at("tune"), "Rename")
    app.text_input(key="tuned_name_tuned").set_value("better")
    app.button(key="tuned_rename_go").click().run()
    assert "tuned is now called better." in texts(app)
    assert list(table(app, "Validation loss")["Name"]) == ["better@1"]
    app = part(app, "Delete")
    app.button(key="tuned_delete").click().run()
    assert any("tuned@1 is named by 1 runs" in error.proto.title.replace("\\", "") for error in app.error)
    app.checkbox(key="tuned_delete_force").set_value(True).run()
    app.button(key="tuned_delete").click().run()
    assert "Deleted: tuned@1" in texts(app)
    assert "No tuned model yet." in texts(app)


def test_an_export_is_a_job_whose_zip_can_be_downloaded_afterwards(home: Workspace) -> None:
    artifact = made(home)
    app = part(at("tune"), "Export")
    app.button(key="tuned_export").click().run()
    run = ended(home, "export")
    assert run.state == "done", run.status
    app = part(at("tune"), "Export")
    assert app.download_button(key="tuned_zip").label.startswith("Download tuned-1.zip")
    with ZipFile(run.status["summary"]["file"]) as packed:
        assert packed.read("tuned-1/adapter_model.safetensors") == b"weights"
        assert {Path(name).name for name in packed.namelist()} == {path.name for path in artifact.path.iterdir()}


def test_an_import_that_is_no_adapter_says_why_on_the_page(home: Workspace, tmp_path: Path) -> None:
    app = at("tune")
    app.text_input(key="tuned_import_folder").set_value(str(tmp_path / "none")).run()
    app.button(key="tuned_import_go").click().run()
    assert "There is no folder or ZIP" in texts(app)
    (tmp_path / "torn.zip").write_text("no ZIP")
    app.text_input(key="tuned_import_folder").set_value(str(tmp_path / "torn.zip")).run()
    app.button(key="tuned_import_go").click().run()
    assert ended(home, "import").state == "failed"
    assert "torn.zip is damaged, locked or not a ZIP." in texts(at("tune"))


def test_an_adapter_of_peft_comes_in_and_is_merged_into_its_base_from_the_page(home: Workspace, tmp_path: Path) -> None:
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    base = tiny_model(tmp_path / "tiny", "llama")
    network = AutoModelForCausalLM.from_pretrained(base)
    get_peft_model(network, LoraConfig(r=2, target_modules="all-linear")).save_pretrained(tmp_path / "foreign")
    app = at("tune")
    app.text_input(key="tuned_import_folder").set_value(str(tmp_path / "foreign")).run()
    typed(app, "tuned_import_base", str(base))
    app.selectbox(key="tuned_import_base").options.append(str(base))  # what was typed is on no list
    app.button(key="tuned_import_go").click().run()
    run = ended(home, "import")
    assert run.state == "done", jobs.log_tail(run)
    app = at("tune")
    assert "Imported last: foreign@1." in texts(app)
    assert "Imported from foreign, made elsewhere" in texts(app)
    assert table(app, "Made from").loc[0, "Made from"] == "import foreign"
    app = part(app, "Merge")
    app.button(key="tuned_merge").click().run()
    run = ended(home, "merge")
    assert run.state == "done", jobs.log_tail(run)
    app = part(at("tune"), "Merge")
    made = table(app, "Made from").set_index("Name")
    assert made.loc["foreign-merged@1", ["Kind", "Made from"]].tolist() == ["merged", "adapter foreign@1"]
    app.selectbox(key="tuned_chosen").set_value("foreign@1").run()
    assert "Merged before: foreign-merged@1." in texts(app)
    app.selectbox(key="tuned_chosen").set_value("foreign-merged@1").run()
    assert "It holds full weights already: there is nothing to merge." in texts(app)


def test_from_a_tuned_model_one_gets_to_asking_it(home: Workspace) -> None:
    made(home, "first")
    made(home, "second")
    app = at("tune")
    app.selectbox(key="tuned_chosen").set_value("second@1").run()
    app.button(key="tuned_ask").click().run()
    assert app.title[0].value == "Ask"
    assert app.selectbox(key="ask_tuned").value == "second@1"
    assert app.selectbox(key="ask_model").value == "pocket"


# --- base models ------------------------------------------------------------------------------------------------------


def test_a_folder_that_is_an_encoder_is_refused_before_anything_is_loaded(home: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "encoder"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": "bert", "architectures": ["BertModel"]}))
    (folder / "model.safetensors").touch()
    for page, button in (("tune", "tune_go"), ("compare", "compare_go")):
        app = at(page)
        typed(app, f"{page}_model", str(folder))
        assert "BertModel has no language-model head" in texts(app)
        assert app.button(key=button).disabled
        typed(app, f"{page}_model", str(tmp_path / "none"))
        assert "There is no model folder" in texts(app)


def test_a_folder_of_a_model_shows_what_it_is(home: Workspace, tmp_path: Path) -> None:
    folder = tiny_model(tmp_path / "mine", "llama", template=None)
    app = at("ask")
    typed(app, "ask_model", str(folder))
    said = texts(app)
    assert "mine: 0.0M parameters · window 256 tokens · licence not stated · no chat template" in said
    assert not app.error


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with served({"org/good": tiny_model(tmp_path / "hub")}) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("HF_HUB_OFFLINE", "0")  # the hub is a server of this test
        yield hub


def test_a_hub_model_is_looked_up_then_downloaded_and_each_only_when_asked(
    home: Workspace, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))  # read once, at its import
    app = at("tune")
    typed(app, "tune_model", "org/good")
    assert "org/good is not on this machine." in texts(app)
    assert hub.asked == []
    app.button(key="tune_look").click().run(timeout=240)
    assert f"org/good, commit {COMMIT}" in texts(app)
    assert hub.fetched("model.safetensors") == 0
    assert app.button(key="tune_fetch").label.startswith("Download ")
    app.button(key="tune_fetch").click().run()
    run = ended(home, "fetch")
    assert run.status["summary"] == {"model": f"org/good@{COMMIT}"}, jobs.log_tail(run)
    app.run(timeout=240)
    assert "org/good: 0.0M parameters · window 256 tokens" in texts(app)


def test_without_a_network_looking_up_is_one_sentence(home: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    app = at("tune")
    typed(app, "tune_model", "org/none")
    app.button(key="tune_look").click().run(timeout=240)
    assert "'org/none' is not on this machine and the Hugging Face hub was not reached." in texts(app)
