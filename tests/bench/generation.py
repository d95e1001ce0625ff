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
    for name, conversations, must, aim in _sets():
        _batched(model, conversations[:4]), _one_by_one(model, conversations[:2])  # warm up
        # interleaved, so that whatever else the machine does hits both
        times = [
            (_timed(_batched, model, conversations), _timed(_one_by_one, model, conversations)) for _ in range(ROUNDS)
        ]
        ratio = sorted(slow / fast for fast, slow in times)[ROUNDS // 2]
        gaps = [
            _gap(model, conversation, one, other)
            for conversation, one, other in zip(
                conversations, _batched(model, conversations), _one_by_one(model, conversations), strict=True
            ) if one != other
        ]  # fmt: skip
        same = len(conversations) - len(gaps)
        tokens = sum(map(model.base().count, conversations)) / len(conversations)
        rate = len(conversations) / min(fast for fast, _ in times)
        yield Row(
            f"{name} ({tokens:.0f} prompt tokens): answers/s against one by one", f"{ratio:.2f}x",
            f"≥ {must:g}x (aim {aim:g}x)", ratio >= must,
        )  # fmt: skip
        yield Row(f"{name}: answers/s", f"{rate:.1f}", "printed")
        yield Row(
            f"{name}: answers equal to one-by-one answers ({model.device.dtype}), {len(gaps)} differ",
            f"{same}/{len(conversations)}", "all, or see the next row",
        )  # fmt: skip
        widest = f"{max(gaps):.1e}" if gaps else "none"
        yield Row(
            f"{name}: widest top-two logit gap where answers first differ",
            widest,
            "< 1e-4",
            max(gaps, default=0.0) < 1e-4,
        )


def _batched(model: LocalModel, conversations: Sequence[Conversation]) -> list[str]:
    return [generation.text for generation in model.base().generate(conversations, SETTINGS)]


def _gap(model: LocalModel, conversation: Conversation, batched: str, alone: str) -> float:
    """How far apart the two likeliest tokens are at the step where batched and single answers part."""
    prompt, written, other = model.tokens.prompt(conversation), model.tokens.answer(alone), model.tokens.answer(batched)
    parted = next(n for n, (a, b) in enumerate(zip(written, other, strict=False)) if a != b)
    with torch.inference_mode():
        logits = model.network(torch.tensor([prompt + written[:parted]]), use_cache=False).logits[0, -1].float()
    first, second = logits.topk(2).values.tolist()
    return first - second


def _one_by_one(model: LocalModel, conversations: Sequence[Conversation]) -> list[str]:
    return [_alone(model, conversation) for conversation in conversations]


def _sets() -> Iterator[tuple[str, list[Conversation], float, float]]:
    """(name, prompts, the ratio that must be reached, the one aimed at)."""
    examples = read_examples(DEMO / "test.jsonl").examples
    short = [question_turn(e.question) for e in examples if e.task == "short"][:64]
    texts = sorted({e.evidence for e in read_examples(DEMO / "train.jsonl").examples if e.evidence})
    asked = [e for e in examples if e.evidence][:24]
    long = [question_turn(e.question, _passages(e.evidence or "", texts, n)) for n, e in enumerate(asked)]
    yield "short prompts", short, 3, 4
    yield "long prompts", long, 0.95, 1.1


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
