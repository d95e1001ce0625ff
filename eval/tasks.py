"""What each task is usually measured by, over all its answerable questions, with intervals (see eval.metrics_*)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from data.schema import Answer, Example
from eval import metrics_label, metrics_number, metrics_text
from eval.metrics import said
from eval.statistics import figure, group_of, saved

Pair = tuple[Example, Answer]


def measures(task: str, pairs: Sequence[Pair]) -> dict[str, Any]:
    """{"measures": {name: estimate}} and what the task has beside: classes and confusion, or sacreBLEU's signatures."""
    asked = [(example, answer) for example, answer in pairs if example.answerable]
    groups = [group_of(example) for example, _ in asked]
    if not asked:
        return {"measures": {}}
    if task == "label":
        found = metrics_label.labelled(asked)
        return {
            "measures": metrics_label.measures(found, groups), "classes": metrics_label.per_class(found, groups),
            "confusion": metrics_label.confusion(found),
        }  # fmt: skip
    if task == "number":
        return {"measures": metrics_number.measures(asked, groups)}
    return _texts(asked, groups) if task == "text" else {"measures": {}}


def _texts(asked: Sequence[Pair], groups: Sequence[str]) -> dict[str, Any]:
    texts, references = [said(answer) for _, answer in asked], [example.answers for example, _ in asked]
    bleu, chrf = metrics_text.bleu(texts, references), metrics_text.chrf(texts, references)
    told = {
        "bleu": figure(bleu.counts, metrics_text.bleu_of_counts, groups, bleu.value, 100),
        "chrf": figure(chrf.counts, metrics_text.chrf_of_counts, groups, chrf.value, 100),
    }
    return {
        "measures": {name: saved(value) for name, value in told.items()},
        "signatures": {"bleu": bleu.signature, "chrf": chrf.signature},
    }
