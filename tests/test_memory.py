"""What a model needs of memory, by arithmetic: by hand, against the bundled model, and where it is said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from data import jobs
from data.disk import write_json
from data.errors import UserError
from data.shell import main
from data.workspace import Workspace, open_workspace
from sft import __main__ as shell
from sft.catalogue import ASKED, TRAINED, facts
from sft.config import TrainConfig
from sft.memory import PROCESS, Need, Shape, to_ask, to_train, told
from sft.outlook import outlook, reckoned
from sft.sources import BUNDLED_FOLDER, found, parameter_count
from tests.tiny import facts as rows
from tests.tiny import written

SMALL = Shape(parameters=1_000, layers=2, hidden=10, inner=40, cached=20, vocabulary=100)
FULL = TrainConfig(method="full", max_length=128)


def test_asking_keeps_the_weights_the_cache_and_one_layers_values() -> None:
    # 8 tokens: 2 layers x 20 numbers kept, and 4 x 10 + 3 x 40 passing, of 4 bytes each
    assert to_ask(SMALL, 8) == Need(4_000, 0, 8 * (2 * 20 + 160) * 4)
    assert to_ask(SMALL, 8, "bfloat16") == Need(2_000, 0, 8 * (2 * 20 + 160) * 2)
    assert to_ask(SMALL, 8).total == 4_000 + 6_400 + PROCESS


def test_training_keeps_what_the_optimizer_and_the_way_back_need() -> None:
    # a layer keeps 10 x 10 + 20 + 4 x 40 = 280 numbers of a token; logits are kept as made and twice in float32
    assert to_train(SMALL, 1_000, 8) == Need(4_000, 12_000, 8 * (2 * 280 * 4 + 100 * 12))
    assert to_train(SMALL, 1_000, 8, "bfloat16") == Need(4_000, 12_000, 8 * (2 * 280 * 2 + 100 * 10))
    assert to_train(SMALL, 50, 8, "bfloat16") == Need(2_000, 800, 8 * (2 * 280 * 2 + 100 * 10))
    assert to_train(SMALL, 50, 8, checkpointing=True) == Need(4_000, 800, 8 * (2 * 10 * 4 + 280 * 4 + 100 * 12))


def test_the_bundled_models_needs_follow_from_its_real_weights() -> None:
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    network = AutoModelForCausalLM.from_pretrained(BUNDLED_FOLDER, dtype="float32")
    real = sum(weight.numel() for weight in network.parameters())
    known = facts(found("pocket"))
    assert known.parameters == parameter_count(BUNDLED_FOLDER) == real
    whole = to_train(known.shape, known.parameters, TRAINED)
    assert (whole.weights, whole.state) == (4 * real, 12 * real)
    dressed = get_peft_model(network, LoraConfig(r=16, target_modules="all-linear", task_type="CAUSAL_LM"))
    assert known.adapter == sum(weight.numel() for weight in dressed.parameters() if weight.requires_grad)
    assert to_train(known.shape, known.adapter, TRAINED).state == 16 * known.adapter
    cache = 2 * network.config.num_key_value_heads * network.config.hidden_size // network.config.num_attention_heads
    assert known.shape.cached == cache


def test_the_picker_shows_the_three_needs_in_its_line(workspace: Workspace) -> None:
    def drawn(root: str) -> None:
        from pathlib import Path

        from data.workspace import open_workspace
        from ui import model_picker

        assert model_picker.told(open_workspace(Path(root)), "pocket", "tune") == "pocket"

    known = facts(found("pocket"))
    ask, train, whole = (
        told(need.total)
        for need in (to_ask(known.shape, ASKED), to_train(known.shape, known.adapter, TRAINED),
                     to_train(known.shape, known.parameters, TRAINED))
    )  # fmt: skip
    app = AppTest.from_function(drawn, default_timeout=60, args=(str(workspace.root),)).run()
    assert not app.exception
    (line,) = [one.value.replace("\\", "") for one in app.caption if "parameters" in one.value]
    assert f"memory about {ask} to ask, {train} to train an adapter, {whole} to train all weights" in line


def test_training_all_weights_is_weighed_against_what_is_free() -> None:
    known = facts(found("pocket"))
    need = to_train(known.shape, known.parameters, 16 * 128)
    fits = reckoned(FULL, known, 2 * need.total)
    assert fits.fits
    assert fits.said == (
        f"Training all 5.8M weights takes about {told(need.total - need.activations)} of memory for them, their "
        "gradients, the optimizer and the libraries. A batch of 16 rows of 128 tokens, the longest allowed, makes it "
        f"{told(need.total)}; shorter rows need less. This machine has {told(2 * need.total)} free."
    )
    short = reckoned(replace(FULL, batch_size=256), known, 2 * need.total)
    assert not short.fits
    assert "with activations computed twice" in short.said
    assert "does not suffice for rows that long. Choose a smaller batch size and more accumulation" in short.said
    none = reckoned(FULL, known, 10**8)
    assert (none.fits, none.said.endswith("does not suffice. Choose lora, or a smaller base.")) == (False, True)
    assert "The GPU has to hold it" in reckoned(FULL, known, None).said
    assert "16 rows of 2,048 tokens" in reckoned(replace(FULL, max_length=None), known, None).said


def test_only_a_method_that_trains_all_weights_is_weighed() -> None:
    assert outlook(TrainConfig()) is None
    with pytest.raises(UserError, match="batch size is 0"):
        outlook(replace(FULL, batch_size=0))


@pytest.mark.parametrize(("batch", "said"), [("16", "free.\n"), ("1024", "does not suffice for rows that long")])
def test_the_shell_says_it_before_the_run_starts(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    batch: str, said: str,
) -> None:  # fmt: skip
    def launched(*_: object) -> None:
        raise UserError("It starts now.")

    monkeypatch.setattr(shell, "carry_out", launched)
    monkeypatch.setattr("sft.outlook.gpu", lambda: False)
    monkeypatch.setattr("sft.outlook.free", lambda: 20_000_000_000)
    file = str(written(tmp_path / "rows.jsonl", rows()))
    words = ["train", "--name", "all", "--train", file, "--method", "full", "--batch-size", batch]
    assert main(shell.parser(), words) == 2
    shown = capsys.readouterr()
    assert shown.out.startswith("Training all 5.8M weights takes about")
    assert said in shown.out
    assert "It starts now." in shown.err


@pytest.mark.parametrize(("needed", "said"), [(30 * 10**9, True), (3 * 10**9, False)])
def test_the_shell_says_where_memory_may_be_why_a_run_died(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, needed: int, said: bool
) -> None:
    workspace = open_workspace(tmp_path)
    run = jobs.order(workspace, "train", "tuned", {}, {})
    write_json(run.folder / "status.json", {
        "state": "running", "device": "cpu", "needed_bytes": needed, "available_bytes": 20 * 10**9,
    })  # fmt: skip

    def died(workspace: Workspace, run: jobs.Run) -> jobs.Run:
        raise UserError("Run died.", "Go on with: resume")

    monkeypatch.setattr(shell, "carry_out", died)
    with pytest.raises(UserError) as told:
        shell._followed(workspace, run)
    assert told.value.fix.startswith("Memory may have run out (about 30.0 GB needed, 20.0 GB there)") == said
    assert told.value.fix.endswith("Go on with: resume")
