"""The finished demo workspace, copied on the first start and never over an existing workspace."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path

from data.errors import UserError

SHIPPED = Path(__file__).with_name("workspace")


def copy_demo(root: Path, shipped: Path = SHIPPED) -> bool:
    """Make ``root`` a copy of the shipped workspace if it does not exist yet or is an empty folder.

    The copy is made beside it and moved into place in one step, so a kill leaves no half of a demo. Returns whether it
    copied. Raises UserError when the place cannot be written.
    """
    if (root.exists() and (not root.is_dir() or any(root.iterdir()))) or not shipped.is_dir():
        return False
    copy = root.with_name(f".{root.name}-{secrets.token_hex(4)}")
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(shipped, copy)
        os.rename(copy, root)  # takes the place of an empty folder only
    except OSError as error:
        shutil.rmtree(copy, ignore_errors=True)
        if root.is_dir() and any(root.iterdir()):  # another process was first
            return False
        raise UserError(
            f"The workspace {root} cannot be made ({error.strerror}).", "Set CROSSOVER_HOME to another folder."
        ) from error
    return True
