"""What must be read with a comparison's numbers: claims, pairs, conditions that differ, leakage. Sentences only."""

from __future__ import annotations

from typing import Any

from data.jobs import Run
from data.leakage import restored
from data.workspace import Workspace
from eval import conditions, cut_short, gaps
from eval.figures import cell


def red(run: Run, scores: dict[str, Any]) -> list[str]:
    """What must be said in red: answers that are gone, fine-tunes that were cut short, search settings tuned on these
    very questions, and conditions that were not equal. Reads the answers; the page has read them, and says the four by
    itself."""
    return [*gaps.told(run, gaps.missing(run)), *unfinished(run), *tuned_on(run), *unfair(scores)]


def unfair(scores: dict[str, Any]) -> list[str]:
    """Conditions that were not the same for all systems."""
    return scores.get("fairness", {}).get("differs", [])


def unfinished(run: Run) -> list[str]:
    """Tuned models whose training was cut short."""
    known = run.order["inputs"].get("unfinished")
    if known is None:  # an order from before it was kept: what the models say themselves, where they are still there
        tuned = (system["tuned"] for system in run.order["config"]["systems"])
        known = cut_short.known(Workspace(run.folder.parents[1]), tuned)
    return [
        f"{name} {'was ' if how.startswith('stopped') else ''}{how}: its scores are those of an unfinished fine-tune."
        for name, how in known.items()
    ]


def tuned_on(run: Run) -> list[str]:
    """Knowledge bases whose settings were tuned on some of these very test questions."""
    return [
        f"{one['questions']} of {one['of']} test questions are among those that {name} was tuned on (run {one['run']}):"
        " its scores here look better than they would on new questions."
        for name, one in run.order["inputs"].get("tuned_on", {}).items()  # orders from before tuning have none
    ]


def stamps(run: Run, scores: dict[str, Any]) -> list[str]:
    """Flags and leakage: what stands against the numbers as a whole."""
    saved, sentences = run.order["config"].get("leakage"), [*unrecorded(run), *flagged(run)]
    if saved:
        leakage = restored(saved)
        sentences += [f"Leakage allowed: {sentence}" for sentence in leakage.blocking()]
        sentences += leakage.warning() + leakage.informing()
    return sentences + clean(run, scores)


def unrecorded(run: Run) -> list[str]:
    """What an earlier version of Crossover did not write down yet: not to be taken for "nothing was found"."""
    missing = [] if run.order["config"].get("leakage") else ["Leakage audit"]
    missing += [] if conditions.load(run) else ["Fairness lock"]
    return [f"{name}: not recorded when this comparison was made." for name in missing]


def flagged(run: Run) -> list[str]:
    """What must be known of single systems."""
    return [f"{name}: {flag}." for name, found in run.order["inputs"].get("flags", {}).items() for flag in found]


def clean(run: Run, scores: dict[str, Any]) -> list[str]:
    """The scores on the rows that no training question repeats, where some are repeated."""
    rows = [(name, row["clean"]["exact_match"]) for name, row in scores["systems"].items() if row.get("clean")]
    return [
        f"{name} on the {found['n']} clean rows: exact match {cell(found)} %."
        for name, found in rows if found and run.order["config"].get("leakage")
    ]  # fmt: skip


def claimed(scores: dict[str, Any]) -> list[str]:
    """What is usually said of the methods, and whether it held."""
    return [f"{row['claim']}: {row['verdict']}." for row in scores.get("claims", [])]


def seeded(scores: dict[str, Any]) -> list[str]:
    """How far systems lie apart that differ only in the seed of their training."""
    return [row["sentence"] for row in scores.get("seeds", [])]


def unknown(scores: dict[str, Any]) -> list[str]:
    """Conditions that nobody can check."""
    return scores.get("fairness", {}).get("unknown", [])
