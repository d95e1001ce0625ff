"""Named artifacts with immutable versions: staged, published, resolved, and the pointer that a bare name follows.

A version is built in a staging folder, flushed to disk and renamed into place: a reader sees a whole version or none.
Using a name again makes the next version, written ``name@2``; nothing is overwritten.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.aliases import identity
from data.denied import in_words, short
from data.disk import read_json, sync_folder, write_json
from data.errors import UserError
from data.workspace import ARTIFACTS, Workspace

DELETED = "deleted.json"  # the mark that stays in a deleted version's folder, so that its number is never used again
STALE_SECONDS = 86_400.0
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
NUMBER = re.compile(r"[0-9]{1,9}")  # of a version; other digits, and more of them, are no number of ours


@dataclass(frozen=True)
class Artifact:
    """One published version: ``ref`` is how people name it ("name@2")."""

    kind: str
    name: str
    version: int
    path: Path

    @property
    def ref(self) -> str:
        return f"{self.name}@{self.version}"

    def manifest(self) -> dict[str, Any]:
        return read_json(self.path / "manifest.json")


def check_name(name: str, what: str) -> str:
    """A usable name, or a UserError that says what names may hold."""
    if not NAME.fullmatch(name):
        raise UserError(
            f"{short(name)!r} is not a name for a {what}.",
            "Use 1 to 64 letters, digits, '.', '_' or '-', beginning with a letter or digit.",
        )
    return name


def names(workspace: Workspace, kind: str) -> list[str]:
    """All names of a kind that have at least one published version, in alphabetical order."""
    folder = workspace.folder(kind)
    found = sorted(p.name for p in folder.iterdir() if p.is_dir() and NAME.fullmatch(p.name)) if folder.exists() else []
    return [name for name in found if versions(workspace, kind, name)]


def versions(workspace: Workspace, kind: str, name: str) -> list[int]:
    """Published versions of a name, oldest first."""
    folder = workspace.folder(kind) / name
    if not folder.is_dir():
        return []
    return sorted(int(p.name) for p in folder.iterdir() if NUMBER.fullmatch(p.name) and _published(p))


def _published(folder: Path) -> bool:
    return (folder / "manifest.json").exists() and not (folder / DELETED).exists()


def resolve(workspace: Workspace, kind: str, ref: str) -> Artifact:
    """The artifact named by "name" (its current version) or "name@3"; the name may be an alias.

    Raises UserError when there is none.
    """
    name, at, number = ref.partition("@")
    found = _versions_of(workspace, kind, name)
    if NAME.fullmatch(name) and not found:  # no first name: perhaps an alias
        name = identity(workspace, kind, name)
        found = _versions_of(workspace, kind, name)
    wanted = int(number) if NUMBER.fullmatch(number) else None
    if NAME.fullmatch(name) and wanted is not None and wanted not in found:
        _refuse_deleted(workspace.folder(kind) / name / str(wanted), ref, ARTIFACTS[kind])
    if not found:
        known = ", ".join(names(workspace, kind)) or "none yet"
        raise UserError(f"There is no {ARTIFACTS[kind]} named {short(name)!r}.", f"Known: {known}.")
    if not at:
        version = current_version(workspace, kind, name)
    elif wanted in found:
        version = wanted
    else:
        listed = ", ".join(f"{name}@{v}" for v in found)
        what = f"{ARTIFACTS[kind].capitalize()} {name!r} has no version {short(number)!r}."
        raise UserError(what, f"It has {listed}.")
    return Artifact(kind, name, version, workspace.folder(kind) / name / str(version))


def _versions_of(workspace: Workspace, kind: str, name: str) -> list[int]:
    return versions(workspace, kind, name) if NAME.fullmatch(name) else []


def _refuse_deleted(folder: Path, ref: str, what: str) -> None:
    if (folder / DELETED).exists():
        when = read_json(folder / DELETED)["deleted"]
        raise UserError(
            f"Version {ref} of this {what} was deleted ({when}).", "Name another version, or make a new one."
        )


def current_version(workspace: Workspace, kind: str, name: str) -> int:
    """The version a bare name means: the one pointed at, else the newest.

    The pointer is read before the folder is listed: a version published in between is then never mistaken for missing.
    """
    home = workspace.folder(kind) / name
    pointer = home / "current.json"
    if pointer.exists() and _published(home / str(pointed := int(read_json(pointer)["version"]))):
        return pointed
    return versions(workspace, kind, name)[-1]


def point(workspace: Workspace, kind: str, name: str, version: int) -> Artifact:
    """Make a bare name mean ``version`` from now on."""
    artifact = resolve(workspace, kind, f"{name}@{version}")
    write_json(workspace.folder(kind) / name / "current.json", {"version": version})
    return artifact


@contextmanager
def staging(workspace: Workspace, kind: str) -> Iterator[Path]:
    """A temporary folder to build an artifact in; gone afterwards unless it was published."""
    home = workspace.folder(kind)
    for old in home.glob(".staging-*"):
        with suppress(FileNotFoundError):  # published or removed by its owner just now
            if time.time() - old.stat().st_mtime > STALE_SECONDS:  # left by a kill
                shutil.rmtree(old, ignore_errors=True)
    folder = home / f".staging-{secrets.token_hex(6)}"
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def publish(workspace: Workspace, kind: str, name: str, built: Path, manifest: dict[str, Any]) -> Artifact:
    """Make the built folder the next version of ``name``: manifest last, everything synced, rename, pointer moved.

    The pointer moves only after the version is in place, so a kill at any moment leaves the last published one.
    """
    check_name(name, ARTIFACTS[kind])
    write_json(built / "manifest.json", {**manifest, "kind": kind, "name": name})
    home = workspace.folder(kind) / name
    with in_words(home):
        for path in built.rglob("*"):
            if path.is_file():
                with open(path, "rb") as file:
                    os.fsync(file.fileno())
            elif path.is_dir():
                sync_folder(path)
        home.mkdir(parents=True, exist_ok=True)
        sync_folder(home.parent)
    version = max([int(p.name) for p in home.iterdir() if NUMBER.fullmatch(p.name)], default=0)
    while True:
        version += 1
        try:
            # rename onto an existing, non-empty folder fails: two publishers can never share a number
            os.rename(built, home / str(version))
            break
        except OSError as error:
            if not (home / str(version)).exists():
                raise UserError(f"{home} cannot be written ({error.strerror}).", "Free some space.") from error
    sync_folder(home)
    if current_version(workspace, kind, name) <= version or not (home / "current.json").exists():
        point(workspace, kind, name, version)  # not when a later publisher was faster
    return Artifact(kind, name, version, home / str(version))
