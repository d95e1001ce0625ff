"""Greedy answers in batches, and the likelihood of given answers, from a network already chosen."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import torch
from transformers import GenerationConfig, StoppingCriteria, TextStreamer

from data.schema import Generation, OnText
from sft.tokens import Tokens


class _Pieces(TextStreamer):
    """Hands finished pieces of the text on as they are decoded."""

    def __init__(self, tokens: Tokens, on_text: OnText) -> None:
        super().__init__(tokens.tokenizer, skip_prompt=True, skip_special_tokens=True)
        self._on_text = on_text

    def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
        if text:
            self._on_text(text)


class _FirstTokens(StoppingCriteria):
    """Stops nothing: it is asked after each token, and so knows when the first tokens of a batch were there."""

    def __init__(self) -> None:
        self.moment: float | None = None

    def __call__(self, input_ids: Any, scores: Any, **rest: Any) -> Any:
        if self.moment is None:
            if input_ids.is_cuda:  # work is only queued there until somebody waits for it
                torch.cuda.synchronize()
            self.moment = time.perf_counter()
        return torch.zeros(len(input_ids), dtype=torch.bool, device=input_ids.device)


def padded(rows: Sequence[Sequence[int]], pad: int, device: Any, left: bool) -> tuple[Any, Any]:
    """Ids and attention mask, both (rows, longest), int64; padding is masked."""
    longest = max(map(len, rows))
    ids = torch.full((len(rows), longest), pad, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for number, row in enumerate(rows):
        place = slice(longest - len(row), longest) if left else slice(0, len(row))
        ids[number, place] = torch.tensor(row, dtype=torch.long)
        mask[number, place] = 1
    return ids.to(device), mask.to(device)


def greedy(
    network: Any,
    tokens: Tokens,
    rows: Sequence[Sequence[int]],
    most: int,
    ends: list[int],
    on_text: OnText | None = None,
) -> list[Generation]:
    """Continue each row greedily by up to ``most`` tokens, until one of ``ends``. One batch; its time is shared out."""
    ids, mask = padded(rows, tokens.tokenizer.pad_token_id, network.device, left=True)
    settings = GenerationConfig(
        max_new_tokens=most, do_sample=False, eos_token_id=ends, pad_token_id=tokens.tokenizer.pad_token_id
    )
    streamer = _Pieces(tokens, on_text) if on_text and len(rows) == 1 else None
    first = _FirstTokens()
    started = time.perf_counter()
    with torch.inference_mode():
        written = network.generate(
            input_ids=ids, attention_mask=mask, generation_config=settings, streamer=streamer, stopping_criteria=[first]
        )[:, ids.shape[1] :].tolist()  # fmt: skip
    share = (time.perf_counter() - started) / len(rows)
    prefill = (first.moment - started) / len(rows) if first.moment else None
    return [_generation(tokens, len(row), new, ends, share, prefill) for row, new in zip(rows, written, strict=True)]


def _generation(
    tokens: Tokens, prompt_tokens: int, new: list[int], ends: list[int], seconds: float, prefill: float | None
) -> Generation:
    stop = next((place for place, token in enumerate(new) if token in ends), None)
    kept = new if stop is None else new[:stop]
    reason = "length" if stop is None else "stop"
    return Generation(tokens.text(kept), prompt_tokens, len(kept) + (stop is not None), reason, seconds, prefill)


def log_likelihoods(network: Any, tokens: Tokens, pairs: Sequence[tuple[list[int], list[int]]]) -> list[float]:
    """The summed natural-log probability of each answer's ids after its prompt's ids. One batch."""
    rows = [prompt + answer for prompt, answer in pairs]
    ids, mask = padded(rows, tokens.tokenizer.pad_token_id, network.device, left=False)
    totals = []
    with torch.inference_mode():
        logits = network(input_ids=ids, attention_mask=mask, use_cache=False).logits
        for row, (prompt, answer) in enumerate(pairs):
            first, last = len(prompt), len(prompt) + len(answer)
            likely = torch.log_softmax(logits[row, first - 1 : last - 1].float(), dim=-1)
            totals.append(float(likely.gather(1, ids[row, first:last, None]).sum()))
    return totals
