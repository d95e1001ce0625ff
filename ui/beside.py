"""What stands beside the means of a comparison: where another system leads, refusals, and the reader by itself."""

from __future__ import annotations

from typing import Any

import streamlit as st

from data.jobs import Run
from data.prompts import ABSTAIN
from eval import hidden
from eval.report import cell
from eval.statistics import FEW_GROUPS, Estimate
from ui import cached, verdicts
from ui.frame import plain
from ui.square import TITLES

CLEARLY = "Clearly ahead: the 95 % interval of the difference lies above 0, from at least 20 independent groups."


def ahead(run: Run, scores: dict[str, Any], where: dict[str, str]) -> dict[str, tuple[str, ...]]:
    """{system: kinds of questions on which it is clearly ahead of the best corner}."""
    first, *others = [where[corner] for corner in verdicts.ranked(scores, where)] or [""]
    return _ahead(str(run.folder), cached.stamp(run.folder / "answers.jsonl"), first, tuple(others), run)


@st.cache_data(max_entries=16, show_spinner=False)
def _ahead(folder: str, changed: int, first: str, others: tuple[str, ...], _run: Run) -> dict[str, tuple[str, ...]]:
    return hidden.clearly_ahead(cached.questions(_run), marks(_run), first, others)


def marks(run: Run) -> hidden.Marks:
    """{system: {example id: right, or None where it has no answer}}."""
    return {name: {one: place.right for one, place in given.items()} for name, given in cached.places(run).items()}


def refusals(run: Run) -> dict[str, str]:
    """{system: what its score is made of}, where every right answer only refuses."""
    found = hidden.only_refusals(cached.questions(run), marks(run))
    return {name: _refused(count) for name, count in found.items()}


def _refused(count: int) -> str:
    said = f"its {count} right answers all say" if count > 1 else "its one right answer says"
    return f"{said} “{ABSTAIN}”, where no answer exists"


def reader(run: Run, scores: dict[str, Any], where: dict[str, str]) -> None:
    """Gold beside the systems that search, on the questions whose gold passage is known; and what the search found."""
    known = _known(str(run.folder), cached.stamp(run.folder / "answers.jsonl"), tuple(where.items()), run)
    if len(known) < 2:
        return
    n, groups = known["gold"].n, known["gold"].groups
    st.markdown(f"**Reader and search apart: the {n} questions whose gold passage is known**")
    st.markdown("\n".join(_reads(corner, one, scores["systems"][where[corner]]) for corner, one in known.items()))
    st.caption(f"What {TITLES['gold']} misses is the reader's doing. What the others miss beyond that lies with the "
               "search where it found no gold passage, else with reading the right passage among others. In brackets: "
               "95 % intervals." + _few(groups))  # fmt: skip


def _few(groups: int) -> str:
    return f" Few independent groups ({groups}): indicative only." if groups < FEW_GROUPS else ""


def _reads(corner: str, right: Estimate, row: dict[str, Any]) -> str:
    """One line of the list: how many are right, and how often the search found what they need."""
    share = f"**{plain(cell(vars(right)))} %** right"
    if corner == "gold":
        return f"- {TITLES[corner]}, which reads the right passage alone: {share}"
    found = row.get("gold_found")
    searched = f"; the search found a gold passage for {cell(found)} % (n {found['n']})" if found else ""
    return f"- {TITLES[corner]}, which reads what was found: {share}{plain(searched)}"


@st.cache_data(max_entries=16, show_spinner=False)
def _known(folder: str, changed: int, where: tuple[tuple[str, str], ...], _run: Run) -> dict[str, Estimate]:
    """{corner: its share of right answers where gold has one, too}; {} without gold."""
    names = {corner: name for corner, name in where if corner in ("gold", "rag", "sft+rag")}
    if "gold" not in names:
        return {}
    others = [name for corner, name in names.items() if corner != "gold"]
    found = hidden.where_known(cached.questions(_run), marks(_run), names["gold"], others)
    return {corner: found[names[corner]] for corner in ("gold", "rag", "sft+rag") if names.get(corner) in found}
