"""Which questions of a comparison are listed: by who is right and who is wrong, by reason, and by kind of question."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import streamlit as st

from data.schema import Example
from eval.why import LABELS
from ui.cached import Place

ALL, WRONG, APART = "All", "Wrong for one system", "A right, B wrong"
ANY, EVERY = "any reason", "all questions"
Places = Mapping[str, Mapping[str, Place]]
Labels = Mapping[str, Mapping[str, str]]


def preset(system: str, label: str) -> None:
    """Have the filter, which is drawn later, show what one system got wrong for one reason."""
    st.session_state["questions_kind"] = WRONG
    st.session_state["questions_wrong"] = system
    st.session_state["questions_reason"] = label
    st.session_state["questions_slice"] = EVERY


def filtered(
    asked: Sequence[Example], places: Places, labels: Labels, taught: Mapping[str, bool | None]
) -> list[Example]:
    """Draw the filter; the questions that pass it, in their order."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.segmented_control("Show", [ALL, WRONG, APART], default=ALL, key="questions_kind", required=True)
        systems = list(places)
        if kind == WRONG:
            asked = _wrong(asked, systems, places, labels)
        elif kind == APART:
            first = st.selectbox("A: right", systems, key="questions_right", width=160)
            second = st.selectbox("B: wrong", systems, index=min(1, len(systems) - 1), key="questions_other", width=160)
            asked = [e for e in asked if right(places, first, e) and right(places, second, e) is False]
        return _sliced(asked, slices(asked, taught))


def _wrong(asked: Sequence[Example], systems: Sequence[str], places: Places, labels: Labels) -> list[Example]:
    name = st.selectbox("System", systems, key="questions_wrong", width=160)
    wrong = [e for e in asked if right(places, name, e) is False or labels.get(name, {}).get(e.id) == LABELS[0]]
    count = Counter(labels.get(name, {}).values())
    if not count:
        return wrong
    options = [ANY, *(label for label in LABELS if count[label])]
    if st.session_state.get("questions_reason") not in options:
        st.session_state["questions_reason"] = ANY
    reason = st.selectbox("Reason", options, key="questions_reason", width=200,
                          format_func=lambda one: f"{one} ({count[one] if one in count else len(wrong)})")  # fmt: skip
    return [e for e in wrong if reason == ANY or labels[name].get(e.id) == reason]


def slices(asked: Sequence[Example], taught: Mapping[str, bool | None]) -> dict[str, list[Example]]:
    """{name of a kind of question: its questions}: every task and tag, and what is known to be taught or not."""
    found: dict[str, list[Example]] = {}
    for example in asked:
        names = [f"task {example.task}", *(f"tag {tag}" for tag in example.tags)]
        if (known := taught.get(example.id)) is not None:
            names.append("taught" if known else "never taught")
        names += [] if example.answerable else ["without an answer"]
        for name in names:
            found.setdefault(name, []).append(example)
    return dict(sorted(found.items()))


def _sliced(asked: Sequence[Example], kinds: Mapping[str, list[Example]]) -> list[Example]:
    options = [EVERY, *kinds]
    if st.session_state.get("questions_slice") not in options:
        st.session_state["questions_slice"] = EVERY
    chosen = st.selectbox("Of these", options, key="questions_slice", width=220,
                          format_func=lambda one: f"{one} ({len(kinds.get(one, asked))})")  # fmt: skip
    return list(kinds.get(chosen, asked))


def right(places: Places, system: str, example: Example) -> bool | None:
    """Whether a system's answer is right; None where there is none."""
    place = places[system].get(example.id)
    return place.right if place else None
