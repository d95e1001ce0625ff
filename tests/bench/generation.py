"""Answers per second in token-budget batches against one-by-one ``generate()``, same model, same run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from data.examples import read_examples
from data.prompts import question_turn
from data.schema import Conversation, DecodeSettings
from sft.model import LocalModel
from tests.bench.rows import Row

DEMO = Path(__file__).resolve().parents[2] / "data" / "demo"
SETTINGS = DecodeSettings()
ROUNDS = 3


def measure() -> Iterator[Row]:
    model = LocalModel.load("pocket")
    for name, conversations, target in _sets():
        _batched(model, conversations[:4]), _one_by_one(model, conversations[:2])  # warm up
        # interleaved, so that whatever else the machine does hits both
        times = [
            (_timed(_batched, model, conversations), _timed(_one_by_one, model, conversations)) for _ in range(ROUNDS)
        ]
        ratio = sorted(slow / fast for fast, slow in times)[ROUNDS // 2]
        pairs = zip(_batched(model, conversations), _one_by_one(model, conversations), strict=True)
        same = sum(one == other for one, other in pairs)
        tokens = sum(map(model.base().count, conversations)) / len(conversations)
        rate = len(conversations) / min(fast for fast, _ in times)
        yield Row(f"{name} ({tokens:.0f} prompt tokens): answers/s against one by one", f"{ratio:.2f}x", target)
        yield Row(f"{name}: answers/s", f"{rate:.1f}", "printed")
        yield Row(f"{name}: answers equal to one-by-one answers", f"{same}/{len(conversations)}", "all")


def _batched(model: LocalModel, conversations: Sequence[Conversation]) -> list[str]:
    return [generation.text for generation in model.base().generate(conversations, SETTINGS)]


def _one_by_one(model: LocalModel, conversations: Sequence[Conversation]) -> list[str]:
    return [_alone(model, conversation) for conversation in conversations]


def _sets() -> Iterator[tuple[str, list[Conversation], str]]:
    examples = read_examples(DEMO / "test.jsonl").examples
    short = [question_turn(e.question) for e in examples if e.task == "short"][:64]
    texts = sorted({e.evidence for e in read_examples(DEMO / "train.jsonl").examples if e.evidence})
    asked = [e for e in examples if e.evidence][:24]
    long = [question_turn(e.question, _passages(e.evidence or "", texts, n)) for n, e in enumerate(asked)]
    yield "short prompts", short, "≥ 3x"
    yield "long prompts", long, "≥ 0.95x"


def _passages(gold: str, others: Sequence[str], number: int) -> list[str]:
    """Five passages of some 100 tokens each, the gold one among them."""
    drawn = [others[(17 * number + 5 * i) % len(others)] for i in range(40)]
    return [" ".join([*drawn[8 * i : 8 * i + 8], *([gold] if i == number % 5 else [])]) for i in range(5)]


def _timed(work: Callable[..., Any], *arguments: Any) -> float:
    started = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - started


def _alone(model: LocalModel, conversation: Conversation) -> str:
    """transformers' own ``generate`` on one prompt."""
    ids = torch.tensor([model.tokens.prompt(conversation)])
    with torch.inference_mode():
        written = model.network.generate(
            ids, attention_mask=torch.ones_like(ids), max_new_tokens=SETTINGS.max_new_tokens, do_sample=False,
            pad_token_id=model.tokenizer.pad_token_id,
        )[0, ids.shape[1] :]  # fmt: skip
    return model.tokenizer.decode(written, skip_special_tokens=True).strip()
