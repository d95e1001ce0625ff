"""How many tokens passages have for the embedder that made their vectors, counted without loading its weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tokenizers import Tokenizer

from data.errors import UserError
from data.schema import Passage
from rag.chunk import in_context
from rag.embed import model_folder, weights_hash


def token_counts(embedder: Mapping[str, Any], passages: Sequence[Passage]) -> list[int]:
    """Tokens of each passage as it is embedded (breadcrumb and text), special tokens not counted.

    ``embedder`` is the record in a version's manifest. Raises UserError when that very model is not on this machine:
    another one would count otherwise. Nothing is downloaded.
    """
    folder = model_folder(embedder["id"], fetch=False)
    if weights_hash(folder) != embedder["weights_hash"]:
        raise UserError(
            f"The embedding model {embedder['id']!r} on this machine is not the one that made these passages.",
            "Build the knowledge base again to see the counts.",
        )
    if not (folder / "tokenizer.json").exists():
        raise UserError(
            f"The embedding model {embedder['id']!r} has no tokenizer.json to count with.", "Choose one that has."
        )
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    texts = [in_context(passage) for passage in passages]
    return [len(one.ids) for one in tokenizer.encode_batch(texts, add_special_tokens=False)]
