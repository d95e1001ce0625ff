"""The Fine-tune page before a launch: bad settings, modules by name, the estimate and the search."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from data import jobs
from data.workspace import Workspace
from tests.test_pages import texts
from tests.tiny import ROOT, facts, written


@pytest.fixture
def page(workspace: Workspace, tmp_path: Path) -> AppTest:
    from data.dataset import add, check

    add(workspace, "facts", check({"train": written(tmp_path / "rows.jsonl", facts())}, None, None))
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    app.switch_page("ui/pages/tune.py").run()
    assert not app.exception
    app.text_input(key="tune_name").set_value("mine").run()
    return app


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("learning_rate", 0.0, "learning rate is 0\\.0."),
        ("learning_rate", -1.0, "learning rate is \\-1\\.0."),
        ("learning_rate", 1e6, "learning rate is 1000000\\.0."),
        ("rank", 0, "rank is 0."),
        ("epochs", 1e9, "epochs is 1000000000\\.0."),
        ("batch_size", 0, "batch size is 0."),
    ],
)
def test_a_bad_setting_is_one_sentence_and_orders_nothing(
    page: AppTest, workspace: Workspace, field: str, value: Any, sentence: str
) -> None:
    page.number_input(key=f"tune_{field}").set_value(value)
    page.button(key="tune_go").click().run()
    told = [error for error in page.error if error.proto.title.replace("\\", "") == sentence.replace("\\", "")]
    assert told, [(error.proto.title, error.value) for error in page.error]
    assert jobs.list_runs(workspace) == []


def test_modules_are_offered_by_name_and_qlora_says_what_it_lacks(page: AppTest) -> None:
    assert page.multiselect(key="tune_targets").options == [
        "in_proj", "k_proj", "out_proj", "q_proj", "v_proj", "w1", "w2", "w3",
    ]  # fmt: skip
    from sft.targets import unavailable

    assert not page.warning
    page.button_group(key="tune_method").set_value("qlora").run()
    assert not unavailable("qlora") or any("QLoRA is not possible here" in one.value for one in page.warning)


def test_training_all_weights_says_what_it_needs_and_warns_where_that_is_not_free(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sft.outlook.gpu", lambda: False)
    monkeypatch.setattr("sft.outlook.free", lambda: 20_000_000_000)
    said = "Training all 5.8M weights takes about"
    assert said not in texts(page)
    page.button_group(key="tune_method").set_value("full").run()
    assert said in texts(page)
    assert "16 rows of 2,048 tokens" in texts(page)
    assert not page.warning
    page.number_input(key="tune_batch_size").set_value(1024).run()
    (warning,) = page.warning
    assert "does not suffice for rows that long" in warning.value


def test_a_search_that_cannot_be_is_a_sentence_and_a_good_one_tells_its_cost(
    page: AppTest, workspace: Workspace
) -> None:
    assert any("6 trials, for the time of about 1.8 whole fine-tunes" in one.value for one in page.caption)
    page.text_input(key="search_rates_lora").set_value("0.1 abc").run()
    assert any("Learning rates hold 'abc'" in error.proto.title.replace("\\", "") for error in page.error)
    page.text_input(key="search_rates_lora").set_value("0.1 9").run()
    assert any("learning rate is 9.0" in error.proto.title.replace("\\", "") for error in page.error)
    assert jobs.list_runs(workspace) == []
