"""Which model a name means, where its files lie, and whether they may be loaded at all. Imports no heavy library."""

from __future__ import annotations

import hashlib
import json
import math
import re
import struct
from dataclasses import dataclass
from pathlib import Path

from data.disk import file_hash
from data.errors import UserError
from data.prompts import BUNDLED
from data.workspace import given_path
from sft.refusals import refusal

BUNDLED_FOLDER = Path(__file__).resolve().parent / "pocket" / "model"
HUB_ID = re.compile(r"(?P<id>[\w.-]+(/[\w.-]+)?)(@(?P<revision>[0-9a-f]{7,40}))?")


@dataclass(frozen=True)
class ModelSource:
    """A model's files on this machine. ``id`` is how people and manifests name it (a local folder: its last part).

    ``revision`` is the commit of a hub model, which pins what was loaded.
    """

    id: str
    path: Path
    revision: str | None = None

    @property
    def exact(self) -> str:
        """The name that finds these very files again: with the commit, or the whole path of a folder."""
        if self.id == BUNDLED and self.path == BUNDLED_FOLDER:
            return BUNDLED
        return f"{self.id}@{self.revision}" if self.revision else str(self.path)


def resolve(model: str) -> ModelSource:
    """The files of "pocket" (bundled), of a local folder, or of a hub model in the local cache ("org/name", or with its
    commit "org/name@4f2c..."). Nothing is downloaded: ``sft.hub.fetch`` does that, when it is asked to.

    Raises UserError naming the exact id when it is nowhere, when a name means two things, or when ``refusal`` applies.
    """
    source = found(model)
    if why := refusal(source.path):
        raise UserError(f"Model {source.id!r} cannot be used: {why}", "Name another causal language model.")
    return source


def found(model: str) -> ModelSource:
    """Where a model's files lie, whether or not they can be used. Raises UserError when they are nowhere."""
    model = model.strip()
    if not model:
        raise UserError("No model was named.", "Name a folder, a Hugging Face id, or pocket.")
    folder = given_path(model)
    if model == BUNDLED:
        return ModelSource(BUNDLED, BUNDLED_FOLDER)
    if folder.is_dir():
        if hub_name(model) and cached(model):
            raise UserError(
                f"{model!r} is both a folder here and a model in the Hugging Face cache.",
                f"Write ./{model} for the folder, or start from another directory for the cached model.",
            )
        return ModelSource(folder.resolve().name, folder.resolve())
    if not hub_name(model):
        raise UserError(f"There is no model folder {model!r}.", "Name a folder, a Hugging Face id, or pocket.")
    source = cached(model)
    if source is None:
        raise UserError(f"Model {model!r} is not on this machine.", f"Download it first: python -m sft fetch {model}")
    return source


def on_this_machine(model: str) -> Path | None:
    """The folder of a model whose files are here already; None when it would have to be downloaded, or is nowhere."""
    folder = BUNDLED_FOLDER if model == BUNDLED else given_path(model)
    if folder.is_dir():
        return folder.resolve()
    source = cached(model)
    return source.path if source else None


def hub_name(model: str) -> re.Match[str] | None:
    """The parts ``id`` and ``revision`` of a name that may be a hub model's; None for what can only be a path."""
    return None if model.startswith(".") else HUB_ID.fullmatch(model)


def cached(model: str) -> ModelSource | None:
    """The snapshot of a hub model in the local cache, if it is whole enough to hold weights.

    Without a commit: the one that the branch main pointed at, else the one fetched last.
    """
    name = hub_name(model)
    if name is None:
        return None
    home = cache_folder() / f"models--{name['id'].replace('/', '--')}"
    snapshots = [path for path in home.glob("snapshots/*") if _whole(path)]
    if name["revision"]:
        snapshots = [path for path in snapshots if path.name.startswith(name["revision"])]
    elif (home / "refs" / "main").is_file():
        main = (home / "refs" / "main").read_text().strip()
        snapshots = [path for path in snapshots if path.name == main] or snapshots
    newest = max(snapshots, key=lambda path: path.stat().st_mtime, default=None)
    return ModelSource(name["id"], newest, newest.name) if newest else None


def _whole(folder: Path) -> bool:
    """True if the weights are there, all parts of them."""
    index = folder / "model.safetensors.index.json"
    if not index.exists():
        return bool(weight_files(folder))
    try:
        parts = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    except (ValueError, KeyError, TypeError, AttributeError):
        return False
    return all((folder / part).exists() for part in parts)


def all_cached() -> list[ModelSource]:
    """Every hub model of the local cache that holds safetensors weights, by id."""
    ids = (path.name.removeprefix("models--").replace("--", "/") for path in cache_folder().glob("models--*"))
    return [source for id_ in sorted(ids) if (source := cached(id_))]


def cache_folder() -> Path:
    """Where the Hugging Face libraries keep what they downloaded (see their HF_HOME and HF_HUB_CACHE)."""
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE)


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of a model folder, in the order of their names."""
    return sorted(folder.glob("*.safetensors"))


def weights_hash(folder: Path) -> str:
    """SHA-256 that names a model's weights: of the one safetensors file, or of the hashes of all, in name order."""
    hashes = [file_hash(path) for path in weight_files(folder)]
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()


def tensor_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the tensors in a safetensors file, read from its header alone."""
    return {name: shape for name, (shape, _) in tensor_header(path).items()}


def tensor_header(path: Path) -> dict[str, tuple[tuple[int, ...], str]]:
    """The shape and number format ("BF16") of each tensor in a safetensors file, by name.

    Raises UserError unless the file is as long as its header says.
    """
    try:
        with open(path, "rb") as file:
            (size,) = struct.unpack("<Q", file.read(8))
            header = json.loads(file.read(min(size, 100_000_000)))
        tensors = {name: entry for name, entry in header.items() if name != "__metadata__"}
        end = max((int(entry["data_offsets"][1]) for entry in tensors.values()), default=0)
        if path.stat().st_size != 8 + size + end:
            raise ValueError("cut off, or longer than its header says")
        return {name: (tuple(map(int, entry["shape"])), str(entry["dtype"])) for name, entry in tensors.items()}
    except (OSError, struct.error, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(f"{path.name} is not a whole safetensors file.", "Copy or download it again.") from error


def parameter_count(folder: Path) -> int:
    """How many numbers the weights hold."""
    return sum(math.prod(shape) for path in weight_files(folder) for shape in tensor_shapes(path).values())
