"""What a comparison says in one sentence, and which of its pairs matter: the same for page, shell and report."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from eval.figures import cell, seen_from
from eval.statistics import FEW_GROUPS
from eval.told import TITLES as TASKS
from eval.values import WORDS

LOW = 0.5  # a ceiling below this leaves more than half of the answers wrong

CORNERS = ("base", "rag", "sft", "sft+rag")
TITLES = {
    "base": "Base", "rag": "RAG", "sft": "SFT", "sft+rag": "SFT + RAG",
    "gold": "Gold", "floor": "Floor",
}  # fmt: skip
PAIRS = (("base", "sft"), ("base", "rag"), ("sft", "rag"), ("sft", "sft+rag"), ("rag", "sft+rag"), ("rag", "gold"))


def sentences(scores: dict[str, Any], places: dict[str, str], metric: str = "exact_match") -> list[str]:
    """The sentence of each pair of corners that matters, in the order in which a reader asks."""
    return that_matter([pair for pair in scores["pairs"] if pair["metric"] == metric], places)


def that_matter(pairs: list[dict[str, Any]], places: dict[str, str]) -> list[str]:
    """The same of pairs that all use one measure."""
    wanted = [frozenset((places.get(a), places.get(b))) for a, b in PAIRS]
    found = {frozenset((pair["first"], pair["second"])): pair["sentence"] for pair in pairs}
    return [found[pair] for pair in wanted if pair in found]


def ranked(scores: dict[str, Any], places: dict[str, str], metric: str = "exact_match") -> list[str]:
    """The scored corners, the one with the highest mean first."""
    rows = {corner: scores["systems"].get(places.get(corner, "")) for corner in CORNERS}
    scored = {corner: row[metric]["mean"] for corner, row in rows.items() if row and row.get(metric)}
    return sorted(scored, key=lambda corner: -scored[corner])


def headline(scores: dict[str, Any], places: dict[str, str]) -> str:
    """Which corner answers best over all questions, or why that cannot be told, and what limits it: kinds of questions
    on which another is ahead, a low ceiling, a floor that is higher. "" where no corner was scored.

    Whole texts alone are told by token F1, for hardly any is equal to its reference.
    """
    metric = _metric(scores)
    corners = ranked(scores, places, metric)
    if not corners:
        return ""
    first, best = corners[0], scores["systems"][places[corners[0]]][metric]
    if len(corners) == 1:
        said = f"{TITLES[first]} answers {cell(best)} % of {best['n']} questions right"
        if metric == "token_f1":
            said = f"{TITLES[first]} has a token F1 of {cell(best)} % over {best['n']} questions"
        return f"{said}, with nothing to compare it with."
    limits = [mix(scores, places), _ceiling(scores, places, metric), _floor(scores, places, first)]
    return " ".join([_leader(scores, places, corners, metric), *filter(None, limits)])


def _metric(scores: dict[str, Any]) -> str:
    tasks = {task for row in scores["systems"].values() for task in row.get("tasks", ())}
    return "token_f1" if tasks == {"text"} else "exact_match"


def _leader(scores: dict[str, Any], places: dict[str, str], corners: list[str], metric: str) -> str:
    """The first sentence: "best" only where the first corner is clearly ahead of every other one."""
    first, *others = corners
    pairs = {(a, b): _seen(scores, places[a], places[b], metric) for a in corners for b in corners if a != b}
    equals = [other for other in others if not _clear(pairs[first, other])]
    means = {corner: scores["systems"][places[corner]][metric] for corner in corners}
    shown = [f"{TITLES[c]} ({100 * means[c]['mean']:.1f} %)" for c in [first, *equals]]
    shown[0] = shown[0].replace(" %)", f" % {WORDS[metric]})")
    over = f"Over all {means[first]['n']} questions"
    if not equals:
        low, mean, high = (100 * pairs[first, others[0]][part] for part in ("low", "mean", "high"))  # type: ignore[index]
        ahead = f"ahead of {TITLES[others[0]]} by {mean:.1f} points ({low:.1f} to {high:.1f})"
        return f"{over} {TITLES[first]} answers best ({100 * means[first]['mean']:.1f} % {WORDS[metric]}), {ahead}."
    which = f"whether {shown[0]} or {shown[1]}" if len(shown) == 2 else f"which of {_and(shown)}"
    said = f"{over} nobody can tell {which} answers best: {_reason(pairs[first, equals[0]])}."
    behind = [other for other in others if other not in equals]
    if behind and all(_clear(pairs[one, other]) for one in (first, *equals) for other in behind):
        said += f" {'Both' if len(equals) == 1 else 'All'} are clearly ahead of {_and([TITLES[c] for c in behind])}."
    return said


def _seen(scores: dict[str, Any], first: str, second: str, metric: str) -> Mapping[str, Any] | None:
    """The pair of two systems seen from the first; None where no question has an answer of both."""
    for pair in scores["pairs"]:
        if pair["metric"] == metric and {pair["first"], pair["second"]} == {first, second}:
            return seen_from(pair, first)
    return None


def _clear(pair: Mapping[str, Any] | None) -> bool:
    """True where the pair's first system is clearly ahead (scores from before tests knew only the interval)."""
    return bool(pair and pair["low"] > 0 and pair.get("sign", 1) and pair.get("groups", FEW_GROUPS) >= FEW_GROUPS)


def _reason(pair: Mapping[str, Any] | None) -> str:
    """Why two systems cannot be told apart."""
    if pair is None:
        return "no question has an answer of both"
    if pair.get("groups", FEW_GROUPS) < FEW_GROUPS:
        return f"few independent groups ({pair['groups']}), indicative only"
    if pair["low"] > 0 and pair.get("p_holm") is not None:
        return f"among {pair['pairs']} pairs so much is to be expected by chance (Holm p = {pair['p_holm']:.3f})"
    if pair.get("detectable"):
        return f"only a difference above {math.ceil(100 * pair['detectable'])} points would show"
    return "the interval of their difference holds 0"


def mix(scores: dict[str, Any], places: dict[str, str]) -> str:
    """The kinds of questions on which another corner is clearly ahead of the first: the mix decides who leads over all.

    By tag from ``scores["hidden"]["ahead"]`` (eval.hidden), else by task from the tested pairs.
    """
    corners = [places[corner] for corner in ranked(scores, places, _metric(scores))]
    if not corners:
        return ""
    titles = {places[corner]: TITLES[corner] for corner in CORNERS if corner in places}
    kinds: dict[str, list[str]] = {}
    for name, tags in scores.get("hidden", {}).get("ahead", {}).items():
        kinds.setdefault(name, []).extend(tags)
    tagged = "questions tagged " if kinds else ""
    for pair in () if tagged else scores.get("task_pairs", []):  # tags cut across tasks: both in one list mislead
        ahead, behind = (pair["first"], pair["second"]) if pair["sign"] > 0 else (pair["second"], pair["first"])
        if pair["sign"] and behind == corners[0] and ahead in titles:
            kinds.setdefault(ahead, []).append(TASKS[pair["task"]].lower())
    if not kinds:
        return ""
    leader = titles[corners[0]]
    told = [(titles.get(name, name), ", ".join(dict.fromkeys(of))) for name, of in kinds.items()]
    rest = "".join(f"; {name} on {of}" for name, of in told[1:])
    return (
        f"It depends on the mix of questions: {told[0][0]} is clearly ahead of {leader} on {tagged}{told[0][1]}{rest}."
    )


def _ceiling(scores: dict[str, Any], places: dict[str, str], metric: str) -> str:
    """Said where even the right passage leaves more than half of the answers wrong."""
    gold = (scores["systems"].get(places.get("gold", "")) or {}).get(metric)
    if not gold or gold["high"] is None or gold["high"] >= LOW:
        return ""
    what = f"only {cell(gold)} % of {gold['n']} are right"
    if metric == "token_f1":
        what = f"the token F1 is only {cell(gold)} % (n = {gold['n']})"
    return f"Even with the right passage at hand {what}: the model's reading is the limit, not the search."


def _floor(scores: dict[str, Any], places: dict[str, str], first: str) -> str:
    """Said where the best sentence of the first passage, without any model, clearly holds more of the right words."""
    if not _clear(_seen(scores, places.get("floor", ""), places[first], "token_f1")):
        return ""
    rows = [scores["systems"][places[name]]["token_f1"] for name in ("floor", first)]
    return (
        f"{TITLES['floor']}, the best sentence without a language model, has a higher token F1 ({cell(rows[0])} %) "
        f"than {TITLES[first]} ({cell(rows[1])} %)."
    )


def _and(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]
