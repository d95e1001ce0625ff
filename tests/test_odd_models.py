"""A model folder whose config.json or tokenizer is strange: the picker says in one sentence what is wrong."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoModelForCausalLM

from data.errors import UserError
from sft.devices import choose_device
from sft.lookup import said_of
from sft.model import LocalModel
from sft.network import load_network
from sft.orders import order_training
from sft.tokens import load_tokens
from tests import tiny
from tests.test_pages import at
from tests.tiny import config

home, workspace = tiny.home, tiny.workspace
GONE = "gone"
ODD = [
    ("architectures", 5, "states the architectures '5', which is not a list of names"),
    ("architectures", {"a": 1}, "which is not a list of names"),
    ("architectures", [5], "which is not a list of names"),
    ("model_type", GONE, "states no model_type"),
    ("model_type", None, "states no model_type"),
    ("model_type", [], "states the model_type '[]', which is not a name"),
    ("model_type", ["lfm2"], "which is not a name"),
    ("model_type", 5, "states the model_type '5', which is not a name"),
    ("vocab_size", "x", "does not fit its type 'lfm2': Field 'vocab_size' expected int, got str (value: 'x')"),
    ("vocab_size", None, "Field 'vocab_size' expected int"),
    ("vocab_size", -1, "states the vocab_size '-1', which is not a count"),
    ("vocab_size", 10**30, "which is not a count"),
    ("num_hidden_layers", 5, "`num_hidden_layers` (5) must be equal to the number of `layer_types` (2)"),
    ("quantization_config", 5, "states the quantization_config '5', which is not an object"),
    ("text_config", "x", "states the text_config 'x', which is not an object"),
    ("dtype", [5], "which is not a name"),
]

OWN_CODE = {"tokenizer_class": "OwnTokenizer", "auto_map": {"AutoTokenizer": ["own.OwnTokenizer", None]}}
TOKENIZERS: list[tuple[str, str | None, str]] = [  # (file, what it holds; None: it is gone, what is said)
    ("tokenizer_config.json", json.dumps(OWN_CODE), "its tokenizer wants to run code of its own, which is never done."),
    ("tokenizer.json", None, "its tokenizer is missing (it has no tokenizer.json, for example)."),
    ("tokenizer.json", '{"version": "1.0", "added', "its tokenizer.json cannot be read."),
]
WRONG = [  # what only its reading tells
    ("tokenizer.json", "{}", r"The tokenizer of odd cannot be read: 'added_tokens'\. Copy or download"),
    ("tokenizer_config.json", '{"eos_token": 5}', r"The tokenizer of odd cannot be read: Special token eos_token"),
]


def odd(home: Path, into: Path, key: str, value: Any) -> Path:
    """The tiny model with one value of its config.json changed, or gone."""
    shutil.copytree(home / "tiny", into)
    stated = json.loads((into / "config.json").read_text())
    stated[key] = value
    (into / "config.json").write_text(json.dumps({k: v for k, v in stated.items() if v != GONE}))
    return into


@pytest.mark.parametrize(("key", "value", "sentence"), ODD)
def test_a_strange_value_is_one_sentence(home: Path, tmp_path: Path, key: str, value: Any, sentence: str) -> None:
    folder = odd(home, tmp_path / "odd", key, value)
    said = said_of(str(folder), ask_hub=False)
    assert sentence in said["why"], said["why"]
    assert "\n" not in said["why"]
    assert said["why"].endswith(".")


def with_tokenizer(home: Path, into: Path, file: str, text: str | None) -> Path:
    """The tiny model with one file of its tokenizer changed, or gone."""
    shutil.copytree(home / "tiny", into)
    (into / file).unlink()
    if text is not None:
        (into / file).write_text(text)
    return into


@pytest.mark.parametrize(("file", "text", "sentence"), TOKENIZERS)
def test_a_tokenizer_that_cannot_be_used_is_one_sentence_before_anything_is_loaded(
    home: Path, tmp_path: Path, file: str, text: str | None, sentence: str
) -> None:
    folder = with_tokenizer(home, tmp_path / "odd", file, text)
    assert said_of(str(folder), ask_hub=False)["why"] == sentence
    with pytest.raises(UserError, match=re.escape(sentence)):
        LocalModel.load(str(folder))
    with pytest.raises(UserError, match=r"^The tokenizer of odd cannot be read: "):
        load_tokens(folder, 3)


@pytest.mark.parametrize(("file", "text", "sentence"), WRONG)
def test_a_tokenizer_that_turns_out_odd_when_it_is_read_is_a_sentence_too(
    home: Path, tmp_path: Path, file: str, text: str, sentence: str
) -> None:
    with pytest.raises(UserError, match=sentence):
        LocalModel.load(str(with_tokenizer(home, tmp_path / "odd", file, text)))


@pytest.mark.parametrize("settings", [{}, OWN_CODE | {"tokenizer_class": "PreTrainedTokenizerFast"}])
def test_a_tokenizer_that_transformers_reads_itself_may_be_used(
    home: Path, tmp_path: Path, settings: dict[str, Any]
) -> None:
    folder = with_tokenizer(home, tmp_path / "odd", "tokenizer_config.json", json.dumps(settings))
    assert said_of(str(folder), ask_hub=False)["why"] == ""
    assert load_tokens(folder, 3).answer("Ada")[-1] == 3


@pytest.mark.parametrize(("key", "value"), [("architectures", []), ("architectures", None), ("text_config", None)])
def test_what_may_be_left_open_is_no_reason_to_refuse(home: Path, tmp_path: Path, key: str, value: Any) -> None:
    said = said_of(str(odd(home, tmp_path / "odd", key, value)), ask_hub=False)
    assert (said["why"], "parameters" in said["line"]) == ("", True)


def test_weights_of_another_size_than_stated_are_a_sentence_when_they_are_loaded(home: Path, tmp_path: Path) -> None:
    folder = odd(home, tmp_path / "odd", "vocab_size", 5)
    with pytest.raises(UserError, match=r"The weights of odd do not fit its config.json: the sizes differ"):
        LocalModel.load(str(folder))


@pytest.mark.parametrize("error", [TypeError("our mistake"), ImportError("a library"), PermissionError(13, "closed")])
def test_what_no_file_of_a_model_causes_is_not_put_down_to_its_weights(
    home: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(AutoModelForCausalLM, "from_pretrained", refuse)
    with pytest.raises(type(error)):
        load_network(home / "tiny", choose_device(1))


def test_the_page_says_it_and_waits_with_the_launch(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from data.workspace import open_workspace

    monkeypatch.setenv("CROSSOVER_HOME", str(tmp_path / "workspace"))
    root = open_workspace(tmp_path / "workspace")
    folder = odd(home, tmp_path / "odd", "seed", 0)
    order_training(root, "before", config(home, model=str(folder)), str(home / "rows.jsonl"))  # so that it is offered
    (folder / "config.json").write_text(json.dumps({"model_type": "lfm2", "vocab_size": "x"}))
    app = at("tune")
    app.selectbox(key="tune_model").select(str(folder)).run(timeout=120)
    assert not app.exception
    (error,) = app.error
    said = error.proto.title.replace("\\", "")
    assert said.startswith(f"Model {str(folder)!r} cannot be used: its config.json does not fit its type 'lfm2'"), said
    assert app.button(key="tune_go").disabled
