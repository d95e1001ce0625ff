"""Vectors computed before, whatever knowledge base they were for: indexing the same text again embeds nothing.

One SQLite file in the workspace (``cache/vectors.sqlite``). It only ever saves work, so it may be deleted at any time.
A damaged row counts as not there, and a damaged file is replaced by an empty one.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np

from data.errors import UserError
from data.workspace import Workspace
from rag.embed import Embedder

KEPT = 1_000_000  # the newest vectors: 1.6 GB of them at 384 numbers each
AT_ONCE = 500  # keys of one query
CHECK_BYTES = 8
TABLE = "CREATE TABLE IF NOT EXISTS vectors (number INTEGER PRIMARY KEY, key BLOB UNIQUE, vector BLOB)"


def key(embedder: Embedder, text: str) -> bytes:
    """What a vector depends on, as one hash: the model's name and weights, its number format, and the text."""
    text_hash = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    parts = (embedder.id, embedder.weights_hash, embedder.dtype, text_hash)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).digest()


def recall(workspace: Workspace, embedder: Embedder, texts: Sequence[str]) -> dict[str, np.ndarray]:
    """{text: its unit vector, float32 (dim,)} of those texts that this embedder has embedded before."""
    wanted = {key(embedder, text): text for text in texts}
    found: dict[str, np.ndarray] = {}
    if not wanted:
        return found
    with _database(workspace) as database:
        for some in _portions(list(wanted)):
            marks = ",".join("?" * len(some))
            rows = database.execute(f"SELECT key, vector FROM vectors WHERE key IN ({marks})", some)  # noqa: S608 - marks
            for name, stored in rows:
                vector = _whole(stored, embedder.dim)
                if vector is not None:
                    found[wanted[name]] = vector
    return found


def keep(workspace: Workspace, embedder: Embedder, texts: Iterable[str], vectors: np.ndarray) -> None:
    """Remember the vectors of these texts. ``vectors``: float32 (texts, dim)."""
    rows = [(key(embedder, text), _stored(vector)) for text, vector in zip(texts, vectors, strict=True)]
    with _database(workspace) as database:
        database.executemany("INSERT OR REPLACE INTO vectors (key, vector) VALUES (?, ?)", rows)
        newest = database.execute("SELECT max(number) FROM vectors").fetchone()[0] or 0
        database.execute("DELETE FROM vectors WHERE number <= ?", (newest - KEPT,))


def _stored(vector: np.ndarray) -> bytes:
    raw = np.ascontiguousarray(vector, "<f4").tobytes()
    return raw + hashlib.blake2b(raw, digest_size=CHECK_BYTES).digest()


def _whole(stored: bytes, dim: int) -> np.ndarray | None:
    """The vector, unless its bytes changed since they were written."""
    raw, check = stored[:-CHECK_BYTES], stored[-CHECK_BYTES:]
    if len(raw) != 4 * dim or hashlib.blake2b(raw, digest_size=CHECK_BYTES).digest() != check:
        return None
    return np.frombuffer(raw, "<f4").astype(np.float32)


def _portions(keys: list[bytes]) -> Iterator[list[bytes]]:
    return (keys[begin : begin + AT_ONCE] for begin in range(0, len(keys), AT_ONCE))


@contextmanager
def _database(workspace: Workspace) -> Iterator[sqlite3.Connection]:
    """The open cache in one transaction. If the file proves damaged, it is deleted and the transaction left undone.

    Raises UserError when the file cannot be used for another reason (a full disk, no permission).
    """
    path = workspace.root / "cache" / "vectors.sqlite"
    path.parent.mkdir(exist_ok=True)
    try:
        if not _is_database(path):
            path.unlink()
        with closing(sqlite3.connect(path, timeout=60)) as database, database:
            database.execute(TABLE)
            yield database
    except sqlite3.OperationalError as error:
        fix = "Free some space or make it writable; the file may also be deleted."
        raise UserError(f"The cache of vectors {path} cannot be used ({error}).", fix) from error
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
