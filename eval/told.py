"""Scores as plain rows of text, the same for the shell, the page and the report.

A figure is told as "62.3 (57.0 to 67.2)": the value and its 95 % interval. Scores from before a measure existed have a
dash for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from eval.statistics import FEW_GROUPS

Row = dict[str, Any]
FEW = " (few)"
HEADS = {
    "exact_match": "Exact match, %", "token_f1": "Token F1, %", "contains": "Contains the answer, %",
    "bleu": "BLEU", "chrf": "chrF", "rouge_l": "ROUGE-L, %", "similarity": "Semantic similarity, %",
    "accuracy": "Accuracy, %", "macro_precision": "Macro precision, %", "macro_recall": "Macro recall, %",
    "macro_f1": "Macro F1, %", "micro_f1": "Micro F1, %", "mae": "MAE", "rmse": "RMSE", "mse": "MSE", "r2": "R²",
    "parse_rate": "Holds a number, %", "form": "Form kept, %", "fact": "Fact in any form, %",
    "abstention_recall": "Abstention recall, %", "abstention_precision": "Abstention precision, %",
    "lexical_support": "Lexical support, %", "truncation": "Cut or did not fit, %", "prompt_tokens": "Prompt tokens",
    "new_tokens": "New tokens", "perplexity": "Perplexity of the reference",
}  # fmt: skip
TASKS = {
    "short": ("exact_match", "token_f1", "contains"), "text": ("bleu", "chrf", "rouge_l", "similarity"),
    "label": ("accuracy", "macro_precision", "macro_recall", "macro_f1", "micro_f1"),
    "number": ("mae", "rmse", "mse", "r2", "parse_rate"),
}  # fmt: skip
TITLES = {"short": "Short answers", "text": "Texts", "label": "Labels", "number": "Numbers"}
HONESTY = ("abstention_recall", "abstention_precision", "form", "fact", "lexical_support")
COST = ("prompt_tokens", "new_tokens", "truncation", "perplexity")
FOUND = {"hit": "Hit rate, %", "mrr": "MRR, %", "recall": "Recall, %", "ndcg": "nDCG, %"}


def cell(value: Mapping[str, Any] | float | None, factor: float = 100) -> str:
    """A figure with its 95 % interval, as a percentage unless ``factor`` is 1; a dash when nothing was scored."""
    if value is None:
        return "–"
    if not isinstance(value, Mapping):  # scored before every measure had an interval
        return _number(factor * value)
    if value["low"] is None or value["high"] is None:
        return f"{_number(factor * value['mean'])} (one group, no interval)"
    mean, low, high = (_number(factor * value[part]) for part in ("mean", "low", "high"))
    return f"{mean} ({low} to {high})"


def _number(value: float) -> str:
    """One decimal; very large figures without, because no more of them is known."""
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.1f}"


def _factor(name: str) -> float:
    return 100 if HEADS[name].endswith("%") else 1


def with_n(value: Mapping[str, Any] | None, factor: float = 100) -> str:
    """The same with the number of questions, where it differs from column to column."""
    return "–" if value is None else f"{cell(value, factor)}, n {value['n']}"


def tasks(scores: Mapping[str, Any]) -> list[str]:
    """The tasks that occur."""
    found = {task for row in scores["systems"].values() for task in row["tasks"]}
    return [task for task in TASKS if task in found]


def task_rows(scores: Mapping[str, Any], task: str) -> list[Row]:
    """One row per system: the measures that the task is usually judged by."""
    found = []
    for name, row in scores["systems"].items():
        if part := row["tasks"].get(task):
            own = {**part, **part.get("measures", {})}
            cells = {HEADS[measure]: cell(own.get(measure), _factor(measure)) for measure in TASKS[task]}
            found.append({"System": name, "n": part["n"], **cells})
    return without_empty(found)


def task_note(scores: Mapping[str, Any], task: str) -> str:
    """What has to be known to read a task's table."""
    parts = [row["tasks"][task] for row in scores["systems"].values() if task in row["tasks"]]
    if task == "label":
        return "Macro: the mean over the true classes. An answer that is no label at all is counted as wrong."
    if task == "number":
        return "Errors are over the answers that hold a number; the share of those stands beside."
    if task == "text":
        signatures: dict[str, str] = next((part["signatures"] for part in parts if part.get("signatures")), {})
        return " ".join([
            "BLEU and chrF from 0 to 100.",
            *(f"{name} signature {said}." for name, said in signatures.items()),
            *([f"Semantic similarity by {scores['embedder']}."] if scores.get("embedder") else []),
        ])  # fmt: skip
    return "Of questions with an answer and without: where there is none, abstaining is right."


def class_rows(part: Mapping[str, Any]) -> list[Row]:
    """One row per true class of a label task, then the averages over them."""
    heads = {"precision": "Precision, %", "recall": "Recall, %", "f1": "F1, %"}
    rows: list[Row] = [
        {"Class": row["class"], "n": row["n"], "Given": row["given"],
         **{head: cell(row[name]) for name, head in heads.items()}}
        for row in part.get("classes", [])
    ]  # fmt: skip
    given = sum(row["given"] for row in part.get("classes", []))
    for average in ("macro", "micro"):
        cells = {head: cell(part["measures"].get(f"{average}_{name}")) for name, head in heads.items()}
        rows.append({"Class": f"({average} average)", "n": part["n"], "Given": given, **cells})
    return rows


def confusion_rows(part: Mapping[str, Any]) -> list[Row]:
    """One row per true class: how often each class was given for it."""
    found = part["confusion"]
    return [
        {"True class": name, **dict(zip(found["given"], counts, strict=True))}
        for name, counts in zip(found["truth"], found["counts"], strict=True)
    ]


def beside_rows(scores: Mapping[str, Any], measures: Sequence[str]) -> list[Row]:
    """One row per system of measures beside correctness, each with its own n."""
    return without_empty([
        {"System": name, **{HEADS[measure]: with_n(row.get(measure), _factor(measure)) for measure in measures}}
        for name, row in scores["systems"].items()
    ])  # fmt: skip


def found_rows(scores: Mapping[str, Any]) -> list[Row]:
    """One row per system that searches: what was found of the gold passages."""
    return without_empty([
        {"System": name, "Passages": found["k"], "n": found["n"],
         **{head: cell(found.get(measure)) for measure, head in FOUND.items()}}
        for name, row in scores["systems"].items() if (found := row.get("retrieval"))
    ])  # fmt: skip


def pair_rows(pairs: Iterable[Mapping[str, Any]]) -> list[Row]:
    """One row per pair: difference, test, and what so many questions could have shown."""
    return [
        {
            "Pair": f"{one['first']} − {one['second']}", "Difference, points": cell(one), "n": one["n"],
            "Groups": one["groups"], "p": p_value(one.get("p")), "p (Holm)": p_value(one.get("p_holm")),
            "Test": one.get("test") or "none: too few groups",
            "Smallest that would show": f"{100 * one['detectable']:.1f}" if one.get("detectable") else "–",
            "By document": documents(one.get("documents")),
        }
        for one in pairs
    ]  # fmt: skip


def p_value(value: float | None) -> str:
    return "–" if value is None else "< 0.001" if value < 0.001 else f"{value:.3f}"


def documents(spread: Mapping[str, Any] | None) -> str:
    """How a difference spreads over documents: "ahead in 5 of 6, behind in 1; sd 8.2 points"."""
    if not spread:
        return "–"
    return (
        f"ahead in {spread['ahead']} of {spread['n']}, behind in {spread['behind']}; sd {100 * spread['sd']:.1f} points"
    )


def slice_rows(scores: Mapping[str, Any], column: str, metric: str) -> list[Row]:
    """One row per value of a column: n and each system's mean; those from under 20 groups are marked."""
    found = []
    for value, cells in scores["slices"][column]["values"].items():
        known = {system: own[metric] for system, own in cells.items() if metric in own}
        n = max((one["n"] for one in known.values()), default=0)
        row = {column.capitalize(): value, "n": n}
        for system in scores["systems"]:
            one = known.get(system)
            shown = "–" if one is None else cell(one) if one["n"] == n else with_n(one)
            row[system] = shown + (FEW if one and one["groups"] < FEW_GROUPS else "")
        found.append(row)
    return found


def without_empty(rows: list[Row]) -> list[Row]:
    """The rows without columns in which nobody has a figure."""
    dead = {name for name in (rows[0] if rows else {}) if all(row[name] == "–" for row in rows)}
    return [{name: value for name, value in row.items() if name not in dead} for row in rows]


def as_lines(rows: Sequence[Row]) -> list[str]:
    """The same rows for a terminal."""
    return aligned([tuple(rows[0]), *(tuple(map(str, row.values())) for row in rows)]) if rows else []


def aligned(table: Sequence[tuple[str, ...]]) -> list[str]:
    """The lines of a table whose columns stand below each other."""
    widths = [max(len(line[i]) for line in table) for i in range(len(table[0]))]
    return ["  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in table]
