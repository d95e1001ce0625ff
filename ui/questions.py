"""Every question of a comparison: filtered, a page at a time; and one question with all its answers side by side."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from data.jobs import Run
from data.schema import Example
from eval.found import holds_gold
from eval.records import ALONE
from ui import answer_card, cached, question_filter, question_steps
from ui.answer_card import Seen
from ui.cached import Place
from ui.frame import plain
from ui.question_filter import Labels

PAGE, MARK = 25, 56  # questions a page, pixels of a mark's column
MARKS = {True: "✓", False: "✗", None: "–"}
Places = dict[str, dict[str, Place]]


def show(run: Run) -> None:
    """The filter, one page of questions with a mark per system, and the chosen question in full."""
    st.subheader("Every question")
    asked, stored = cached.questions(run), cached.places(run)
    ordered = [system["name"] for system in run.order["config"]["systems"]]
    places = {name: stored[name] for name in ordered if name in stored}
    if not places:
        st.caption("No answer is stored yet.")
        return
    labels = cached.labels(run)
    found = question_filter.filtered(asked, places, labels, cached.taught(run))
    if not found:
        st.caption("No question fits this filter.")
        return
    pages = -(-len(found) // PAGE)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(f"{len(found)} of {len(asked)} questions")
        number = min(pages, st.pagination(pages, key="questions_page")) if pages > 1 else 1
    shown = found[(number - 1) * PAGE : number * PAGE]
    rows = [{**{name: _mark(given, example) for name, given in places.items()}, "Question": example.question,
             "Accepted answers": " | ".join(example.answers)} for example in shown]  # fmt: skip
    st.dataframe(rows, hide_index=True, key="questions_table", alt="Questions with a mark per system",
                 column_config={name: st.column_config.TextColumn(width=MARK) for name in places})  # fmt: skip
    questions = {example.id: example.question for example in shown}
    chosen = st.selectbox("Look at one question", list(questions), key="questions_chosen",
                          format_func=lambda one: questions.get(one, one))  # fmt: skip
    _question(run, next((e for e in shown if e.id == chosen), shown[0]), places, labels)


def _mark(given: dict[str, Place], example: Example) -> str:
    return MARKS[given[example.id].right] if example.id in given else ""


def _question(run: Run, example: Example, places: Places, labels: Labels) -> None:
    with st.container(border=True, key="question"):
        st.text(example.question)
        st.text("Accepted: " + " | ".join(example.answers))
        about = [f"id {example.id}", f"task {example.task}", *example.tags]
        if example.document:
            about.append(f"document {example.document}")
        st.caption(plain(" · ".join(about)))
        if example.evidence:
            with st.expander("The gold passage", key="question_evidence"):
                st.text(example.evidence)
    alone = cached.places(run, ALONE)
    shown = {}
    with st.grid(3, gap="small"):
        for number, (name, given) in enumerate(places.items()):
            if place := given.get(example.id):
                seen = _seen(run, example, place, alone.get(name, {}).get(example.id), labels.get(name, {}))
                answer_card.show(f"question_answer_{number}", name, seen)
                shown[name] = seen.answer
    question_steps.show(run, example, {name: one for name, one in shown.items() if one.available})


def _seen(run: Run, example: Example, place: Place, alone: Place | None, labels: Mapping[str, str]) -> Seen:
    answer = cached.answer(run, place)
    gold = [hit.rank for hit in answer.hits if example.evidence and holds_gold(example, hit.passage.text)]
    again = cached.answer(run, alone, ALONE) if alone else None
    return Seen(answer, place.right, labels.get(example.id), again, alone.right if alone else None, tuple(gold))
