"""Conversations to tokens, once: what was tokenized before is read from a cache of the ``datasets`` library.

The key is what tokens depend on: every word of the conversations (and so rows, prompt form, context and instruction),
the tokenizer and its chat template. Lengths are not cut here, so another limit needs no new tokens.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from data.schema import Conversation, Message
from sft.tokens import Tokens

KEPT = 24  # files of the cache, the oldest go first

Pair = tuple[list[int], list[int]]


def tokenized(conversations: Sequence[Conversation], tokens: Tokens, cache: Path | None = None) -> list[Pair]:
    """(token ids of the prompt, of the answer with its end) of conversations that end with the answer."""
    if cache is None or not conversations:
        return [_pair(turns, tokens) for turns in conversations]
    import datasets

    datasets.disable_progress_bars()
    said = [json.dumps([[turn.role, turn.content] for turn in turns], ensure_ascii=False) for turns in conversations]
    name = key(said, tokens)
    cache.mkdir(parents=True, exist_ok=True)
    file = cache / f"{name}.arrow"
    table = datasets.Dataset.from_dict({"turns": said}).map(
        lambda row: _columns(row, tokens), remove_columns=["turns"], cache_file_name=str(file), new_fingerprint=name,
        load_from_cache_file=True,
    )  # fmt: skip
    pairs = list(zip(table["prompt"], table["answer"], strict=True))
    os.utime(file)
    _prune(cache)
    return pairs


def key(said: Sequence[str], tokens: Tokens) -> str:
    """A hash that changes with any word of the conversations, with the tokenizer, its end token and its template."""
    tokenizer = tokens.tokenizer
    fast = getattr(tokenizer, "backend_tokenizer", None)
    model = fast.to_str() if fast else json.dumps(tokenizer.get_vocab(), sort_keys=True)
    digest = hashlib.sha256()
    for text in (model, str(tokenizer.chat_template), str(tokens.end), *said):
        digest.update(f"{len(text)}:{text}".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:32]


def _columns(row: dict[str, Any], tokens: Tokens) -> dict[str, list[int]]:
    turns = tuple(Message(role, content) for role, content in json.loads(row["turns"]))
    prompt, answer = _pair(turns, tokens)
    return {"prompt": prompt, "answer": answer}


def _pair(turns: Conversation, tokens: Tokens) -> Pair:
    return tokens.prompt(turns[:-1]), tokens.answer(turns[-1].content)


def _prune(cache: Path) -> None:
    def age(path: Path) -> float:
        with suppress(FileNotFoundError):  # another process prunes as well
            return path.stat().st_mtime
        return 0.0

    for old in sorted(cache.glob("*.arrow"), key=age)[:-KEPT]:
        old.unlink(missing_ok=True)
