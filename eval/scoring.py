"""Answers to scores, without any model: what a finished bench computes, and what re-scores it to the same numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from data.schema import Answer, Example
from eval import pairs, slices, tasks
from eval.found import judge, measures, retrieved
from eval.retrieval import Outcome
from eval.statistics import estimates, figure, group_of, saved, unit_words, units
from eval.values import GENERAL, LEADS, TEXT, WORDS, Beside, table

SCORING = 4  # goes up when the same answers would give other numbers or more of them
METRICS = ("exact_match", "token_f1")
SINGLE = {"short": ("contains",), "text": TEXT}  # measures of single answers that a task has beside those
NOTHING: dict[str, Any] = {"values": {}}
Answers = Mapping[str, Mapping[str, Answer]]
Columns = dict[str, dict[str, np.ndarray]]
"""{measure: {system: one value per question, NaN where it has none}}"""


def summarise(
    examples: Sequence[Example], answers: Answers, leaked: Iterable[str] = (), beside: Beside | None = None
) -> dict[str, Any]:
    """Scores of every system over its answers ({system: {example id: answer}}), and each pair's difference.

    ``leaked`` holds ids of test rows seen in training: with any, every system is also scored on the clean rest.
    """
    beside = beside or Beside()
    columns = _columns(examples, answers, beside)
    outcomes = {name: _outcomes(examples, given, beside.gold.get(name)) for name, given in answers.items()}
    outcomes = {name: found for name, found in outcomes.items() if any(found)}
    systems = {name: _system(examples, given, outcomes.get(name)) for name, given in answers.items()}
    _put_means(systems, examples, columns, set(leaked))
    for name in systems:
        systems[name]["perplexity"] = _perplexity(examples, beside.likelihood.get(name, {}))
    parts = slices.slices(examples, {name: columns[name] for name in METRICS}, {"taught or not": beside.taught})
    if ranked := slices.by_rank(examples, {name: columns[name] for name in METRICS}, outcomes):
        parts[slices.RANK] = ranked
    _put_parts(systems, examples, answers, columns)
    for name, row in systems.items():
        tags = {tag: cells[name] for tag, cells in parts.get("tag", NOTHING)["values"].items() if name in cells}
        row["tags"] = {tag: {"n": own["exact_match"]["n"], **own} for tag, own in tags.items()}
    counts = units(examples)
    return {
        "scoring": SCORING, "systems": systems, "pairs": _pairs(examples, columns),
        "task_pairs": _task_pairs(examples, columns), "units": sum(counts.values()),
        "unit": {"counts": counts, "words": unit_words(counts)}, "slices": parts, "embedder": beside.embedder,
    }  # fmt: skip


def _columns(examples: Sequence[Example], answers: Answers, beside: Beside) -> Columns:
    names = (*GENERAL, *TEXT)
    found: Columns = {name: {} for name in names}
    for system, given in answers.items():
        rows = table(examples, given, beside.similarity.get(system, {}), names)
        for name, column in zip(names, rows.T, strict=True):
            found[name][system] = column
    return found


def _outcomes(
    examples: Sequence[Example], given: Mapping[str, Answer], gold: Mapping[str, Sequence[str]] | None
) -> list[Outcome | None]:
    """None throughout for a system that searches nothing."""
    if not any(retrieved(answer) for answer in given.values()):
        return [None] * len(examples)
    return [judge(e, given[e.id], gold) if e.id in given else None for e in examples]


def _system(
    examples: Sequence[Example], given: Mapping[str, Answer], outcomes: Sequence[Outcome | None] | None
) -> dict[str, Any]:
    """What is counted of a system's answers; the means are put in for all systems at once."""
    answers = [given[example.id] for example in examples if example.id in given]
    scored = [answer for answer in answers if answer.available]
    seconds = sum(answer.seconds for answer in scored)
    k = max((len(answer.hits) for answer in scored), default=0)
    groups = [group_of(example) for example in examples]
    return {
        "n": len(scored),
        "not_available": len(answers) - len(scored),
        "seconds": round(seconds, 3),
        "seconds_per_answer": round(seconds / len(scored), 4) if scored else None,
        "over_budget": sum(answer.finish_reason == "over_budget" for answer in scored),
        "truncated": sum(answer.finish_reason == "length" for answer in scored),
        "empty": sum(not answer.text.strip() for answer in scored),
        "passages_dropped": sum(answer.dropped for answer in scored),
        "retrieval": measures(outcomes, k, groups) if outcomes else None,
    }


def _put_means(
    systems: dict[str, dict[str, Any]], examples: Sequence[Example], columns: Columns, leaked: set[str]
) -> None:
    """Every mean of every system from the same resamples; with leaked rows, the main two also on the clean rest."""
    for name, found in _means(examples, columns, GENERAL, range(len(examples))).items():
        systems[name] |= found
    clean = [number for number, example in enumerate(examples) if example.id not in leaked]
    if leaked:
        for name, found in _means(examples, columns, METRICS, clean).items():
            systems[name]["clean"] = {"n": (found["exact_match"] or {}).get("n", 0), **found}


def _means(
    examples: Sequence[Example], columns: Columns, names: Sequence[str], rows: Sequence[int]
) -> dict[str, dict[str, Any]]:
    """{system: {measure: estimate, or None}} over some of the questions."""
    rows = list(rows)
    keys = [(name, system) for name in names for system in columns[name]]
    values = np.column_stack([columns[name][system][rows] for name, system in keys]) if keys else np.zeros((0, 0))
    found: dict[str, dict[str, Any]] = {}
    for (name, system), one in zip(keys, estimates(values, [group_of(examples[n]) for n in rows]), strict=True):
        found.setdefault(system, {})[name] = saved(one)
    return found


def _put_parts(
    systems: dict[str, dict[str, Any]], examples: Sequence[Example], answers: Answers, columns: Columns
) -> None:
    """Each system's scores by task, with the task's own measures."""
    for row in systems.values():
        row["tasks"] = {}
    for task in dict.fromkeys(example.task for example in examples):
        rows = [number for number, example in enumerate(examples) if example.task == task]
        for name, found in _means(examples, columns, (*METRICS, *SINGLE.get(task, ()), "form", "fact"), rows).items():
            given = [(examples[n], answers[name][examples[n].id]) for n in rows if examples[n].id in answers[name]]
            there = [pair for pair in given if pair[1].available]
            if there:
                systems[name]["tasks"][task] = {"n": len(there), **_kept(found), **tasks.measures(task, there)}


def _kept(found: dict[str, Any]) -> dict[str, Any]:
    """Only the general two may be empty; a measure that a task does not have is not named."""
    return {name: value for name, value in found.items() if value or name in METRICS}


def _perplexity(examples: Sequence[Example], likelihood: Mapping[str, tuple[float, int]]) -> dict[str, Any] | None:
    """exp(-(log likelihood) / tokens) of the references, over all their tokens; the lower, the less surprised."""
    known = [(example, likelihood[example.id]) for example in examples if example.id in likelihood]
    if not known:
        return None
    features = np.array([pair for _, pair in known], dtype=float)
    value = math.exp(-features[:, 0].sum() / features[:, 1].sum())
    groups = [group_of(example) for example, _ in known]
    return saved(figure(features, lambda totals: np.exp(-totals[:, 0] / totals[:, 1]), groups, value))


def _pairs(examples: Sequence[Example], columns: Columns) -> list[dict[str, Any]]:
    """Over all questions, by each general measure; the measures of a pair stand together."""
    rows = [pairs.rows(examples, columns[name], name, WORDS[name]) for name in METRICS]
    return [row for both in zip(*rows, strict=True) for row in both]


def _task_pairs(examples: Sequence[Example], columns: Columns) -> list[dict[str, Any]]:
    """On each task's questions, by the measure that leads there."""
    found = []
    for task in dict.fromkeys(example.task for example in examples):
        rows = [number for number, example in enumerate(examples) if example.task == task]
        own, lead = [examples[number] for number in rows], LEADS[task]
        part = {system: column[rows] for system, column in columns[lead].items()}
        found += pairs.rows(own, part, lead, f"{WORDS[lead]} on {task} questions", task)
    return found
