"""Answers that name a class: accuracy, precision, recall, F1 (scikit-learn), and who is taken for whom.

An answer that is none of the classes is "no valid label", a class of its own: it is never the true one, so it has no
precision or recall, and costs the true class its recall.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from data.schema import Answer, Example
from eval.metrics import normalise, said
from eval.statistics import estimate, figure, saved

NO_LABEL = "no valid label"
AVERAGED = ("precision", "recall", "f1")
Figures = dict[str, dict[str, Any] | None]


@dataclass(frozen=True)
class Labelled:
    """The true and the given class of each answer. ``classes`` are those that occur as true ones, in order."""

    truth: tuple[str, ...]
    given: tuple[str, ...]
    classes: tuple[str, ...]


def labelled(pairs: Sequence[tuple[Example, Answer]]) -> Labelled:
    """Read the classes: those of the row's format ("label:a|b") and all true ones; compared in SQuAD's normal form.

    With several accepted answers, the one that was given is the true one, else the first.
    """
    valid = {normalise(answer): answer for example, _ in pairs for answer in example.answers}
    for example, _ in pairs:
        valid |= {normalise(name): name for name in named(example.format)}
    truth, given = [], []
    for example, answer in pairs:
        name = valid.get(normalise(said(answer)), NO_LABEL)
        accepted = [valid[normalise(wanted)] for wanted in example.answers]
        truth.append(name if name in accepted else accepted[0])
        given.append(name)
    return Labelled(tuple(truth), tuple(given), tuple(sorted(set(truth))))


def named(form: str | None) -> list[str]:
    """The classes that a format "label:a|b|c" lists; empty for other formats."""
    kind, _, names = (form or "").partition(":")
    return [name.strip() for name in names.split("|") if name.strip()] if kind == "label" else []


def measures(found: Labelled, groups: Sequence[str]) -> Figures:
    """Accuracy, and precision, recall and F1 macro (over the true classes) and micro, each with its interval."""
    from sklearn.metrics import precision_recall_fscore_support

    right = [float(truth == given) for truth, given in zip(found.truth, found.given, strict=True)]
    counts, told = _counts(found), dict[str, float]()
    for average in ("macro", "micro"):
        values = precision_recall_fscore_support(
            found.truth, found.given, labels=list(found.classes), average=average, zero_division=0
        )
        told |= {f"{average}_{name}": float(value) for name, value in zip(AVERAGED, values[:3], strict=True)}
    averages = {name: saved(figure(counts, _of_totals(name), groups, value, 1)) for name, value in told.items()}
    return {"accuracy": saved(estimate(right, groups)), **averages}


def per_class(found: Labelled, groups: Sequence[str]) -> list[dict[str, Any]]:
    """One row per true class: how often it is true and given, its precision, recall and F1 with their intervals."""
    from sklearn.metrics import precision_recall_fscore_support

    values = precision_recall_fscore_support(found.truth, found.given, labels=list(found.classes), zero_division=0)
    counts, rows = _counts(found), []
    for place, name in enumerate(found.classes):
        row: dict[str, Any] = {"class": name, "n": int(values[3][place]), "given": found.given.count(name)}
        for part, kind in enumerate(AVERAGED):
            value = float(values[part][place])
            row[kind] = saved(
                figure(counts[:, place :: len(found.classes)], _of_totals(f"macro_{kind}"), groups, value, 1)
            )
        rows.append(row)
    return rows


def confusion(found: Labelled) -> dict[str, Any]:
    """{"truth": classes, "given": classes and "no valid label", "counts": a row per true class} (scikit-learn)."""
    from sklearn.metrics import confusion_matrix

    given = [*sorted(set(found.truth) | set(found.given) - {NO_LABEL}), NO_LABEL]
    whole = confusion_matrix(found.truth, found.given, labels=given)
    rows = [given.index(name) for name in found.classes]
    return {"truth": list(found.classes), "given": given, "counts": whole[rows].tolist()}


def _counts(found: Labelled) -> np.ndarray:
    """(answers, 3 * classes): for each class whether it is right, given and true."""
    truth, given = (np.array(names)[:, None] == np.array(found.classes) for names in (found.truth, found.given))
    return np.hstack([truth & given, given, truth]).astype(float)


def _of_totals(measure: str) -> Any:
    """A measure as a function of such counts summed, shape (resamples, 3 * classes).

    A class of which no question was drawn has no part in the average; one that was never given has precision 0.
    """

    def compute(totals: np.ndarray) -> np.ndarray:
        right, given, true = np.split(totals, 3, axis=1)
        if measure.startswith("micro"):
            right, given, true = (part.sum(axis=1, keepdims=True) for part in (right, given, true))
        with np.errstate(divide="ignore", invalid="ignore"):
            values = {
                "precision": right / given, "recall": right / true,
                "f1": 2 * right / (given + true),
            }[measure.rpartition("_")[2]]  # fmt: skip
        drawn = np.where(true > 0, np.nan_to_num(values), 0).sum(axis=1)
        with np.errstate(invalid="ignore"):
            return drawn / (true > 0).sum(axis=1)

    return compute
