"""How one answer came about: its six steps with their times, each in detail, and the passages that it rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from eval.citations import ABSENT, SUPPORT, SUPPORTED, TOGETHER, UNSUPPORTED, VERBATIM
from eval.headline import TITLES
from eval.recorded import NOT_RECORDED, READ
from ui.frame import plain

COLOURS = {SUPPORTED: "green", TOGETHER: "green", UNSUPPORTED: "red", ABSENT: "red"}
SAID = {
    SUPPORTED: "holds the sentence's numbers, names and words",
    TOGETHER: "holds them together with the passages cited beside it",
    ABSENT: "is not in the prompt",
    VERBATIM: "holds these very words, right or wrong",
}
UNTIMED = {NOT_RECORDED: "not recorded", READ: "not timed"}
LEXICAL = (
    "Lexical support: a passage supports a sentence when it holds every number and name of it and at least "
    f"{100 * SUPPORT:.0f} % of all its terms. Words alone cannot show that it means the same."
)


def anchor(number: int) -> str:
    """The name that links to a passage lead to."""
    return f"passage-{number}"


def table(answers: Mapping[str, Mapping[str, Any]]) -> None:
    """The six steps of every answer ({name shown: answer}) with their times, a row each, to compare at a glance."""
    first = next(iter(answers.values()))
    heads = ["System", *(f"{step['name'].capitalize()} →" for step in first["steps"][:-1]), "Answer", "Together"]
    lines = ["| " + " | ".join(heads) + " |", "| :-- |" + " --: |" * (len(heads) - 1)]
    for name, answer in answers.items():
        times = [time_of(step) for step in answer["steps"]]
        lines.append("| " + " | ".join([f"**{plain(name)}**", *times, took(answer["seconds"])]) + " |")
    st.markdown("**From the question to the answer, step by step**")
    st.markdown("\n".join(lines))


def time_of(step: Mapping[str, Any]) -> str:
    """A step's time; where it has none, whether the step is not used or its time is not known."""
    if step["seconds"] is None:
        return f":gray[{UNTIMED.get(step['said'], 'not used')}]"
    return took(step["seconds"])


def took(seconds: float) -> str:
    """A time as a reader takes it in: "0.04 ms", "12 ms", "1.9 s"."""
    if seconds >= 1:
        return f"{seconds:.1f} s"
    if seconds < 5e-6:
        return "< 0.01 ms"
    return f"{1000 * seconds:.0f} ms" if seconds >= 0.01 else f"{1000 * seconds:.2f} ms"


def details(answers: Mapping[str, Mapping[str, Any]]) -> None:
    """Every step of every answer in a sentence, the numbers of the vector, and the exact prompt: a tab a system."""
    with st.expander("The six steps in detail", key="ask_steps"):
        for tab, answer in zip(st.tabs([TITLES[one] for one in answers]), answers.values(), strict=True):
            with tab, st.container(gap="xsmall"):
                _detailed(answer)


def _detailed(answer: Mapping[str, Any]) -> None:
    for step in answer["steps"]:
        st.markdown(f"**{step['name'].capitalize()}** · {time_of(step)}")
        st.text(step["said"])
        more = step["details"]
        if step["name"] == "vector" and more:
            st.code(", ".join(f"{number:g}" for number in more["first"]) + ", ...", language=None, wrap_lines=True)
        if step["name"] == "search" and more and more["method"] != "bm25":
            st.caption(plain(f"Index: {more['index_reason']}."))
        if step["name"] == "prompt" and answer["prompt"]:
            st.code(answer["prompt"], language=None, wrap_lines=True)
    if answer["citations"]:
        st.caption(LEXICAL)
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
    st.markdown("  \n".join(lines))


def _mark(number: int, names: Sequence[str], linked: bool) -> str:
    there = linked and 1 <= number <= len(names)
    return f"[\\[{number}\\]](#{anchor(number)})" if there else f"**\\[{number}\\]**"


def _verdict(one: Mapping[str, Any]) -> str:
    verdict, missing = one["verdict"], f", not: {', '.join(one['missing'])}" if one["missing"] else ""
    said = SAID.get(verdict) or f"holds {100 * one['share']:.0f} % of its terms{missing}"
    return (f":{COLOURS[verdict]}-badge[{verdict}] " if one["written"] else "") + plain(said)


def _document(one: Mapping[str, Any], names: Sequence[str]) -> str:
    return f" · {plain(names[one['number'] - 1])}" if 1 <= one["number"] <= len(names) else ""
