"""Answers to scores, without any model: what a finished bench computes, and what re-scores it to the same numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import combinations
from typing import Any

from data.schema import Answer, Example
from eval.metrics import Score, abstains, score, task_measures
from eval.statistics import Estimate, estimate, group_of, paired, verdict
from rag.marks import carries

Pair = tuple[Example, Answer]
METRIC_WORDS = {"exact_match": "exact match", "token_f1": "token F1"}
METRICS = tuple(METRIC_WORDS)


def summarise(
    examples: Sequence[Example], answers: dict[str, dict[str, Answer]], leaked: Iterable[str] = ()
) -> dict[str, Any]:
    """Scores of every system over its answers ({system: {example id: answer}}), and each pair's difference.

    ``leaked`` holds ids of test rows seen in training: with any, every system is also scored on the clean rest.
    """
    leaked = set(leaked)
    systems = {}
    for name, given in answers.items():
        pairs = [(example, given[example.id]) for example in examples if example.id in given]
        systems[name] = _system(pairs)
        if leaked:
            systems[name]["clean"] = _means([p for p in pairs if p[0].id not in leaked and p[1].available])
    return {"systems": systems, "pairs": _pairs(examples, answers), "units": len({group_of(e) for e in examples})}


def _system(pairs: Sequence[Pair]) -> dict[str, Any]:
    scored = [(example, answer) for example, answer in pairs if answer.available]
    seconds = sum(answer.seconds for _, answer in scored)
    return {
        **_means(scored),
        "n": len(scored),
        "not_available": len(pairs) - len(scored),
        "seconds": round(seconds, 3),
        "seconds_per_answer": round(seconds / len(scored), 4) if scored else None,
        "truncated": sum(answer.finish_reason == "length" for _, answer in scored),
        "over_budget": sum(answer.finish_reason == "over_budget" for _, answer in scored),
        "empty": sum(not answer.text.strip() for _, answer in scored),
        "abstained": sum(abstains(answer.text) for _, answer in scored),
        "passages_dropped": sum(answer.dropped for _, answer in scored),
        "mean_prompt_tokens": round(sum(a.prompt_tokens for _, a in scored) / len(scored), 1) if scored else None,
        "tasks": {task: _slice(part, task) for task, part in _by(scored, lambda e: [e.task]).items()},
        "tags": {tag: _slice(part) for tag, part in _by(scored, lambda e: e.tags).items()},
        "gold_found": _gold_found(scored),
    }


def _by(pairs: Sequence[Pair], keys: Any) -> dict[str, list[Pair]]:
    parts: dict[str, list[Pair]] = {}
    for example, answer in pairs:
        for key in keys(example):
            parts.setdefault(key, []).append((example, answer))
    return parts


def _slice(pairs: Sequence[Pair], task: str | None = None) -> dict[str, Any]:
    measures = {"measures": task_measures(task, pairs)} if task else {}
    return {"n": len(pairs), **_means(pairs), **measures}


def _means(pairs: Sequence[Pair]) -> dict[str, Any]:
    """Mean, interval, n and number of independent groups of each metric."""
    scores = [score(example, answer) for example, answer in pairs]
    groups = [group_of(example) for example, _ in pairs]
    return {metric: saved(estimate([getattr(s, metric) for s in scores], groups)) for metric in METRICS}


def saved(value: Estimate | None) -> dict[str, Any] | None:
    """An estimate as JSON."""
    return None if value is None else {k: round(v, 6) if isinstance(v, float) else v for k, v in asdict(value).items()}


def _gold_found(pairs: Sequence[Pair]) -> dict[str, Any] | None:
    """Share of answerable questions for which a retrieved passage holds an answer and overlaps the gold passage."""
    asked = [(e, a) for e, a in pairs if e.evidence and e.answerable and a.hits]
    if not asked:
        return None
    found = [float(any(holds_gold(e, hit.passage.text) for hit in a.hits)) for e, a in asked]
    return saved(estimate(found, [group_of(e) for e, _ in asked]))


def holds_gold(example: Example, passage: str) -> bool:
    """True if a passage carries the gold evidence: an accepted answer in text that both share, or half of the evidence.

    Both are compared with white space folded; the shared text is found by looking one up in the other.
    """
    evidence, text = " ".join((example.evidence or "").split()), " ".join(passage.split())
    shared = evidence if evidence in text else text if text in evidence else _overlap(evidence, text)
    return carries(shared, len(evidence), example.answers)


def _overlap(evidence: str, text: str) -> str:
    """The longest end of one text that begins the other (a gold passage cut by a chunk border)."""
    return max(_joint(evidence, text), _joint(text, evidence), key=len)


def _joint(first: str, second: str) -> str:
    """The longest end of ``first`` that begins ``second``; only places that hold its first letter are looked at."""
    place = first.find(second[:1], max(0, len(first) - len(second)))
    while place >= 0 and not second.startswith(first[place:]):
        place = first.find(second[:1], place + 1)
    return first[place:] if place >= 0 else ""


def _pairs(examples: Sequence[Example], answers: dict[str, dict[str, Answer]]) -> list[dict[str, Any]]:
    """Each pair of systems over the questions that both can answer: difference, interval, and a sentence."""
    rows = []
    for first, second in combinations(answers, 2):
        both = [
            (example, answers[first][example.id], answers[second][example.id])
            for example in examples
            if example.id in answers[first] and example.id in answers[second]
        ]
        both = [(e, a, b) for e, a, b in both if a.available and b.available]
        groups = [group_of(e) for e, _, _ in both]
        scores: list[tuple[Score, Score]] = [(score(e, a), score(e, b)) for e, a, b in both]
        for metric in METRICS:
            values = [(getattr(a, metric), getattr(b, metric)) for a, b in scores]
            difference = paired([a for a, _ in values], [b for _, b in values], groups)
            if difference:
                sentence = verdict(first, second, difference, METRIC_WORDS[metric])
                told = saved(difference) or {}
                rows.append({"first": first, "second": second, "metric": metric, **told, "sentence": sentence})
    return rows
