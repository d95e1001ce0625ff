"""Models of the hub: looked at without keeping anything, refused before a download, fetched at one commit, stopped."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from data import jobs
from data.disk import write_json
from data.workspace import Workspace, open_workspace
from sft.chores import order_fetch
from tests.fake_hub import COMMIT, Hub, served
from tests.tiny import ROOT, facts, tiny_model, written

WEIGHTS = "model.safetensors"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One good model and five of no use."""
    home = tmp_path_factory.mktemp("models")
    good = tiny_model(home / "good")
    (good / "README.md").write_text("---\nlicense: mit\n---\nA model.")
    bad = {
        "encoder": ({"model_type": "bert", "architectures": ["BertModel"]}, WEIGHTS),
        "pickled": ({"model_type": "llama", "architectures": ["LlamaForCausalLM"]}, "pytorch_model.bin"),
        "remote": ({"model_type": "own", "auto_map": {"AutoModelForCausalLM": "own.Own"}}, WEIGHTS),
    }
    for name, (config, weights) in bad.items():
        (home / name).mkdir()
        (home / name / "config.json").write_text(json.dumps(config))
        (home / name / weights).write_bytes((good / WEIGHTS).read_bytes())
    for name in ("mute", "coded"):
        (home / name).mkdir()
        for file in ("config.json", WEIGHTS):
            (home / name / file).write_bytes((good / file).read_bytes())
    own = {"tokenizer_class": "Own", "auto_map": {"AutoTokenizer": ["own.Own", None]}}
    (home / "coded" / "tokenizer_config.json").write_text(json.dumps(own))
    return {f"org/{name}": home / name for name in ("good", "mute", "coded", *bad)}


@pytest.fixture
def hub(models: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """The hub, served; children of this test find it, and an empty cache."""
    with served(models) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("HF_HUB_OFFLINE", "0")  # the hub is a server of this test
        monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setenv("CROSSOVER_HOME", str(tmp_path / "workspace"))
        monkeypatch.setenv("OMP_NUM_THREADS", "1")
        yield hub


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "workspace")


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=300)


def sft(*arguments: str) -> subprocess.CompletedProcess[str]:
    return python("-m", "sft", *arguments)


def kept(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "cache").rglob("*") if path.is_file())


def test_a_look_tells_size_window_licence_and_memory_and_keeps_nothing(hub: Hub, tmp_path: Path) -> None:
    done = sft("look", "org/good", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert (said["exact"], said["here"], said["why"]) == (f"org/good@{COMMIT}", False, "")
    assert (said["facts"]["window"], said["facts"]["licence"], said["facts"]["template"]) == (256, "mit", True)
    assert 10_000 < said["facts"]["parameters"] < 100_000
    assert said["bytes"] > said["facts"]["bytes"] > 0
    assert hub.fetched(WEIGHTS) == 0, "of the weights only the header is asked for"
    assert kept(tmp_path) == []


def test_models_of_no_use_and_unknown_ids_are_refused_before_any_download(hub: Hub, tmp_path: Path) -> None:
    code = (
        "import sys; from sft.hub import look; from data.errors import UserError\n"
        "for model in sys.argv[1:]:\n"
        "    try: print(look(model))\n"
        "    except UserError as error: print(str(error).replace(chr(10), ' '))\n"
    )
    done = python(
        "-c", code, "org/encoder", "org/pickled", "org/remote", "org/mute", "org/coded", "org/none", "not an id"
    )
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    parts = ("BertModel has no language-model head", "only in pickle files", "run code of its own",
             "its tokenizer is missing", "its tokenizer wants to run code of its own",
             "no model 'org/none'", "is no id of the Hugging Face hub")  # fmt: skip
    assert [part in line for part, line in zip(parts, said, strict=True)] == [True] * 7, said
    assert not any(".safetensors" in one or ".bin" in one for one in hub.asked if "/resolve/" in one)
    assert kept(tmp_path) == []


def test_a_fetched_model_is_pinned_found_again_and_loads_without_the_hub(
    hub: Hub, models: dict[str, Path], tmp_path: Path
) -> None:
    unasked = sft("fetch", "org/good", "--json")
    assert unasked.returncode == 2
    assert "to download. Say --yes" in unasked.stderr
    assert kept(tmp_path) == [], "nothing is downloaded that nobody agreed to"
    done = sft("fetch", "org/good", "--yes", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {"model": f"org/good@{COMMIT}"}
    hub.models = {}
    code = (
        "from sft.model import LocalModel; from sft.sources import resolve, weights_hash\n"
        f"short, exact, bare = (resolve('org/good' + end) for end in ('@{COMMIT[:8]}', '@{COMMIT}', ''))\n"
        "assert short == exact == bare, (short, exact, bare)\n"
        "print(LocalModel.load('org/good').source.exact, weights_hash(exact.path))\n"
        "from data.workspace import open_workspace; from sft.config import TrainConfig\n"
        "from sft.orders import order_training; import sys\n"
        "run = order_training(open_workspace(), 'pinned', TrainConfig(model='org/good'), sys.argv[1])\n"
        "print(run.order['config']['model'])\n"
    )
    done = python("-c", code, str(written(tmp_path / "rows.jsonl", facts())))
    assert done.returncode == 0, done.stderr
    from sft.sources import weights_hash

    exact = f"org/good@{COMMIT}"
    assert done.stdout.split() == [exact, weights_hash(models["org/good"]), exact], "an order names the commit"
    listed = json.loads(sft("models", "--json").stdout.splitlines()[-1])["models"]
    assert [one["exact"] for one in listed] == ["pocket", f"org/good@{COMMIT}"]


def test_without_a_network_one_sentence_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    done = sft("look", "org/good")
    assert done.returncode == 2
    assert done.stderr.startswith("Error: Model 'org/good' is not on this machine and the Hugging Face hub was not")
    assert "Traceback" not in done.stderr


def test_a_download_shows_its_progress_stops_and_goes_on(
    hub: Hub, models: dict[str, Path], workspace: Workspace, tmp_path: Path
) -> None:
    big = models["org/good"] / WEIGHTS
    whole = big.read_bytes()
    import torch
    from safetensors.torch import load, save_file

    save_file(load(whole) | {"ballast": torch.zeros(4_000_000)}, big, metadata={"format": "pt"})
    try:
        hub.slow = 0.05
        run = order_fetch(workspace, "org/good")
        jobs.start(workspace, run)
        deadline = time.monotonic() + 120
        while jobs.load(workspace, run.id).status.get("done", 0) < 2_000_000:
            assert time.monotonic() < deadline, jobs.log_tail(run)
            time.sleep(0.05)
        stopped = jobs.stop(workspace, jobs.load(workspace, run.id))
        assert stopped.state == "stopped"
        assert 2_000_000 <= stopped.status["done"] < stopped.status["total"]
        assert not list((tmp_path / "cache").glob(f"models--org--good/snapshots/*/{WEIGHTS}"))
        hub.slow, before = 0.0, len(hub.asked)
        jobs.resume(workspace, jobs.load(workspace, run.id))
        while jobs.load(workspace, run.id).state != "done":
            assert time.monotonic() < deadline, jobs.log_tail(run)
            time.sleep(0.05)
        again = [one for one in hub.asked[before:] if "/resolve/" in one]
        assert not any("tokenizer.json" in one for one in again), "what was whole is kept"
        assert any(one.endswith(WEIGHTS) for one in again)
        assert (next((tmp_path / "cache").glob(f"models--org--good/snapshots/*/{WEIGHTS}"))).stat().st_size > 16_000_000
    finally:
        big.write_bytes(whole)


def told(root: str, model: str) -> None:
    """What the page Fine-tune says of a base model."""
    from pathlib import Path

    from data.workspace import open_workspace
    from ui import model_picker

    assert model_picker.told(open_workspace(Path(root)), model, "tune") is None


OTHER = "fedcba98" * 5  # a commit


@pytest.mark.parametrize(
    ("fetched", "state", "typed", "offered"),
    [
        (f"org/good@{COMMIT}", "done", f"org/good@{OTHER}", True),
        (f"org/good@{COMMIT}", "done", "org/good", True),  # the cache was emptied since
        (f"org/good@{COMMIT}", "stopped", f"org/good@{OTHER}", True),
        (f"org/good@{COMMIT}", "stopped", f"org/good@{COMMIT[:8]}", False),
        (f"org/good@{COMMIT}", "stopped", "org/good", False),
        (f"org/good@{COMMIT}", "stopped", "org/goods", True),
    ],
)
def test_an_earlier_download_hides_the_offer_only_where_it_can_be_gone_on_with(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, fetched: str, state: str, typed: str,
    offered: bool,
) -> None:  # fmt: skip
    monkeypatch.setenv("CROSSOVER_HOME", str(workspace.root))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    run = order_fetch(workspace, fetched)
    write_json(run.folder / "status.json", {"state": state, "text": state})
    app = AppTest.from_function(told, default_timeout=60, args=(str(workspace.root), typed)).run()
    assert not app.exception
    buttons = {button.key for button in app.button}
    assert ("tune_look" in buttons, f"resume_{run.id}" in buttons) == (offered, not offered)


def test_a_page_process_can_ask_what_is_known_without_heavy_libraries() -> None:
    code = ("import sys, sft.bases, sft.catalogue, sft.chores, sft.naming, sft.differences, sft.keeping, sft.hub\n"
            "from sft.sources import found; print(sft.catalogue.facts(found('pocket')).line())\n"
            "print(sorted(set(sys.modules) & {'torch', 'transformers', 'trl', 'peft', 'faiss'}))")  # fmt: skip
    done = python("-c", code)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr
    assert "5.8M parameters · window 2,048 tokens · licence Apache-2.0 · own chat template" in done.stdout
