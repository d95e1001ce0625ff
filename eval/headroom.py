"""Is there anything to gain? The base alone and with the right passage handed over, on a sample, before the rest.

Between the two lies all that retrieval can add for this model on these questions; above the first lies all that
fine-tuning can.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from data import jobs
from data.workspace import Workspace
from eval import bench
from eval.figures import cell, seen_from
from eval.statistics import FEW_GROUPS
from eval.systems import Parts

KIND, NAME, SAMPLE = "headroom", "headroom", 100
KNOWN, HARDLY, WORTH = 0.5, 0.2, 0.1  # shares of the questions; WORTH: a gain that would be worth an effort


def order(workspace: Workspace, model: str, test: str, sample: int = SAMPLE, most: int = 64) -> jobs.Run:
    """Order the check: a bench of base and gold (where a test row names its passage). Raises UserError."""
    asked = bench.BenchOrder(NAME, test, Parts(model), limit=sample, max_new_tokens=most)
    return bench.order(workspace, asked, KIND)


def advice(scores: Mapping[str, Any]) -> list[str]:
    """What the scores of a headroom check mean for somebody who is about to fine-tune or to retrieve."""
    systems = scores["systems"]
    metric = "token_f1" if set(systems["base"]["tasks"]) == {"text"} else "exact_match"
    base = systems["base"][metric]
    said = [_alone(base), *_with_passage(scores, metric)]
    if base["groups"] < FEW_GROUPS:
        said.append(f"Few independent groups of questions ({base['groups']}): indicative only.")
    if metric == "token_f1":
        said.append("These are whole sentences: the shares are those of right words (token F1).")
    return said


def _alone(base: Mapping[str, Any]) -> str:
    counted = f"{_percent(base)} % of these ({_range(base)}; n {base['n']})"
    if base["low"] >= KNOWN:
        left = 100 - round(100 * base["mean"])
        return (
            f"The base already knows {counted}: nothing can add more than {left} points. Ask what it cannot know, such "
            "as questions on your own documents."
        )
    if base["high"] <= HARDLY:
        return f"The base knows only {counted}: there is room for fine-tuning and for retrieval."
    return f"The base knows {counted} by itself: the rest is what fine-tuning or retrieval can add."


def _with_passage(scores: Mapping[str, Any], metric: str) -> list[str]:
    gold = scores["systems"].get("gold", {}).get(metric)
    if not gold:
        return ["No test row names its gold passage, so nobody can say how much the right passage would help this "
                "model: add a column named evidence."]  # fmt: skip
    pair = next(p for p in scores["pairs"] if p["metric"] == metric and {p["first"], p["second"]} == {"base", "gold"})
    gain, low, high = (seen_from(pair, "gold")[part] for part in ("mean", "low", "high"))
    told = f"{100 * gain:+.1f} points ({100 * low:+.1f} to {100 * high:+.1f}; n {pair['n']})"
    found = f"{_percent(gold)} % with the right passage ({_range(gold)}; n {gold['n']})"
    if high < WORTH:
        return [f"Even the right passage does not help this model: {found}, {told}. Retrieval cannot help it either; "
                "choose a model that reads better."]  # fmt: skip
    if low <= 0:
        return [f"Cannot tell whether the right passage helps this model: {found}, {told}. Use a larger sample."]
    said = f"The right passage helps this model: {found}, {told}. That is the most that retrieval can reach"
    if gold["high"] < KNOWN:
        return [f"{said}, and more than half of the answers stay wrong: the model is the limit, not the search."]
    return [f"{said}."]


def _percent(value: Mapping[str, Any]) -> str:
    return f"{100 * value['mean']:.0f}"


def _range(value: Mapping[str, Any]) -> str:
    return f"{100 * value['low']:.0f} to {100 * value['high']:.0f}"


def as_text(scores: Mapping[str, Any]) -> str:
    """The check for a terminal: both systems with their intervals, then the advice."""
    lines = [
        f"{name:<5} exact match {cell(row['exact_match'])} %, token F1 {cell(row['token_f1'])} % (n {row['n']})"
        for name, row in scores["systems"].items()
    ]
    return "\n".join([*lines, "", *advice(scores)])
