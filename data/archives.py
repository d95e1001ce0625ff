"""What a ZIP may hold and grow to; and a ZIP as a folder: unpacked under numbers, so that no name becomes a path."""

from __future__ import annotations

import shutil
import stat
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from zipfile import BadZipFile, ZipFile, ZipInfo

from data.denied import told
from data.errors import UserError
from data.limits import Limits, check_unpacked
from data.reading import Refused, readable

CLUTTER = "__MACOSX"
DAMAGED = (BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error)  # what zipfile says of a broken ZIP


def unpack(path: Path, name: str, into: Path, limits: Limits) -> tuple[list[tuple[str, str]], list[Refused]]:
    """The (name inside the ZIP, path of the unpacked file) pairs, and the members that were refused.

    A ZIP that is damaged or grows beyond the limits is refused as a whole, before anything is written.
    """
    try:
        with ZipFile(path) as packed:
            members = sorted(listed(packed, path, limits, lambda name: not _hidden(name)), key=lambda pair: pair[0])
            if not members:
                raise UserError("holds no file.", "Put the documents in it.")
            return _members(packed, members, name, into)
    except UserError as error:
        return [], [Refused(name, f"{name} {error.what}", error.fix)]
    except DAMAGED:
        return [], [Refused(name, f"{name} is damaged or not a ZIP.", "Make the ZIP again.")]
    except OSError as error:  # a full disk, say: nothing is wrong with the ZIP
        if (said := told(error)) is None:
            raise
        return [], [Refused(name, f"{name} cannot be unpacked. {said.what}", said.fix)]


def listed(
    packed: ZipFile, path: Path, limits: Limits, wanted: Callable[[str], bool]
) -> list[tuple[str, ZipInfo]]:  # fmt: skip
    """The files of an open ZIP whose names are ``wanted``, each with its name on one line.

    Raises UserError where there are too many entries, or those files unpack to more than the limits.
    """
    if (count := len(packed.infolist())) > limits.entries:
        raise UserError(f"holds {count:,} entries; the limit is {limits.entries:,}.", "Split it.")
    named = [(readable(one.filename.replace("\\", "/")), one) for one in packed.infolist() if not one.is_dir()]
    found = [pair for pair in named if wanted(pair[0])]
    # zipfile gives no more bytes of a member than its entry says, so these sizes hold
    check_unpacked(path.stat().st_size, sum(one.file_size for _, one in found), limits)
    return found


def _hidden(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return any((part.startswith(".") and part != "..") or part == CLUTTER for part in parts)


def _members(
    packed: ZipFile, members: list[tuple[str, ZipInfo]], archive: str, into: Path
) -> tuple[list[tuple[str, str]], list[Refused]]:
    files: list[tuple[str, str]] = []
    refused: list[Refused] = []
    for number, (name, member) in enumerate(members):
        target = into / f"{number}{PurePosixPath(name).suffix[:20]}"
        try:
            check_member(member, name)
            with packed.open(member) as source, open(target, "wb") as file:
                shutil.copyfileobj(source, file)
            files.append((name, str(target)))
        except UserError as error:
            refused.append(Refused(name, f"{name} in {archive} {error.what}", error.fix))
        except DAMAGED:
            refused.append(Refused(name, f"{name} in {archive} is damaged.", "Make the ZIP again."))
    return files, refused


def check_member(member: ZipInfo, name: str) -> None:
    """Raise UserError for a file of a ZIP that leads out of it, is a link, is locked, or is a ZIP itself."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
        raise UserError("has a name that leads out of the ZIP.", "Give it a plain name.")
    if stat.S_ISLNK(member.external_attr >> 16):
        raise UserError("is a link, not a file.", "Put the file itself into the ZIP.")
    if member.flag_bits & 1:
        raise UserError("is protected by a password.", "Make the ZIP again without a password.")
    if path.suffix.lower() == ".zip":
        raise UserError("is a ZIP inside a ZIP.", "Unpack it and give its files.")
