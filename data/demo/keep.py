"""Keep a finished demo workspace as the one that ships: ``python -m data.demo.keep BUILT`` (see `make demo`).

Leaves out what no reader needs (checkpoints, logs, locks, the worker's files), replaces the machine's own paths by
relative ones, and records when and on what kind of machine it was made.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil

from data.demo.first_start import SHIPPED
from data.disk import write_json

LEFT_OUT = shutil.ignore_patterns(
    "checkpoint*", "cache", "log.txt", "lock", ".lock-*", "*.lock", "worker.*", ".staging-*", ".probe-*"
)
MOST_BYTES = 10_000_000
REPOSITORY = Path(__file__).resolve().parents[2]


def keep(built: Path, shipped: Path = SHIPPED) -> int:
    """Replace the shipped workspace by the one built; returns its size in bytes. Raises ValueError if too large."""
    fresh = shipped.with_name(".workspace-new")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(built, fresh, ignore=LEFT_OUT)
    for path in sorted(fresh.glob("runs/*/*.json")):
        path.write_text(_impersonal(path.read_text(encoding="utf-8"), built), encoding="utf-8")
    write_json(fresh / "DEMO.json", made())
    size = sum(path.stat().st_size for path in fresh.rglob("*") if path.is_file())
    if size > MOST_BYTES:
        raise ValueError(f"the demo workspace has {size:,} bytes; at most {MOST_BYTES:,} may ship")
    shutil.rmtree(shipped, ignore_errors=True)
    os.rename(fresh, shipped)
    return size


def made() -> dict[str, object]:
    """When and on what the demo was made: the kind of machine, never its name."""
    names = ("torch", "transformers", "peft", "trl", "sentence-transformers", "faiss-cpu")
    return {
        "made": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": f"{os.cpu_count()} CPU cores, {psutil.virtual_memory().total / 2**30:.0f} GiB of memory, no GPU, "
        f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "versions": {name: version(name) for name in names},
    }


def _impersonal(text: str, built: Path) -> str:
    for folder in (built.resolve(), REPOSITORY):
        text = text.replace(str(folder) + "/", "").replace(str(folder), ".")
    value = json.loads(text)
    if "host" in value:
        value["host"] = "the machine in DEMO.json"
    return json.dumps(value, ensure_ascii=False, indent=1)


if __name__ == "__main__":
    print(f"{keep(Path(sys.argv[1])):,} bytes kept")
