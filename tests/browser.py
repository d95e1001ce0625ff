"""The browser that tests and benchmarks drive: an installed Chromium or Chrome, else Playwright's own."""

from __future__ import annotations

import os
import shutil
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
APPLICATIONS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
QUIET = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip


def installed() -> str | None:
    """The path of an installed browser, or None."""
    found = (shutil.which(name) for name in NAMES)
    return next(filter(None, [*found, *(path for path in APPLICATIONS if os.path.exists(path))]), None)


def chromium_options() -> dict[str, Any]:
    """Launch options for Playwright's ``chromium.launch``. Without an installed browser Playwright tries its own."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0  # Chromium's sandbox does not start for root
    arguments = [*QUIET, "--no-sandbox"] if root else QUIET
    return {"headless": True, "args": arguments, **({"executable_path": path} if (path := installed()) else {})}
