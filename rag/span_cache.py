"""Where texts were cut before (``cache/spans.sqlite``): splitting the same text again counts no token.

Finding the cuts takes longer than everything else that indexing an unchanged text again does. What is kept are places
and breadcrumbs, not passages: the name of a document and its pages may differ where its text is the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from tokenizers import Tokenizer

from data.disk import text_hash
from data.schema import Document
from data.workspace import Workspace
from rag import cache, chunk
from rag.chunk import Cut, Piece

KEPT = 200_000  # the newest texts: some 70 MB, if they are pages of eight passages


def recall(workspace: Workspace, documents: Sequence[Document], cut: Cut) -> dict[str, list[Piece]]:
    """{document id: its pieces} of those documents whose text was cut in the same way before."""
    wanted = {document.id: _key(document, cut) for document in documents}
    found = cache.recall(_cache(workspace), set(wanted.values()))
    return {id_: [Piece(*row) for row in json.loads(found[key])] for id_, key in wanted.items() if key in found}


def keep(workspace: Workspace, cut: Cut, pieces: Iterable[tuple[Document, Sequence[Piece]]]) -> None:
    """Remember where these documents were cut."""
    rows = [(_key(document, cut), json.dumps(found).encode()) for document, found in pieces]
    if rows:
        cache.keep(_cache(workspace), rows)


def _cache(workspace: Workspace) -> cache.Cache:
    return cache.cache_of(workspace, "spans", "spans", KEPT)


def _key(document: Document, cut: Cut) -> bytes:
    """The text and how it is read, the sizes, the tokenizer that counts, and the code that cuts."""
    sizes = (str(chunk.structured(document)), str(cut.max_tokens), str(cut.overlap))
    return cache.key(text_hash(document.text), *sizes, _tokenizer_hash(cut.tokenizer), _code_hash())


@lru_cache(maxsize=8)
def _tokenizer_hash(tokenizer: Tokenizer) -> str:
    return text_hash(tokenizer.to_str())


@lru_cache(maxsize=1)
def _code_hash() -> str:
    """Of our own rules and the library's version: a cut by other rules is never taken for one by these."""
    rules = hashlib.sha256(Path(chunk.__file__).read_bytes()).hexdigest()
    return f"{rules} {version('semantic-text-splitter')}"
