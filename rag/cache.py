"""What was worked out before, by key, whatever knowledge base it was for: files in the workspace's folder ``cache``.

A cache only ever saves work, so its file may be deleted at any time. A damaged row counts as not there, and a damaged
file is replaced by an empty one. Of more rows than are kept, the oldest go.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from data.errors import UserError
from data.workspace import Workspace

AT_ONCE = 500  # keys of one query
CHECK_BYTES = 8


@dataclass(frozen=True)
class Cache:
    """One SQLite file with one table, whose column ``value`` is asked for by key. At most ``kept`` rows stay."""

    path: Path
    table: str
    value: str
    kept: int


def cache_of(workspace: Workspace, table: str, value: str, kept: int) -> Cache:
    """The cache of that name in a workspace: ``cache/<table>.sqlite``."""
    return Cache(workspace.root / "cache" / f"{table}.sqlite", table, value, kept)


def key(*parts: str) -> bytes:
    """All that a value depends on, as one hash."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).digest()


def recall(cache: Cache, keys: Iterable[bytes]) -> dict[bytes, bytes]:
    """{key: value} of those keys whose value is there and whole."""
    wanted = list(keys)
    found: dict[bytes, bytes] = {}
    if not wanted:
        return found
    with _database(cache) as database:
        for some in _portions(wanted):
            marks = ",".join("?" * len(some))
            ask = f"SELECT key, {cache.value} FROM {cache.table} WHERE key IN ({marks})"  # noqa: S608 - names of ours
            for name, stored in database.execute(ask, some):
                value = _whole(stored)
                if value is not None:
                    found[name] = value
    return found


def keep(cache: Cache, rows: Iterable[tuple[bytes, bytes]]) -> None:
    """Remember these values, in one step."""
    checked = [(name, value + _check(value)) for name, value in rows]
    put = f"INSERT OR REPLACE INTO {cache.table} (key, {cache.value}) VALUES (?, ?)"  # noqa: S608 - names of ours
    with _database(cache) as database:
        database.executemany(put, checked)
        newest = database.execute(f"SELECT max(number) FROM {cache.table}").fetchone()[0] or 0  # noqa: S608
        database.execute(f"DELETE FROM {cache.table} WHERE number <= ?", (newest - cache.kept,))  # noqa: S608


def _check(value: bytes) -> bytes:
    return hashlib.blake2b(value, digest_size=CHECK_BYTES).digest()


def _whole(stored: bytes) -> bytes | None:
    """The value, unless its bytes changed since they were written."""
    value = stored[:-CHECK_BYTES]
    return value if stored[-CHECK_BYTES:] == _check(value) else None


def _portions(keys: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    return (keys[begin : begin + AT_ONCE] for begin in range(0, len(keys), AT_ONCE))


@contextmanager
def _database(cache: Cache) -> Iterator[sqlite3.Connection]:
    """The open cache in one transaction. If the file proves damaged, it is deleted and the transaction left undone.

    Raises UserError when the file cannot be used for another reason (a full disk, no permission).
    """
    path = cache.path
    path.parent.mkdir(exist_ok=True)
    columns = f"number INTEGER PRIMARY KEY, key BLOB UNIQUE, {cache.value} BLOB"
    try:
        if not _is_database(path):
            path.unlink()
        with closing(sqlite3.connect(path, timeout=60)) as database, database:
            database.execute(f"CREATE TABLE IF NOT EXISTS {cache.table} ({columns})")
            yield database
    except sqlite3.OperationalError as error:
        fix = "Free some space or make it writable; the file may also be deleted."
        raise UserError(f"The cache of {cache.table} {path} cannot be used ({error}).", fix) from error
    except sqlite3.DatabaseError:
        path.unlink()


def _is_database(path: Path) -> bool:
    try:
        with closing(sqlite3.connect(path, timeout=60)) as database:
            database.execute("PRAGMA schema_version").fetchone()
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        return False
    return True
