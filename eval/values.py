"""What each single answer is worth, by every measure that single answers have: the table that all means come from.

A measure that a question does not have (a form where none was asked for) is NaN: it is left out, and n says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from data.schema import Answer, Example
from eval.forms import has_fact, in_form
from eval.found import Gold
from eval.metrics import CUT, abstains, contains, said, score
from eval.metrics_text import rouge_l
from eval.terms import Term, keys, support, terms

Given = Mapping[str, Answer]
"""One system's answers by example id."""

GENERAL = ("exact_match", "token_f1", "contains", "form", "fact", "lexical_support", "abstention",
           "abstention_recall", "abstention_precision", "blank", "truncation", "prompt_tokens",
           "new_tokens")  # fmt: skip
TEXT = ("rouge_l", "similarity")
WORDS = {
    "exact_match": "exact match", "token_f1": "token F1", "contains": "contains the answer", "rouge_l": "ROUGE-L",
    "similarity": "semantic similarity", "form": "form", "fact": "fact in any form",
    "lexical_support": "lexical support", "abstention_recall": "abstention recall",
    "abstention_precision": "abstention precision", "truncation": "cut or did not fit",
}  # fmt: skip
LEADS = {"short": "exact_match", "label": "exact_match", "number": "exact_match", "text": "rouge_l"}
"""The measure by which systems are compared on a task's questions."""


@dataclass(frozen=True)
class Beside:
    """What models measured once beside the answers, all {system: {example id: ...}}; scoring itself needs no model.

    ``gold``: gold passages in the system's knowledge base. ``similarity``: cosine to the nearest reference.
    ``likelihood``: (natural log likelihood of the reference, its tokens). ``embedder`` made the similarities.
    ``taught``: {example id: "taught", "never taught" or "unknown"}, where weights are tuned.
    """

    gold: Mapping[str, Gold] = field(default_factory=dict)
    similarity: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    likelihood: Mapping[str, Mapping[str, tuple[float, int]]] = field(default_factory=dict)
    embedder: str = ""
    taught: Mapping[str, str] = field(default_factory=dict)


def table(
    examples: Sequence[Example], given: Given, similarity: Mapping[str, float], names: Sequence[str]
) -> np.ndarray:
    """Shape (examples, names). A question that the system did not answer, or cannot have, is NaN throughout."""
    rows = np.full((len(examples), len(names)), np.nan)
    whole = {name: place for place, name in enumerate(names) if name in TEXT}
    for number, example in enumerate(examples):
        answer = given.get(example.id)
        if answer is None or not answer.available:
            continue
        found = score(example, answer)
        for place, name in enumerate(names):
            if name in ("exact_match", "token_f1"):
                rows[number, place] = getattr(found, name)
            elif name not in whole:
                rows[number, place] = SINGLE[name](example, answer)
    written = [n for n, e in enumerate(examples) if e.task == "text" and e.answerable and _there(given, e)]
    if "similarity" in whole:
        known = {examples[n].id: similarity.get(examples[n].id, np.nan) for n in written}
        cut = {n for n in written if not said(given[examples[n].id]).strip()}
        rows[written, whole["similarity"]] = [0.0 if n in cut else known[examples[n].id] for n in written]
    if "rouge_l" in whole and written:
        texts = [said(given[examples[n].id]) for n in written]
        rows[written, whole["rouge_l"]] = rouge_l(texts, [examples[n].answers for n in written])
    return rows


def _there(given: Given, example: Example) -> bool:
    return example.id in given and given[example.id].available


def _contains(example: Example, answer: Answer) -> float:
    return contains(said(answer), example.answers) if example.task == "short" and example.answerable else np.nan


def _form(example: Example, answer: Answer) -> float:
    return float(in_form(example.format, said(answer))) if example.format and example.answerable else np.nan


def _fact(example: Example, answer: Answer) -> float:
    """Whole texts have no single fact to look for: their words are measured by ROUGE-L."""
    if not example.format or not example.answerable or example.task == "text":
        return np.nan
    return float(has_fact(example, said(answer)))


def _support(example: Example, answer: Answer) -> float:
    """Share of the answer's content words found in the one passage of its prompt that holds most of them."""
    passages = answer.hits[: len(answer.hits) - answer.dropped]
    text = said(answer)
    wanted = _terms(text) if passages and not abstains(text) else ()
    return max(support(wanted, _keys(hit.passage.text)).share for hit in passages) if wanted else np.nan


@lru_cache(1 << 15)
def _terms(text: str) -> tuple[Term, ...]:
    return tuple(terms(text))


@lru_cache(1 << 15)
def _keys(text: str) -> set[object]:
    return keys(text)


SINGLE: dict[str, Callable[[Example, Answer], float]] = {
    "contains": _contains, "form": _form, "fact": _fact, "lexical_support": _support,
    "abstention": lambda e, a: float(abstains(said(a))),
    "abstention_recall": lambda e, a: np.nan if e.answerable else float(abstains(said(a))),
    "abstention_precision": lambda e, a: float(not e.answerable) if abstains(said(a)) else np.nan,
    "blank": lambda e, a: float(not a.text.strip()),
    "truncation": lambda e, a: float(a.finish_reason in CUT),
    "prompt_tokens": lambda e, a: a.prompt_tokens or np.nan,  # without a model there is no prompt
    "new_tokens": lambda e, a: float(a.new_tokens) if a.prompt_tokens else np.nan,
}  # fmt: skip
