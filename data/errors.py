"""The one class of error that a user can fix, and the signal that a job was asked to stop."""

from __future__ import annotations

from typing import Any


class UserError(Exception):
    """Something the user can put right: one plain sentence on what is wrong and where, one on what to do.

    The shell prints it and exits with 2; the page shows it. It never carries a traceback to the user.
    """

    def __init__(self, what: str, fix: str = "") -> None:
        self.what, self.fix = what, fix
        super().__init__(f"{what} {fix}".strip())


class Stopped(Exception):
    """Raised inside a job that was asked to stop, with what it managed to keep."""

    def __init__(self, summary: dict[str, Any] | None = None) -> None:
        self.summary = summary or {}
        super().__init__("stopped on request")
