"""The workspace: the one folder that holds everything a user makes.

It holds runs/<id>/ and, for each kind of artifact, <kind>/<name>/<version>/; and cache/, which may be deleted.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from data.errors import UserError

ARTIFACTS = {"knowledge": "knowledge base", "adapters": "tuned model", "datasets": "dataset"}


@dataclass(frozen=True)
class Workspace:
    """The one folder that holds everything a user makes."""

    root: Path

    @property
    def runs(self) -> Path:
        return self.root / "runs"

    @property
    def cache(self) -> Path:
        """What can be computed again; made by who first keeps something there."""
        return self.root / "cache"

    def folder(self, kind: str) -> Path:
        """The folder of all artifacts of one kind (a key of ``ARTIFACTS``)."""
        return self.root / kind


def given_path(text: str) -> Path:
    """A path as a person writes it: ~ is their home; one of a person who is not known here stays as it is written."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        return Path(text)


def default_root() -> Path:
    """``CROSSOVER_HOME``, else ``workspace/`` beside ``app.py``."""
    home = os.environ.get("CROSSOVER_HOME")
    return given_path(home).resolve() if home else Path(__file__).resolve().parents[1] / "workspace"


def open_workspace(root: Path | None = None) -> Workspace:
    """The workspace, its folders made if need be. Raises UserError when it cannot be written."""
    root = root or default_root()
    try:
        for name in ("runs", *ARTIFACTS):
            (root / name).mkdir(parents=True, exist_ok=True)
        probe = root / f".probe-{secrets.token_hex(4)}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise UserError(
            f"The workspace {root} cannot be written ({error.strerror}).",
            "Make the folder writable, or set CROSSOVER_HOME to one that is.",
        ) from error
    return Workspace(root)
