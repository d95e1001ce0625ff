"""Choosing search settings on one half of the questions and reporting them on the other. Pure; no model, no disk.

The figure that a choice was made on flatters what was chosen, so it is never the one reported: the best of many
settings is partly the luckiest (Cawley and Talbot 2010, "On over-fitting in model selection", JMLR 11).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from eval.halves import halves
from eval.retrieval import MEASURES, WORDS, Outcome, means, values
from eval.significance import SURE, sign_flip
from eval.statistics import FEW_GROUPS, estimate, paired, saved, standard_error
from eval.told import cell
from rag.settings import METHOD_NAMES

PARTS = ("chunk_tokens", "overlap_tokens", "method", "k")


@dataclass(frozen=True)
class Setting:
    """One way to cut and search: sizes in tokens of the embedder, a search method, passages in the prompt."""

    chunk_tokens: int
    overlap_tokens: int
    method: str
    k: int

    def words(self) -> str:
        method = METHOD_NAMES[self.method]
        return f"passages of {self.chunk_tokens} tokens, overlap {self.overlap_tokens}, {method}, k = {self.k}"


@dataclass(frozen=True)
class Measured:
    """One setting on some questions: what it found of each, and the tokens its passages take in each one's prompt."""

    setting: Setting
    found: Mapping[str, Outcome]
    tokens: Mapping[str, int]

    def on(self, questions: Collection[str]) -> Measured:
        """The same on some of the questions only."""
        found = {name: one for name, one in self.found.items() if name in questions}
        return Measured(self.setting, found, {name: self.tokens[name] for name in found})

    def mean_tokens(self) -> float:
        return sum(self.tokens.values()) / len(self.tokens)


def choose(measured: Sequence[Measured], clusters: Mapping[str, str], criterion: str) -> tuple[Measured, Measured, str]:
    """(the best, the chosen, why): of all within one standard error of the best, the one with the shortest prompts.

    The standard error is that of the paired difference to the best (the "one standard error rule" of Breiman et al.
    1984, with the prompt's length as complexity). Without it the largest k would always win, for finding more grows
    with k by itself.
    """

    def score(one: Measured) -> tuple[float, float]:
        got = values(one.found, criterion, one.setting.k)
        return sum(got) / len(got), -one.mean_tokens()

    best = max(measured, key=score)
    if len({clusters[name] for name in best.found}) < 2:
        return best, best, f"it has the best {WORDS[criterion]} on the one group of questions there was to choose by"
    near = [one for one in measured if _within(best, one, clusters, criterion)]
    chosen = min(near, key=lambda one: (one.mean_tokens(), -score(one)[0]))
    if chosen is best:
        return best, best, f"it has the best {WORDS[criterion]}, and none as good within a standard error is shorter"
    why = f"its {WORDS[criterion]} is within one standard error of the best ({best.setting.words()}), and its prompts "
    return (
        best,
        chosen,
        why + f"are shorter: {chosen.mean_tokens():.0f} tokens of passages against " + (f"{best.mean_tokens():.0f}"),
    )


def _within(best: Measured, other: Measured, clusters: Mapping[str, str], criterion: str) -> bool:
    pairs = zip(values(best.found, criterion, best.setting.k), values(other.found, criterion, other.setting.k),
                strict=True)  # fmt: skip
    behind = [a - b for a, b in pairs]
    mean = sum(behind) / len(behind)
    return mean <= 1e-12 or mean <= standard_error(behind, [clusters[name] for name in best.found])


def result(
    measured: Sequence[Measured], current: Setting, clusters: Mapping[str, str], criterion: str
) -> dict[str, Any]:
    """Everything that is said of a grid: each setting on the one half, the chosen and the current one on the other.

    Every ``Measured`` is over the same questions, those of ``clusters``, and one of them is ``current``. Raises
    ValueError when there are fewer than two clusters: nothing could be held out.
    """
    first, second = halves(clusters)
    if not second:
        raise ValueError("fewer than two independent questions")
    on_first = [one.on(first) for one in measured]
    best, chosen, why = choose(on_first, clusters, criterion)
    rows = [
        {**_row(one, clusters), "best": one is best, "chosen": one is chosen, "current": one.setting == current}
        for one in on_first
    ]
    held = {one.setting: one.on(second) for one in measured}
    report = compared(held[chosen.setting], held[current], clusters, criterion)
    return {
        "criterion": criterion, "why": why, "rows": rows, "held_out": report,
        "chosen_on": _size(first, clusters), "reported_on": _size(second, clusters),
    }  # fmt: skip


def _size(half: Sequence[str], clusters: Mapping[str, str]) -> dict[str, int]:
    return {"n": len(half), "groups": len({clusters[name] for name in half})}


def _row(one: Measured, clusters: Mapping[str, str]) -> dict[str, Any]:
    told = means(one.found, clusters, one.setting.k)
    return {**asdict(one.setting), "tokens": round(one.mean_tokens(), 1), **{m: saved(e) for m, e in told.items()}}


def compared(chosen: Measured, current: Measured, clusters: Mapping[str, str], criterion: str) -> dict[str, Any]:
    """Two settings on the same questions: both rows, each measure's paired difference, and what it comes to in words.

    Below 20 independent groups there is no p-value, and the sentence says that it is indicative only.
    """
    groups = [clusters[name] for name in chosen.found]
    differences: dict[str, Any] = {}
    for measure in MEASURES:
        pair = [values(one.found, measure, one.setting.k) for one in (chosen, current)]
        told = saved(paired(pair[0], pair[1], groups)) or {}
        enough = told["groups"] >= FEW_GROUPS
        differences[measure] = {**told, "p": round(sign_flip(pair[0], pair[1], groups), 4) if enough else None}
    longer = [a - b for a, b in zip(chosen.tokens.values(), current.tokens.values(), strict=True)]
    both = {"chosen": _row(chosen, clusters), "current": _row(current, clusters)}
    spread = saved(estimate(longer, groups))
    return {**both, "differences": differences, "tokens": spread, "sentences": sentences(both, differences, criterion)}


def sentences(both: Mapping[str, Any], differences: Mapping[str, Any], criterion: str) -> list[str]:
    """The comparison in words: the difference with its interval, n and p, and what it costs in tokens."""
    new, old, difference = both["chosen"], both["current"], differences[criterion]
    if [new[part] for part in PARTS] == [old[part] for part in PARTS]:
        return [f"The settings in use are the ones that were chosen: {WORDS[criterion]} {cell(new[criterion])}."]
    mean, low, high = (100 * difference[part] for part in ("mean", "low", "high"))
    interval = f"{mean:+.1f} points ({low:+.1f} to {high:+.1f})"
    counted = f"{difference['n']} held-out questions in {difference['groups']} independent groups"
    if difference["p"] is None:
        lead = f"Indicative only, for want of questions: {WORDS[criterion]} changes by {interval}; {counted}."
    elif low <= 0 <= high or difference["p"] >= SURE:
        lead = f"Cannot tell whether the chosen settings are better: {WORDS[criterion]} changes by {interval}, "
        lead += f"p = {difference['p']:.3f}; {counted}."
    else:
        lead = f"The chosen settings are {'better' if mean > 0 else 'worse'} on questions they were not chosen on: "
        lead += f"{WORDS[criterion]} changes by {interval}, p = {difference['p']:.3f}; {counted}."
    cost = f"Their passages take {new['tokens']:.0f} tokens of a prompt, the current ones {old['tokens']:.0f}."
    if new["k"] != old["k"]:
        cost += f" They fetch {new['k']} passages, not {old['k']}: the more are fetched, the more is found, by itself."
    return [lead, cost]
