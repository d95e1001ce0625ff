"""Whether a model may be loaded at all, told by its small files: safetensors, causal, and no code of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

OBJECTS = ("quantization_config", "text_config", "auto_map")  # keys that hold more keys, where they are stated
NAMES = ("model_type", "dtype", "torch_dtype")
COUNTS = ("vocab_size", "hidden_size")
MOST = 1_000_000_000  # of what a config.json counts: far beyond any model
SETTINGS = "tokenizer_config.json"
TOKENIZERS = (SETTINGS, "tokenizer.json")  # of JSON; whether they are whole is seen here
VOCABULARIES = ("tokenizer.json", "*.model", "vocab.json", "vocab.txt", "tekken.json")  # a tokenizer has one of them


def refusal(folder: Path) -> str:
    """Why a model folder may not be loaded, as the end of a sentence; empty when it may."""
    if not (folder / "config.json").exists():
        return f"{folder.name} holds no config.json."
    config = config_of(folder)
    if not config:
        return "its config.json cannot be read."
    names = [path.name for path in folder.iterdir()]
    return refused_files(names) or refused_kind(config) or _tokenizer(folder, names)


def config_of(folder: Path) -> dict[str, Any]:
    """A model's config.json; empty when it cannot be read."""
    return _object(folder / "config.json") or {}


def _object(path: Path) -> dict[str, Any] | None:
    """A small file's JSON object; None when it cannot be read as one."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _tokenizer(folder: Path, names: Collection[str]) -> str:
    """Why a model folder's tokenizer cannot be used; empty when its small files say nothing against it."""
    read = {name: _object(folder / name) for name in TOKENIZERS if name in names}
    torn = next((f"its {name} cannot be read." for name, value in read.items() if value is None), "")
    return torn or refused_tokenizer(names, read.get(SETTINGS) or {})


def refused_tokenizer(names: Collection[str], settings: dict[str, Any]) -> str:
    """Why the tokenizer of a model of these files cannot be used: it is missing, or is code of its own.

    ``settings``: its tokenizer_config.json. Where that names code beside a class that transformers has, the class is
    used and the code is not.
    """
    if settings.get("auto_map") and not _has_class(settings.get("tokenizer_class")):
        return "its tokenizer wants to run code of its own, which is never done."
    if not any(fnmatch(name, one) for name in names for one in VOCABULARIES):
        return "its tokenizer is missing (it has no tokenizer.json, for example)."
    return ""


def _has_class(name: Any) -> bool:
    """Whether transformers has a tokenizer of this name."""
    from transformers.models.auto.tokenization_auto import tokenizer_class_from_name

    return isinstance(name, str) and tokenizer_class_from_name(name) is not None


def refused_files(names: Iterable[str]) -> str:
    """Why a model of these files may not be loaded: its weights must be safetensors."""
    endings = {Path(name).suffix for name in names}
    if ".safetensors" in endings:
        return ""
    pickled = endings & {".bin", ".pt", ".pth"}
    kept = "are kept only in pickle files, which can run code" if pickled else "are missing"
    return f"its weights {kept}. Only safetensors are loaded."


def refused_kind(config: dict[str, Any]) -> str:
    """Why a model with this config.json cannot be used: no causal language model, or code of its own."""
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    if why := _odd(config):
        return why
    kind = str(config["model_type"])
    if kind not in CONFIG_MAPPING_NAMES:
        remote = " It wants to run code of its own, which is never done." if "auto_map" in config else ""
        return f"its type {kind!r} is unknown to transformers.{remote}"
    classes = [name for name in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.values() for name in _as_list(name)]
    named = config.get("architectures") or []
    if config.get("is_encoder_decoder") or kind not in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES:
        return f"{kind!r} is not a causal (text-continuing) language model."
    if named and not any(name in classes for name in named):
        return f"{named[0]} has no language-model head (an encoder, for example, cannot write answers)."
    return _unfit(kind, config)


def _odd(config: dict[str, Any]) -> str:
    """Why what a config.json says of the kind of model cannot be meant; empty when it can."""
    kind, named = config.get("model_type"), config.get("architectures")
    if kind is None:
        return "its config.json states no model_type."
    for key in NAMES:
        if config.get(key) is not None and not isinstance(config[key], str):
            return _states(key, config[key], "a name")
    if named is not None and not (isinstance(named, list) and all(isinstance(one, str) for one in named)):
        return _states("architectures", named, "a list of names")
    for key in OBJECTS:
        if config.get(key) is not None and not isinstance(config[key], dict):
            return _states(key, config[key], "an object")
    for key in COUNTS:
        if isinstance(value := (config.get("text_config") or config).get(key), int) and not 0 < value < MOST:
            return _states(key, value, "a count")
    return ""


def _states(key: str, value: Any, wanted: str) -> str:
    return f"its config.json states the {key} {str(value)[:60]!r}, which is not {wanted}."


def _unfit(kind: str, config: dict[str, Any]) -> str:
    """Why the type of model cannot have what its config.json states; empty when it can. Asks the type's own class."""
    from transformers import AutoConfig

    try:
        AutoConfig.for_model(kind, **{key: value for key, value in config.items() if key != "model_type"})
    except Exception as error:
        said = re.sub(r"^\w*Error: ", "", f"{error}".strip().rpartition("\n")[2].strip())[:200].rstrip(".")
        return f"its config.json does not fit its type {kind!r}: {said or type(error).__name__}."
    return ""


def _as_list(value: str | tuple[str, ...]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
