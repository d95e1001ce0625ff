"""Did retrieval find a question's gold passage, and at which rank? Judged on the passages kept with the answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from data.schema import Answer, Example
from eval.retrieval import MEASURES, Outcome, outcome
from eval.statistics import estimates, saved
from rag.marks import carries

Gold = Mapping[str, Sequence[str]]
"""{example id: ids of its gold passages in the knowledge base}; empty where its evidence does not stand there."""

HANDED = "gold:"  # passages of this kind were handed over, not retrieved

PROBE = 12  # letters that are looked up at once


def retrieved(answer: Answer) -> bool:
    """True if the answer's passages come from a search."""
    return bool(answer.hits) and not answer.hits[0].passage.id.startswith(HANDED)


def judge(example: Example, answer: Answer, gold: Gold | None) -> Outcome | None:
    """Where the gold passages stand among those found; None where none is known, or none stands in the knowledge base.

    Without ``gold`` (a run from before it was kept) the passages found are compared with the evidence: then how many
    there are in all is not known, and is 0 in the outcome.
    """
    if not (example.evidence and example.answerable and answer.available) or (answer.hits and not retrieved(answer)):
        return None
    if gold is not None:
        right = gold.get(example.id, ())
        return outcome([hit.passage.id for hit in answer.hits], right) if right else None
    ranks = (hit.rank for hit in answer.hits if holds_gold(example, hit.passage.text))
    return Outcome(tuple(sorted(ranks)), 0)


def measures(outcomes: Sequence[Outcome | None], k: int, groups: Sequence[str]) -> dict[str, Any] | None:
    """hit@k, MRR, recall@k and nDCG@k with their intervals; None without a question to judge by.

    Recall and nDCG need to know how many gold passages there are; where a run does not say, they are left out.
    """
    judged = [one for one in outcomes if one is not None]
    if not judged:
        return None
    names = [name for name in MEASURES if name in ("hit", "mrr") or all(one.gold for one in judged)]
    rows = [[np.nan if one is None else MEASURES[name](one, k) for name in names] for one in outcomes]
    told = {name: saved(one) for name, one in zip(names, estimates(np.array(rows), groups), strict=True)}
    return {"k": k, "n": len(judged), **told}


@lru_cache(1 << 15)
def _folded(text: str) -> str:
    return " ".join(text.split())


def holds_gold(example: Example, passage: str) -> bool:
    """True if a passage carries the gold evidence: an accepted answer in text that both share, or half of the evidence.

    Both are compared with white space folded; the shared text is found by looking one up in the other.
    """
    evidence, text = _folded(example.evidence or ""), _folded(passage)
    shared = evidence if evidence in text else text if text in evidence else _overlap(evidence, text)
    return carries(shared, len(evidence), example.answers)


def _overlap(evidence: str, text: str) -> str:
    """The longest end of one text that begins the other (a gold passage cut by a chunk border)."""
    return max(end_that_begins(evidence, text), end_that_begins(text, evidence), key=len)


def end_that_begins(left: str, right: str) -> str:
    """The longest end of ``left`` with which ``right`` begins; only places where its first letters stand are tried."""
    head, place = right[:PROBE], max(0, len(left) - len(right))
    while head and (place := left.find(head, place)) >= 0:
        if right.startswith(left[place:]):
            return left[place:]
        place += 1
    shorter = range(min(len(head) - 1, len(left)), 0, -1)
    return next((left[-length:] for length in shorter if right.startswith(left[-length:])), "")
