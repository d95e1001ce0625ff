"""How one answer came about: its six steps with their times, each in detail, and the passages that it rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from eval.citations import ABSENT, BY_WORDS, SUPPORT, SUPPORTED, TOGETHER, UNSUPPORTED, VERBATIM
from ui.frame import plain

COLOURS = {SUPPORTED: "green", TOGETHER: "green", UNSUPPORTED: "red", ABSENT: "red", VERBATIM: "gray", BY_WORDS: "gray"}
SAID = {
    SUPPORTED: "the passage holds its numbers, names and words",
    TOGETHER: "it does so together with the passages cited beside it",
    ABSENT: "there is no such passage in the prompt",
    VERBATIM: "the answer stands in it word for word",
}
LEXICAL = (
    "Lexical support: a passage supports a sentence when it holds every number and name of it and at least "
    f"{100 * SUPPORT:.0f} % of its other words. Words alone cannot show that it means the same."
)


def anchor(number: int) -> str:
    """The name that links to a passage lead to."""
    return f"passage-{number}"


def row(steps: Sequence[Mapping[str, Any]]) -> None:
    """The six steps and their times in one line."""
    names = " | ".join(f"{step['name'].capitalize()}{' →' if place < 5 else ''}" for place, step in enumerate(steps))
    times = " | ".join(took(step["seconds"]) for step in steps)
    st.markdown(f"| {names} |\n|{' :-- |' * len(steps)}\n| {times} |")


def took(seconds: float | None) -> str:
    """A time as a reader takes it in: "0.04 ms", "12 ms", "1.9 s"; "not used" where the step is not."""
    if seconds is None:
        return ":gray[not used]"
    if seconds >= 1:
        return f"{seconds:.1f} s"
    return f"{1000 * seconds:.0f} ms" if seconds >= 0.01 else f"{1000 * seconds:.2f} ms"


def details(answer: Mapping[str, Any], key: str) -> None:
    """Every step in a sentence, the numbers of the vector, and the exact prompt."""
    with st.expander("The six steps in detail", key=key):
        for step in answer["steps"]:
            st.markdown(f"**{step['name'].capitalize()}** · {took(step['seconds'])}")
            st.text(step["said"])
            more = step["details"]
            if step["name"] == "vector" and more:
                st.code(", ".join(f"{number:g}" for number in more["first"]) + ", ...", language=None)
            if step["name"] == "search" and more and more["method"] != "bm25":
                st.caption(plain(f"Index: {more['index_reason']}."))
            if step["name"] == "prompt" and answer["prompt"]:
                st.code(answer["prompt"], language=None, wrap_lines=True)
        whole = f"Together {took(answer['seconds'])}, with what lies between the steps."
        if answer["ready_seconds"] >= 0.05:
            whole += f" Reading models and indexes into memory took {took(answer['ready_seconds'])} before that."
        st.caption(whole)


def citations(found: Sequence[Mapping[str, Any]], names: Sequence[str], linked: bool) -> None:
    """What the answer rests on: written by the model and checked, or found by text match. Nothing if neither.

    ``names`` are the passages' documents, in order; ``linked``: the passages stand on the page, each at its anchor.
    """
    if not found:
        return
    written = found[0]["written"]
    heading = "The model cites" if written else "Found by text match, not written by the model:"
    lines = [f":small[{heading}]"] if written or len(found) > 1 else []
    for one in found:
        lead = "" if lines else f"{heading} "
        lines.append(f":small[{lead}{_mark(one['number'], names, linked)} {_verdict(one)}{_document(one, names)}]")
    st.markdown("  \n".join(lines), help=LEXICAL)


def _mark(number: int, names: Sequence[str], linked: bool) -> str:
    there = linked and 1 <= number <= len(names)
    return f"[\\[{number}\\]](#{anchor(number)})" if there else f"**\\[{number}\\]**"


def _verdict(one: Mapping[str, Any]) -> str:
    colour, verdict = COLOURS[one["verdict"]], one["verdict"]
    share = f"{100 * one['share']:.0f} % of its terms"
    said = SAID.get(verdict) or (
        f"the passage holds {share}, not: {', '.join(one['missing'])}" if one["missing"] else share
    )
    badge = f":{colour}-badge[{verdict}] " if one["written"] else ""
    return f"{badge}{plain(said)}"


def _document(one: Mapping[str, Any], names: Sequence[str]) -> str:
    return f" · {plain(names[one['number'] - 1])}" if 1 <= one["number"] <= len(names) else ""
