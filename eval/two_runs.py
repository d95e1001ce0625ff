"""Two comparisons side by side: the same systems in both, question by question. Refused where the questions differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from data.errors import UserError
from data.jobs import Run
from data.schema import Example
from eval import conditions, fairness, records
from eval.metrics import score
from eval.pairs import differences
from eval.scoring import METRICS
from eval.sentences import verdict
from eval.statistics import estimate, group_of, saved
from eval.values import WORDS


def compare(first: Run, second: Run) -> dict[str, Any]:
    """{"systems": [one row per system of both and metric], "differs": [...], "designed": [...]}; no model.

    Raises UserError when a run has no scores, when their test questions differ (naming how), or when no system is in
    both.
    """
    if first.id == second.id:
        raise UserError(f"{first.id} was named twice.", "Name two different runs.")
    for run in (first, second):
        records.load_scores(run)
    refuse_other_questions(first, second)
    examples = records.questions(first)
    given = [records.load_answers(run.folder) for run in (first, second)]
    names = [s["name"] for s in first.order["config"]["systems"] if s["name"] in given[0] and s["name"] in given[1]]
    if not names:
        raise UserError(
            f"{first.id} and {second.id} have no system of the same name.", "Compare runs that share at least one."
        )
    titles = _titles(first, second)
    rows = [
        row for name in names for metric in METRICS
        if (row := _row(name, metric, examples, [one[name] for one in given], titles))
    ]  # fmt: skip
    locks = [_lock(name, first, second, titles) for name in names]
    return {
        "first": first.id, "second": second.id, "systems": rows,
        "differs": list(dict.fromkeys(line for one in locks for line in one.differs)),
        "designed": list(dict.fromkeys(line for one in locks for line in one.designed)),
    }  # fmt: skip


def refuse_other_questions(first: Run, second: Run) -> None:
    """Raise UserError unless both runs asked the very same test questions; it says how they differ."""
    prints = [run.order["inputs"]["test"] for run in (first, second)]
    if prints[0] == prints[1]:
        return
    how = difference(*(records.questions(run) for run in (first, second)))
    raise UserError(
        f"{first.id} and {second.id} asked different test questions (fingerprints {prints[0]} and {prints[1]}): {how}.",
        "Run both on the same test set, with the same number of questions.",
    )


def difference(first: Sequence[Example], second: Sequence[Example]) -> str:
    """How two test sets differ, in words: rows that only one has, rows that changed and in which columns."""
    ones, others = ({example.id: asdict(example) for example in rows} for rows in (first, second))
    shared = [id_ for id_ in ones if id_ in others]
    changed = {id_: [key for key in ones[id_] if ones[id_][key] != others[id_][key]] for id_ in shared}
    changed = {id_: keys for id_, keys in changed.items() if keys}
    parts = []
    if only := len(ones) - len(shared):
        parts.append(f"{only} of {len(ones)} are only in the first")
    if only := len(others) - len(shared):
        parts.append(f"{only} of {len(others)} are only in the second")
    if changed:
        columns = sorted({key for keys in changed.values() for key in keys})
        parts.append(f"{len(changed)} have another {', '.join(columns)} (such as {next(iter(changed))})")
    return "; ".join(parts) or "the same questions in another order"


def _titles(first: Run, second: Run) -> tuple[str, str]:
    return (first.name, second.name) if first.name != second.name else (first.id, second.id)


def _row(
    name: str, metric: str, examples: Sequence[Example], given: Sequence[dict[str, Any]], titles: tuple[str, str]
) -> dict[str, Any] | None:
    both = [e for e in examples if all(e.id in answers and answers[e.id].available for answers in given)]
    values = [np.array([getattr(score(e, answers[e.id]), metric) for e in both]) for answers in given]
    names = [f"{name} of {title}" for title in titles]
    found = differences(both, dict(zip(names, values, strict=True)))
    if not found:
        return None
    groups = [group_of(e) for e in both]
    means = [saved(estimate(one.tolist(), groups)) for one in values]
    said = verdict(found[0], WORDS[metric])
    return {
        "system": name, "metric": metric, "first": means[0], "second": means[1],
        "difference": saved(found[0].estimate), "sentence": said,
    }  # fmt: skip


def _lock(name: str, first: Run, second: Run, titles: tuple[str, str]) -> fairness.Lock:
    """The fairness lock over one system in both runs, as if they were two systems of one comparison."""
    met = {title: conditions.load(run).get(name, []) for title, run in zip(titles, (first, second), strict=True)}
    return fairness.lock({f"{name} of {title}": one for title, one in met.items()})
