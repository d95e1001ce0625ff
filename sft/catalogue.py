"""What a model is, told from its small files and the headers of its weights: no weight is read, nothing is loaded."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from data.prompts import BUNDLED
from sft.memory import Shape, lora_parameters, to_ask, to_train, told
from sft.sources import BUNDLED_FOLDER, ModelSource, tensor_header, weight_files

SMALL = 200_000_000  # up to here weights are used in full precision, see sft.devices
UNSTATED_WINDOW = 4_096  # tokens, where a model names no limit
ASKED, TRAINED = 2_048, 4_096  # tokens in a batch that the two needs are reckoned for
RANK = 16
WINDOWS = ("max_position_embeddings", "n_positions", "n_ctx", "max_seq_len", "seq_length")
READERS = {"bitsandbytes": "bitsandbytes", "gptq": "gptqmodel", "awq": "gptqmodel", "compressed-tensors":
           "compressed_tensors", "hqq": "hqq", "torchao": "torchao"}  # fmt: skip
LICENCE = re.compile(r"^license:\s*[\"']?([\w.+-]+)", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True)
class Facts:
    """What a person wants to know of a model before choosing it. ``bytes`` is the size of its weights on disk.

    ``licence`` is None where its files state none; ``quantised`` names the method, or is empty; ``dtype`` is the format
    that it would be used in where the machine computes that fast.
    """

    parameters: int
    window: int
    licence: str | None
    template: bool
    quantised: str
    bytes: int
    shape: Shape
    adapter: int
    dtype: str

    @property
    def to_ask(self) -> int:
        """Bytes needed to answer batches of ``ASKED`` tokens."""
        return to_ask(self.shape, ASKED, self.dtype).total

    @property
    def to_train(self) -> int:
        """Bytes needed to train a LoRA adapter of rank ``RANK`` on batches of ``TRAINED`` tokens."""
        return to_train(self.shape, self.adapter, TRAINED, self.dtype).total

    @property
    def to_train_all(self) -> int:
        """Bytes needed to train every weight on batches of ``TRAINED`` tokens."""
        return to_train(self.shape, self.parameters, TRAINED).total

    def line(self) -> str:
        """All of it in one line."""
        return " · ".join([
            f"{count(self.parameters)} parameters", f"window {self.window:,} tokens",
            f"licence {self.licence or 'not stated'}",
            "own chat template" if self.template else "no chat template: a plain one is used",
            f"quantised ({self.quantised})" if self.quantised else "not quantised",
            f"memory about {told(self.to_ask)} to ask, {told(self.to_train)} to train an adapter, "
            f"{told(self.to_train_all)} to train all weights",
        ])  # fmt: skip


def facts(source: ModelSource) -> Facts:
    """The facts of a model on this machine. Raises UserError when a weights file is torn."""
    folder = source.path
    tensors: dict[str, tuple[tuple[int, ...], str]] = {}
    for path in weight_files(folder):
        tensors |= tensor_header(path)
    tokenizer = _json(folder / "tokenizer_config.json")
    template = (folder / "chat_template.jinja").exists() or bool(tokenizer.get("chat_template"))
    weights = sum(path.stat().st_size for path in weight_files(folder))
    return gathered(_json(folder / "config.json"), tokenizer, tensors, template, weights, _licence(source))


def gathered(
    config: dict[str, Any], tokenizer: dict[str, Any], tensors: Mapping[str, tuple[tuple[int, ...], str]],
    template: bool, weights: int, licence: str | None,
) -> Facts:  # fmt: skip
    """The facts from a model's parts, wherever they were read.

    ``tensors``: shape and format of each, by name; ``weights``: their size in bytes.
    """
    parameters = sum(math.prod(shape) for shape, _ in tensors.values())
    quantised = str((config.get("quantization_config") or {}).get("quant_method", ""))
    return Facts(
        parameters=parameters,
        window=_window(config, tokenizer),
        licence=licence,
        template=template,
        quantised=quantised,
        bytes=weights,
        shape=shape_of(config, parameters),
        adapter=lora_parameters({name: shape for name, (shape, _) in tensors.items()}, RANK),
        dtype="float32" if parameters < SMALL else "bfloat16",
    )


def unreadable(config: dict[str, Any]) -> str:
    """Why quantised weights cannot be used here, as the end of a sentence; empty when they can."""
    method = str((config.get("quantization_config") or {}).get("quant_method", ""))
    needs = READERS.get(method)
    if needs is None or find_spec(needs):
        return ""
    return f"its weights are quantised with {method}, which needs the package {needs}; it is not installed."


def shape_of(config: dict[str, Any], parameters: int) -> Shape:
    """The sizes that memory follows from, under the names that the usual families give them."""
    text = config.get("text_config") or config
    hidden = _first(text, ("hidden_size", "n_embd", "d_model"), 0)
    heads = _first(text, ("num_attention_heads", "n_head"), 1) or 1
    shared = _first(text, ("num_key_value_heads",), heads)
    width = _first(text, ("head_dim",), hidden // heads)
    inner = _first(text, ("intermediate_size", "n_inner", "ffn_dim"), 4 * hidden)
    layers = _first(text, ("num_hidden_layers", "n_layer", "num_layers"), 0)
    return Shape(parameters, layers, hidden, inner, 2 * shared * width, _first(text, ("vocab_size",), 0))


def _window(config: dict[str, Any], tokenizer: dict[str, Any]) -> int:
    """Tokens of the longest prompt and answer together: the smaller of the model's and the tokenizer's limit."""
    stated = _first(config.get("text_config") or config, WINDOWS, UNSTATED_WINDOW)
    limit = tokenizer.get("model_max_length")
    return int(min(stated, limit)) if isinstance(limit, int | float) and limit > 0 else stated


def _first(values: dict[str, Any], names: tuple[str, ...], default: int) -> int:
    """The first of these counts that is stated; other values (null, for example) are passed over."""
    given = (values.get(name) for name in names)
    return next((one for one in given if isinstance(one, int) and not isinstance(one, bool) and one > 0), default)


def stated_licence(card: str) -> str | None:
    """The licence that a model card names in its header."""
    head = card.split("---")[1] if card.startswith("---") and card.count("---") > 1 else ""
    named = LICENCE.search(head)
    return named[1] if named else None


def _licence(source: ModelSource) -> str | None:
    if source.id == BUNDLED and source.path == BUNDLED_FOLDER:
        return "Apache-2.0"
    card = source.path / "README.md"
    if card.is_file() and (named := stated_licence(card.read_text(encoding="utf-8", errors="replace"))):
        return named
    for path in sorted(source.path.glob("LICEN[SC]E*")):
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        return next((line.strip()[:60] for line in lines if line.strip()), None)
    return None


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def count(number: float) -> str:
    """A number of parameters for people: "5.8M", "1.2B"."""
    return f"{number / 1e9:.1f}B" if number >= 1e9 else f"{number / 1e6:.1f}M"
