"""Models of the Hugging Face hub: look at one without keeping anything of it, then fetch exactly that commit.

Looking reads the list of files, config.json, the tokenizer's settings and the headers of the weights, all into memory.
What cannot be used is refused there, before a byte of weights is downloaded.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from data.child import Reporter
from data.errors import UserError
from sft.catalogue import Facts, gathered, stated_licence, unreadable
from sft.hub_errors import told_of_hub
from sft.memory import told
from sft.refusals import SETTINGS, refused_files, refused_kind, refused_tokenizer
from sft.sources import ModelSource, cache_folder, cached, hub_name

WANTED = ("*.json", "*.safetensors", "*.jinja", "*.model", "*.txt", "LICENSE*", "LICENCE*", "README.md")  # no pickles
PIECE = 1 << 20  # bytes between two looks for a stop
PATIENCE = 10.0  # seconds that a server may be silent


@dataclass(frozen=True)
class Offer:
    """A model of the hub at one commit: the files that would be fetched with their sizes in bytes, and its facts."""

    id: str
    revision: str
    files: dict[str, int]
    facts: Facts

    @property
    def bytes(self) -> int:
        return sum(self.files.values())

    @property
    def exact(self) -> str:
        """The name that pins the commit."""
        return f"{self.id}@{self.revision}"


def look(model: str) -> Offer:
    """What the hub holds under an id ("org/name", or with a commit). Keeps nothing on disk.

    Raises UserError without a network, for an unknown or gated id, and for a model that cannot be used.
    """
    from huggingface_hub import HfApi

    name = hub_name(model.strip())
    if name is None:
        raise UserError(f"{model!r} is no id of the Hugging Face hub.", "Ids look like organisation/name.")
    with told_of_hub(model):
        api = HfApi()
        info = api.model_info(name["id"], revision=name["revision"], files_metadata=True, timeout=PATIENCE)
        files = {one.rfilename: int(one.size or 0) for one in info.siblings or []}
        config, settings = (
            _json_of(api, name["id"], str(info.sha), one) if one in files else None for one in ("config.json", SETTINGS)
        )
        if why := _refused(files, config, settings or {}):
            raise UserError(f"Model {model!r} cannot be used: {why}", "Name another causal language model.")
        wanted = {path: length for path, length in files.items() if "/" not in path and _any(path, WANTED)}
        return Offer(name["id"], str(info.sha), wanted, _facts(api, info, wanted, config or {}, settings or {}))


def _refused(files: dict[str, int], config: dict[str, Any] | None, settings: dict[str, Any]) -> str:
    if config is None:
        return "it holds no config.json."
    top = [path for path in files if "/" not in path]
    return refused_files(top) or refused_kind(config) or unreadable(config) or refused_tokenizer(top, settings)


def _facts(
    api: Any, info: Any, wanted: dict[str, int], config: dict[str, Any], tokenizer: dict[str, Any]
) -> Facts:  # fmt: skip
    tensors: dict[str, tuple[tuple[int, ...], str]] = {}
    for file in (path for path in wanted if path.endswith(".safetensors")):
        header = api.parse_safetensors_file_metadata(info.id, file, revision=str(info.sha), timeout=PATIENCE)
        tensors |= {name: (tuple(one.shape), one.dtype) for name, one in header.tensors.items()}
    template = "chat_template.jinja" in wanted or bool(tokenizer.get("chat_template"))
    weights = sum(length for path, length in wanted.items() if path.endswith(".safetensors"))
    licence = (info.card_data or {}).get("license") if info.card_data else None
    if not licence and "README.md" in wanted:
        licence = stated_licence(_read(api, info.id, str(info.sha), "README.md").decode("utf-8", "replace"))
    return gathered(config, tokenizer, tensors, template, weights, str(licence) if licence else None)


def _read(api: Any, model: str, revision: str, file: str) -> bytes:
    """A small file of the hub, in memory."""
    from huggingface_hub import hf_hub_url
    from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status

    url = hf_hub_url(model, file, revision=revision, endpoint=api.endpoint)
    answer = get_session().get(url, headers=build_hf_headers(), timeout=PATIENCE, follow_redirects=True)
    hf_raise_for_status(answer)
    return answer.content


def _json_of(api: Any, model: str, revision: str, file: str) -> dict[str, Any]:
    try:
        value = json.loads(_read(api, model, revision, file))
    except ValueError as error:
        raise UserError(f"The {file} of {model!r} cannot be read.", "Name another model.") from error
    return value if isinstance(value, dict) else {}


def _any(path: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch(path, pattern) for pattern in patterns)


def fetch(model: str, reporter: Reporter) -> ModelSource:
    """Download one commit of a hub model into the local cache and return where it lies; a stop keeps whole files.

    Weights come last, so a cached model with weights has all its other files. Raises UserError as ``look`` does, and
    when the disk is too small.
    """
    if "@" in model and (known := cached(model)):
        return known
    reporter.write(text=f"looking at {model}")
    offer = look(model)
    free = shutil.disk_usage(_existing(cache_folder())).free
    if free < offer.bytes:
        raise UserError(
            f"{offer.id} needs {told(offer.bytes)} and the disk of {cache_folder()} has {told(free)} free.",
            "Free some space, or point HF_HOME to another disk.",
        )
    done = 0
    for file, length in sorted(offer.files.items(), key=lambda pair: pair[0].endswith(".safetensors")):
        with told_of_hub(model):
            _one(offer, file, done, reporter)
        done += length
        reporter.step(done, offer.bytes, f"downloading {offer.id}: {told(done)} of {told(offer.bytes)}")
    source = cached(offer.exact)
    assert source is not None, "every file was fetched"
    return source


def _one(offer: Offer, file: str, before: int, reporter: Reporter) -> None:
    """Fetch one file over plain HTTP, which can be stopped between two pieces."""
    from huggingface_hub import constants, hf_hub_download
    from huggingface_hub.utils import tqdm

    constants.HF_HUB_DISABLE_XET, constants.DOWNLOAD_CHUNK_SIZE = True, PIECE

    class Bar(tqdm):
        """Hears of every piece; a stop asked for raises Stopped here, out of the download."""

        def update(self, n: float | None = 1) -> bool | None:
            self.n += n or 0
            here = min(before + self.n, offer.bytes)
            reporter.step(here, offer.bytes, f"downloading {offer.id}: {told(here)} of {told(offer.bytes)}")
            return True

    hf_hub_download(offer.id, file, revision=offer.revision, tqdm_class=Bar, etag_timeout=PATIENCE)


def _existing(path: Path) -> Path:
    """The path itself, or the nearest folder above it that is there."""
    return next(one for one in (path, *path.parents) if one.exists())
