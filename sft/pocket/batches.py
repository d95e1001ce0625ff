"""From lessons to padded batches: tokens, targets' weights, and which lessons are taught when."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import torch
from transformers import PreTrainedTokenizerFast

from sft.pocket import lessons, paragraphs
from sft.pocket.tokenizer import ASSISTANT, END, PAD, USER
from sft.pocket.turns import Turns

POOL = 384  # rows sorted by length before they are cut into batches
TOKENS = 8192  # padded tokens in a step, at most, over all processes
ROUND = 32  # widths are multiples of this many tokens
LOOKUP_ROWS = 32  # fewer rows kept look-up on its plateau
OTHER_SHARE, OTHER_WEIGHT = 0.2, 0.2  # of the tokens outside answers, and their weight in the loss


@dataclass(frozen=True)
class Lessons:
    """What the lessons are made of: real training paragraphs, and single sentences of them (both may be empty)."""

    paragraphs: list[dict]
    sentences: list[str]


@dataclass(frozen=True)
class Batch:
    """``ids`` (rows, tokens) right-padded; ``weights`` of each token as a target, 0 where there is no loss."""

    ids: torch.Tensor
    weights: torch.Tensor


def encode(tokenizer: PreTrainedTokenizerFast, turns: Turns, r: Random) -> tuple[list[int], list[float]]:
    """Token ids of a conversation as the chat template writes it, and the loss weight of each."""
    bpe = tokenizer.backend_tokenizer
    ids: list[int] = []
    weights: list[float] = []
    for user, answer in turns:
        asked, said = bpe.encode(user).ids, bpe.encode(answer).ids
        ids += [USER, *asked, ASSISTANT, *said, END]
        weights += [0.0, *(OTHER_WEIGHT if r.random() < OTHER_SHARE else 0.0 for _ in asked), 0.0]
        weights += [1.0] * (len(said) + 1)
    return ids, weights


def shares(progress: float, ready: bool, real: bool) -> dict[str, float]:
    """The share of each kind of lesson; ``progress`` runs from 0 to 1, ``ready`` means look-up is learned."""
    if not ready:
        return {"lookup": 1.0}
    of_real = 0.0 if not real or progress < 0.5 else 0.15 if progress < 0.7 else 0.25
    frames = 0.25 if progress < 0.7 else 0.3
    return {
        "lookup": 0.04,
        "closed": 0.03,
        "frame": frames,
        "real": of_real,
        "world": 0.93 - frames - of_real,
    }


def lesson(r: Random, kind: str, source: Lessons, progress: float) -> Turns:
    """One conversation of a kind; unanswerable questions and long passages are rarer at first."""
    unanswerable = 0.03 if progress < 0.2 else 0.08 if progress < 0.4 else 0.15
    if kind == "lookup":
        return lessons.lookup(r)
    if kind == "closed":
        return lessons.closed_book(r)
    if kind == "frame":
        return lessons.frame_lesson(r, source.sentences, unanswerable)
    if kind == "real":
        return paragraphs.real_lesson(r, r.choice(source.paragraphs), source.paragraphs, unanswerable / 2)
    return lessons.world(r, source.sentences, unanswerable, 0.6 if progress < 0.6 else 0.4)


def pool(
    r: Random, tokenizer: PreTrainedTokenizerFast, source: Lessons, progress: float, ready: bool, ranks: int = 1
) -> list[Batch]:
    """Some batches of rows of similar length, in random order: the part of one of ``ranks`` processes."""
    mix = shares(progress, ready, bool(source.paragraphs))
    kinds = r.choices(list(mix), list(mix.values()), k=POOL // ranks)
    rows = [encode(tokenizer, lesson(r, kind, source, progress), r) for kind in kinds]
    rows = sorted((row for row in rows if len(row[0]) <= 1024), key=lambda row: len(row[0]))
    most = 10**6 if ready else max(1, LOOKUP_ROWS // ranks)
    batches: list[Batch] = []
    current: list[tuple[list[int], list[float]]] = []
    for row in rows:
        width = -(-len(row[0]) // ROUND) * ROUND
        if current and (width * (len(current) + 1) > TOKENS // ranks or len(current) >= most):
            batches.append(padded(current))
            current = []
        current.append(row)
    batches.append(padded(current))
    r.shuffle(batches)
    return batches


def padded(rows: list[tuple[list[int], list[float]]]) -> Batch:
    """Rows padded on the right to the longest, rounded up: the fewer shapes, the fewer kernels are made and kept."""
    width = -(-max(len(ids) for ids, _ in rows) // ROUND) * ROUND
    return Batch(
        torch.tensor([ids + [PAD] * (width - len(ids)) for ids, _ in rows]),
        torch.tensor([weights + [0.0] * (width - len(weights)) for _, weights in rows]),
    )
