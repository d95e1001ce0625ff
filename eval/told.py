"""Scores as plain rows of text, the same for the shell, the page and the report.

Scores from before a measure existed have a dash for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from eval.figures import ahead_first, cell, own_n, p_value
from eval.statistics import FEW_GROUPS

Row = dict[str, Any]
FEW = " (few)"
HEADS = {
    "exact_match": "Exact match, %", "token_f1": "Token F1, %", "contains": "Contains the answer, %",
    "bleu": "BLEU", "chrf": "chrF", "rouge_l": "ROUGE-L, %", "similarity": "Semantic similarity",
    "accuracy": "Accuracy, %", "macro_precision": "Macro precision, %", "macro_recall": "Macro recall, %",
    "macro_f1": "Macro F1, %", "micro_f1": "Micro F1, %", "mae": "MAE", "rmse": "RMSE", "mse": "MSE", "r2": "R²",
    "parse_rate": "Parse rate, %", "form": "Form kept, %", "fact": "Fact in any form, %",
    "abstention": "Abstained, %", "blank": "Empty, %",
    "abstention_recall": "Abstention recall, %", "abstention_precision": "Abstention precision, %",
    "lexical_support": "Lexical support, %", "truncation": "Cut or did not fit, %", "prompt_tokens": "Prompt tokens",
    "new_tokens": "New tokens", "perplexity": "Perplexity",
}  # fmt: skip
TASKS = {
    "short": ("exact_match", "token_f1", "contains"), "text": ("bleu", "chrf", "rouge_l", "similarity"),
    "label": ("accuracy", "macro_precision", "macro_recall", "macro_f1", "micro_f1"),
    "number": ("parse_rate", "mae", "rmse", "r2", "mse"),
}  # fmt: skip
TITLES = {"short": "Short answers", "text": "Texts", "label": "Labels", "number": "Numbers"}


def factor(name: str) -> float:
    """100 for what is shown in percent, else 1."""
    return 100 if HEADS[name].endswith("%") else 1


def system_rows(scores: Mapping[str, Any]) -> list[Row]:
    """One row per system: the two measures that all tasks have, with their intervals, and how many questions it could
    not be asked, for no gold passage is known."""
    rows = []
    for name, row in scores["systems"].items():
        each = row["seconds_per_answer"]
        rows.append({
            "System": name, "n": row["n"], "Exact match, %": cell(row["exact_match"]),
            "Token F1, %": cell(row["token_f1"]), "Seconds per answer": "–" if each is None else f"{each:.3f}",
            "No gold passage": str(row["not_available"] or "–"),
            "Passages dropped": str(row["passages_dropped"] or "–"),
        })  # fmt: skip
    return without_empty(rows)


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
            cells = {HEADS[measure]: own_n(own.get(measure), part["n"], factor(measure)) for measure in TASKS[task]}
            found.append({"System": name, "n": part["n"], **cells})
    return without_empty(found)


def task_note(scores: Mapping[str, Any], task: str) -> str:
    """What has to be known to read a task's table."""
    parts = [row["tasks"][task] for row in scores["systems"].values() if task in row["tasks"]]
    if task == "label":
        return "Macro: the mean over the true classes. An answer that is no label at all is counted as wrong."
    if task == "number":
        return "Parse rate: the share of answers that hold a number; the errors are over those alone."
    if task == "text":
        signatures: dict[str, str] = next((part["signatures"] for part in parts if part.get("signatures")), {})
        return " ".join([
            "BLEU and chrF from 0 to 100.",
            *(f"{HEADS[name]} signature {said}." for name, said in signatures.items()),
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


def units(scores: Mapping[str, Any]) -> str:
    """What was taken as independent, in words."""
    found = scores.get("unit", {}).get("words")
    return found or f"{scores['units']} independent groups of questions"


def pairs_apart(scores: Mapping[str, Any]) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """All pairs, those of one measure and one kind of questions together, each under its title."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for pair in [*scores["pairs"], *scores.get("task_pairs", [])]:
        on = TITLES[pair["task"]] if pair.get("task") else "All questions"
        found.setdefault(f"{on}: {HEADS[pair['metric']].removesuffix(', %')}", []).append(pair)
    return list(found.items())


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
        for one in map(ahead_first, pairs)
    ]  # fmt: skip


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
            row[system] = own_n(one, n) + (FEW if one and one["groups"] < FEW_GROUPS else "")
        found.append(row)
    return found


def without_empty(rows: list[Row]) -> list[Row]:
    """The rows without columns in which nobody has a figure."""
    dead = {name for name in (rows[0] if rows else {}) if all(row[name] == "–" for row in rows)}
    return [{name: value for name, value in row.items() if name not in dead} for row in rows]
