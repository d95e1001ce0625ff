"""One system's answer to one question, in full: right or why not, its passages, its prompt, the gold passage alone."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import streamlit as st

from data.schema import Answer
from eval.citations import of_answer
from eval.why import ERROR, MEANING
from ui import steps
from ui.frame import plain
from ui.shelf import origin

ENDED = {"length": "cut at the longest allowed length", "over_budget": "the prompt did not fit the model"}


@dataclass(frozen=True)
class Seen:
    """An answer as it is shown. ``label``: why it is wrong, where that is known; ``alone``: the same weights' answer to
    the gold passage alone, where it was asked for; ``gold``: ranks of the passages that hold the gold evidence.
    ``right`` is None for an answer that cannot exist."""

    answer: Answer
    right: bool | None
    label: str | None = None
    alone: Answer | None = None
    alone_right: bool | None = None
    gold: tuple[int, ...] = ()


def show(key: str, name: str, seen: Seen) -> None:
    """The card of one system; ``key`` is its own on the page."""
    answer = seen.answer
    with st.container(border=True, key=key, height="stretch"):
        st.markdown(f"**{plain(name)}** {_badge(seen)}")
        if seen.label:
            st.caption(plain(f"{seen.label}: {MEANING[seen.label]}"))
        if seen.right is None:
            st.caption(plain(answer.note) or "No gold passage is known for this question.")
            return
        st.text(answer.text or "(an empty answer)")
        found = [asdict(one) for one in of_answer(answer)]
        steps.citations(found, [hit.passage.document for hit in answer.hits], linked=False)
        notes = [f"{answer.seconds:.2f} s", f"{answer.prompt_tokens} + {answer.new_tokens} tokens"]
        notes += [ENDED.get(answer.finish_reason, "")]
        notes += [f"{answer.dropped} passages dropped, for they did not fit" if answer.dropped else "", answer.note]
        st.caption(plain(" · ".join(note for note in notes if note)))
        _passages(key, answer, seen.gold)
        if answer.conversation:
            with st.expander("The prompt", key=f"{key}_prompt"):
                st.code("\n\n".join(m.content for m in answer.conversation), language=None, wrap_lines=True)
        if seen.alone:
            with st.expander("With the gold passage alone", expanded=True, key=f"{key}_alone"):
                st.markdown(_verdict(seen.alone_right))
                st.text(seen.alone.text or "(an empty answer)")


def _badge(seen: Seen) -> str:
    if seen.answer.finish_reason == ERROR:
        return ":red-badge[✗ the machine failed]"
    return _verdict(seen.right)


def _verdict(right: bool | None) -> str:
    return {True: ":green-badge[✓ right]", False: ":red-badge[✗ wrong]", None: ":gray-badge[not available]"}[right]


def _passages(key: str, answer: Answer, gold: tuple[int, ...]) -> None:
    if not answer.hits:
        return
    with st.expander(f"{len(answer.hits)} {'passage' if len(answer.hits) == 1 else 'passages'}", key=f"{key}_hits"):
        for hit in answer.hits:
            mark = " :green-badge[gold]" if hit.rank in gold else ""
            st.caption(plain(f"{hit.rank}. {origin(vars(hit.passage))} · score {hit.score:.3f}") + mark)
            st.text(hit.passage.text)
