"""Whether a model may be loaded at all, told by its small files: safetensors, causal, and no code of its own."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def refusal(folder: Path) -> str:
    """Why a model folder may not be loaded, as the end of a sentence; empty when it may."""
    if not (folder / "config.json").exists():
        return f"{folder.name} holds no config.json."
    config = config_of(folder)
    if not config:
        return "its config.json cannot be read."
    return refused_files(path.name for path in folder.iterdir()) or refused_kind(config)


def config_of(folder: Path) -> dict[str, Any]:
    """A model's config.json; empty when it cannot be read."""
    try:
        value = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


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

    kind = config.get("model_type", "")
    if kind not in CONFIG_MAPPING_NAMES:
        remote = " It wants to run code of its own, which is never done." if "auto_map" in config else ""
        return f"its type {kind!r} is unknown to transformers.{remote}"
    classes = [name for name in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.values() for name in _as_list(name)]
    named = config.get("architectures") or []
    if config.get("is_encoder_decoder") or kind not in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES:
        return f"{kind!r} is not a causal (text-continuing) language model."
    if named and not any(name in classes for name in named):
        return f"{named[0]} has no language-model head (an encoder, for example, cannot write answers)."
    return ""


def _as_list(value: str | tuple[str, ...]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
