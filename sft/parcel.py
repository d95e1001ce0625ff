"""A tuned model as one ZIP, and back: only files that we know by name come out, none of them as a path."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path, PurePosixPath
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from data.archives import DAMAGED, check_member, listed
from data.child import Reporter
from data.denied import told as denied
from data.errors import UserError
from data.limits import Limits
from sft.memory import told

TAKEN = ("adapter_config.json", "adapter_model.safetensors", "adapter_model.bin", "manifest.json", "questions.json",
         "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja")  # fmt: skip
PIECE = 1 << 22

WEIGHTS = Limits(unpacked_bytes=20_000_000_000)  # adapters of large models; a bomb still meets the ratio


def zipped(folder: Path, target: Path, name: str, reporter: Reporter | None = None) -> Path:
    """Pack a tuned model's files into a ZIP, inside one folder ``name``; not compressed, for weights do not shrink.

    The ZIP appears whole or not at all. Raises UserError when it cannot be written.
    """
    files = sorted(path for path in folder.iterdir() if path.is_file())
    total, done = sum(path.stat().st_size for path in files), 0
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")  # two that pack at once keep apart
    try:
        with ZipFile(part, "w", ZIP_STORED) as packed:
            for path in files:
                entry = ZipInfo(f"{name}/{path.name}")  # without a date, so that equal models give equal ZIPs
                with open(path, "rb") as source, packed.open(entry, "w", force_zip64=True) as into:
                    while piece := source.read(PIECE):
                        into.write(piece)
                        done += len(piece)
                        if reporter:
                            reporter.step(done, total, f"packing {told(done)} of {told(total)}")
        part.replace(target)
    except OSError as error:
        said = denied(error, target, "written")
        raise said or UserError(f"{target} cannot be written ({error}).", "Name another place.") from error
    finally:
        part.unlink(missing_ok=True)
    return target


def unzipped(path: Path, into: Path, limits: Limits | None = None) -> Path:
    """Unpack the adapter that a ZIP holds (in it or in one folder of it) into the folder ``into``, and return that.

    Files of other names stay behind. Raises UserError for what is no ZIP, holds no adapter or several, has names that
    lead out of it, or grows beyond what a ZIP may (see ``data.limits``).
    """
    try:
        with ZipFile(path) as packed:
            members = listed(packed, path, limits or WEIGHTS, lambda name: PurePosixPath(name).name in TAKEN)
            homes = {PurePosixPath(name).parent for name, _ in members if PurePosixPath(name).name == TAKEN[0]}
            if len(homes) != 1:
                held = "no adapter_config.json" if not homes else f"{len(homes)} adapters"
                raise UserError(f"holds {held}.", "Put one adapter in it, as PEFT wrote it.")
            home = homes.pop()
            into.mkdir(parents=True, exist_ok=True)
            for name, one in members:
                if PurePosixPath(name).parent == home:
                    _unpack(packed, one, name, into)
    except UserError as error:
        raise UserError(f"{path.name} {error.what}", error.fix) from error
    except DAMAGED as error:
        raise UserError(f"{path.name} is damaged, locked or not a ZIP.", "Make the ZIP again.") from error
    except OSError as error:
        raise UserError(f"{path.name} cannot be unpacked ({error.strerror or error}).", "Free some space.") from error
    return into


def _unpack(packed: ZipFile, member: ZipInfo, name: str, into: Path) -> None:
    try:
        check_member(member, name)
    except UserError as error:
        raise UserError(f"holds {name}, which {error.what}", error.fix) from error
    with packed.open(member) as source, open(into / PurePosixPath(name).name, "wb") as file:
        shutil.copyfileobj(source, file)
