"""What stands beside correctness, as plain rows for page, shell and reports: honesty, passages found, times, memory,
and why answers are wrong.

Runs from before something was kept have no rows of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from eval.figures import cell, own_n
from eval.told import HEADS, Row, factor, without_empty
from eval.why import LABELS

HONESTY = ("abstention", "abstention_recall", "abstention_precision", "form", "fact", "lexical_support")
COST = ("prompt_tokens", "new_tokens", "blank", "truncation", "perplexity")
FOUND = {"hit": "Hit rate, %", "mrr": "MRR, %", "recall": "Recall, %", "ndcg": "nDCG, %"}
HONEST_NOTE = (
    "Abstained: the share of all questions. Abstention recall: of the questions without an answer, those where the "
    "system abstained; precision: of its abstentions, those that were due. Form and fact are judged apart: a right "
    "fact in the wrong form keeps no form and has the fact. Lexical support: the share of an answer's content words "
    "found in one passage, no proof of it."
)
FOUND_NOTE = "On questions whose gold passage stands in the documents."
COST_NOTE = (
    "Empty and cut answers score 0. Perplexity: how much the reference surprises the model after its prompt, per "
    "token; on at most 200 questions. The lower, the better."
)
TIMES_NOTE = (
    "Median seconds of single answers, asked one at a time and warm, the systems taking turns; 95 % of the answers "
    "took at most what stands in brackets. Throughput is of the whole test set, asked in batches. The floor has no "
    "model: its decoding is choosing the sentence."
)


def beside_rows(scores: Mapping[str, Any], measures: Sequence[str]) -> list[Row]:
    """One row per system of measures beside correctness, each with its own n."""
    return without_empty([
        {"System": name, "n": row["n"],
         **{HEADS[one]: own_n(row.get(one), row["n"], factor(one)) for one in measures}}
        for name, row in scores["systems"].items()
    ])  # fmt: skip


def found_rows(scores: Mapping[str, Any]) -> list[Row]:
    """One row per system that searches: what was found of the gold passages."""
    return without_empty([
        {"System": name, "Passages": found["k"], "n": found["n"],
         **{head: cell(found.get(measure)) for measure, head in FOUND.items()}}
        for name, row in scores["systems"].items() if (found := row.get("retrieval"))
    ])  # fmt: skip


def cost_rows(scores: Mapping[str, Any]) -> list[Row]:
    """One row per timed system: median and, in brackets, 95th percentile of n single answers; throughput of all."""
    rows = []
    for name in scores["systems"]:
        if found := scores.get("latency", {}).get(name):
            through = scores["throughput"].get(name) or {"answers": 0, "tokens": 0}
            parts = {"Retrieving, s": "retrieving", "Prefill, s": "prefill", "Decoding, s": "decoding",
                     "One answer, s": "total"}  # fmt: skip
            rows.append({
                "System": name, "n": found["total"]["n"], **{head: _spread(found.get(p)) for head, p in parts.items()},
                "Answers/s": f"{through['answers']:.1f}", "New tokens/s": f"{through['tokens']:.0f}",
            })  # fmt: skip
    return rows


def _spread(value: Mapping[str, Any] | None) -> str:
    return f"{value['median']:.3f} ({value['p95']:.3f})" if value else "–"


def memory_said(scores: Mapping[str, Any]) -> str:
    """The peak of memory in one sentence; "" where it was not taken."""
    found = scores.get("memory", {})
    if not found:
        return ""
    own = [f"{name} {mib:,.0f} MiB" for name, mib in found.get("systems", {}).items()]
    gpu = f" On the GPU, at most: {', '.join(own)}." if own else ""
    return f"The whole run took at most {found['run_mib']:,.0f} MiB of memory.{gpu}"


def reasons(scores: Mapping[str, Any]) -> list[str]:
    """The reasons that occur, in the order in which they are tried."""
    return [label for label in LABELS if any(label in counts for counts in scores.get("why", {}).values())]


def why_rows(scores: Mapping[str, Any]) -> list[Row]:
    """Wrong answers of every system by reason; no rows for runs scored without."""
    return [
        {"System": name, "n": scores["systems"][name]["n"], "Wrong": sum(counts.values()),
         **{label.capitalize(): counts.get(label, 0) for label in reasons(scores)}}
        for name, counts in scores.get("why", {}).items() if name in scores["systems"]
    ]  # fmt: skip
