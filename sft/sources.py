"""Which model a name means, where its files lie, and whether they may be loaded at all. Imports no heavy library."""

from __future__ import annotations

import hashlib
import json
import math
import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.disk import file_hash
from data.errors import UserError
from data.prompts import BUNDLED

BUNDLED_FOLDER = Path(__file__).resolve().parent / "pocket" / "model"
HUB_ID = re.compile(r"[\w.-]+(/[\w.-]+)?")
WANTED = ["*.json", "*.safetensors", "*.jinja", "*.model", "*.txt", "LICENSE*"]  # never *.bin, *.pt, *.gguf
UNWANTED = ["*/*"]  # copies in other formats that repositories keep in subfolders


@dataclass(frozen=True)
class ModelSource:
    """A model's files on this machine. ``id`` is how people and manifests name it (a local folder: its last part).

    ``revision`` is the commit of a hub model, which pins what was loaded.
    """

    id: str
    path: Path
    revision: str | None = None


def resolve(model: str) -> ModelSource:
    """The files of "pocket" (bundled), of a local folder, or of a Hugging Face id (local cache first, then network).

    Raises UserError naming the exact id when it is nowhere, when a name means two things, or when ``refusal`` applies.
    """
    source = _locate(model.strip())
    if why := refusal(source.path):
        raise UserError(f"Model {source.id!r} cannot be used: {why}", "Name another causal language model.")
    return source


def _locate(model: str) -> ModelSource:
    folder = Path(model).expanduser()
    if model == BUNDLED:
        return ModelSource(BUNDLED, BUNDLED_FOLDER)
    if folder.is_dir():
        if _may_be_hub_id(model) and _cached(model):
            raise UserError(
                f"{model!r} is both a folder here and a model in the Hugging Face cache.",
                f"Write ./{model} for the folder, or start from another directory for the cached model.",
            )
        return ModelSource(folder.resolve().name, folder.resolve())
    if not _may_be_hub_id(model):
        raise UserError(f"There is no model folder {model!r}.", "Name a folder, a Hugging Face id, or pocket.")
    path = _cached(model) or _downloaded(model)
    return ModelSource(model, path, path.name)


def on_this_machine(model: str) -> Path | None:
    """The folder of a model whose files are here already; None when it would have to be downloaded, or is nowhere."""
    folder = BUNDLED_FOLDER if model == BUNDLED else Path(model).expanduser()
    if folder.is_dir():
        return folder.resolve()
    return _cached(model) if _may_be_hub_id(model) else None


def _may_be_hub_id(model: str) -> bool:
    return HUB_ID.fullmatch(model) is not None and not model.startswith(".")


def _cached(model: str) -> Path | None:
    """The cached snapshot of a hub id, if it is whole enough to hold weights."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        path = Path(snapshot_download(model, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError, HfHubHTTPError, OSError):
        return None
    return path if weight_files(path) else None


def _downloaded(model: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

    try:
        return Path(snapshot_download(model, allow_patterns=WANTED, ignore_patterns=UNWANTED))
    except GatedRepoError as error:
        fix = "Accept its terms on the hub and log in with: hf auth login"
        raise UserError(f"Model {model!r} is gated.", fix) from error
    except RepositoryNotFoundError as error:
        raise UserError(f"The Hugging Face hub has no model {model!r}.", "Check the exact id.") from error
    except Exception as error:  # whatever the network layer raises, the user can do the same about it
        raise UserError(
            f"Model {model!r} is not in the local cache and no network was reached.",
            "Connect and try again, copy its folder here and name the folder, or use the bundled model: pocket.",
        ) from error


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of a model folder, in the order of their names."""
    return sorted(folder.glob("*.safetensors"))


def refusal(folder: Path) -> str:
    """Why a model folder may not be loaded, as the end of a sentence; empty when it may."""
    if not (folder / "config.json").exists():
        return f"{folder.name} holds no config.json."
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError):
        return "its config.json cannot be read."
    if not weight_files(folder):
        pickled = any(folder.glob("*.bin")) or any(folder.glob("*.pt")) or any(folder.glob("*.pth"))
        kept = "are kept only in pickle files, which can run code" if pickled else "are missing"
        return f"its weights {kept}. Only safetensors are loaded."
    return _refused_kind(config)


def _refused_kind(config: dict[str, Any]) -> str:
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


def weights_hash(folder: Path) -> str:
    """SHA-256 that names a model's weights: of the one safetensors file, or of the hashes of all, in name order."""
    hashes = [file_hash(path) for path in weight_files(folder)]
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()


def tensor_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the tensors in a safetensors file, read from its header alone."""
    try:
        with open(path, "rb") as file:
            (size,) = struct.unpack("<Q", file.read(8))
            header = json.loads(file.read(min(size, 100_000_000)))
        return {name: tuple(entry["shape"]) for name, entry in header.items() if name != "__metadata__"}
    except (OSError, struct.error, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path.name} is not a whole safetensors file.", "Copy or download it again.") from error


def parameter_count(folder: Path) -> int:
    """How many numbers the weights hold."""
    return sum(math.prod(shape) for path in weight_files(folder) for shape in tensor_shapes(path).values())
