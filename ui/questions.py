"""Every question of a comparison: filtered, a page at a time; and one question with all its answers side by side."""

from __future__ import annotations

from dataclasses import asdict

import streamlit as st

from data.jobs import Run
from data.schema import Answer, Example
from eval.citations import of_answer
from ui import cached, question_steps, steps
from ui.cached import Place
from ui.frame import plain
from ui.passages import origin

PAGE = 25
ALL, WRONG, APART = "All", "Wrong for one system", "One right, the other wrong"
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
    found = _filtered(asked, places)
    if not found:
        st.caption("No question fits this filter.")
        return
    pages = -(-len(found) // PAGE)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(f"{len(found)} of {len(asked)} questions")
        number = st.pagination(pages, key="questions_page") if pages > 1 else 1
    shown = found[(number - 1) * PAGE : number * PAGE]
    rows = [{**{name: _mark(given, example) for name, given in places.items()}, "Question": example.question,
             "Accepted answers": " | ".join(example.answers)} for example in shown]  # fmt: skip
    st.dataframe(rows, hide_index=True, key="questions_table", alt="Questions with a mark per system",
                 column_config={name: st.column_config.TextColumn(width="small") for name in places})  # fmt: skip
    questions = {example.id: example.question for example in shown}
    chosen = st.selectbox("Look at one question", list(questions), key="questions_chosen",
                          format_func=lambda one: questions.get(one, one))  # fmt: skip
    _question(run, next(example for example in shown if example.id == chosen), places)


def _mark(given: dict[str, Place], example: Example) -> str:
    return MARKS[given[example.id].right] if example.id in given else ""


def _filtered(asked: tuple[Example, ...], places: Places) -> list[Example]:
    systems = list(places)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.segmented_control("Show", [ALL, WRONG, APART], default=ALL, key="questions_kind", required=True)
        if kind == ALL:
            return list(asked)
        if kind == WRONG:
            name = st.selectbox("System", systems, key="questions_wrong", width=200)
            return [e for e in asked if _right(places, name, e) is False]
        first = st.selectbox("Right", systems, key="questions_right", width=200)
        second = st.selectbox("Wrong", systems, index=min(1, len(systems) - 1), key="questions_other", width=200)
    return [e for e in asked if _right(places, first, e) and _right(places, second, e) is False]


def _right(places: Places, system: str, example: Example) -> bool | None:
    place = places[system].get(example.id)
    return place.right if place else None


def _question(run: Run, example: Example, places: Places) -> None:
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
    answers = {name: (given[example.id].right, cached.answer(run, given[example.id]))
               for name, given in places.items() if example.id in given}  # fmt: skip
    with st.grid(3, gap="small"):
        for number, (name, (right, answer)) in enumerate(answers.items()):
            _answer(f"question_answer_{number}", name, right, answer)
    question_steps.show(run, example, {name: one for name, (_, one) in answers.items() if one.available})


def _answer(key: str, name: str, right: bool | None, answer: Answer) -> None:
    with st.container(border=True, key=key, height="stretch"):
        word = {True: ":green-badge[✓ right]", False: ":red-badge[✗ wrong]", None: ":gray-badge[not available]"}[right]
        st.markdown(f"**{plain(name)}** {word}")
        if right is None:
            st.caption(plain(answer.note) or "No gold passage is known for this question.")
            return
        st.text(answer.text or "(an empty answer)")
        found = [asdict(one) for one in of_answer(answer)]
        steps.citations(found, [hit.passage.document for hit in answer.hits], linked=False)
        notes = [f"{answer.seconds:.2f} s", f"{answer.prompt_tokens} + {answer.new_tokens} tokens"]
        notes += [{"length": "cut at the longest allowed length", "over_budget": "the prompt did not fit the model"}
                  .get(answer.finish_reason, "")]  # fmt: skip
        notes += [f"{answer.dropped} passages dropped, for they did not fit" if answer.dropped else "", answer.note]
        st.caption(plain(" · ".join(note for note in notes if note)))
        if answer.hits:
            with st.expander(f"{len(answer.hits)} passages", key=f"{key}_hits"):
                for hit in answer.hits:
                    st.caption(plain(f"{hit.rank}. {origin(vars(hit.passage))} · score {hit.score:.3f}"))
                    st.text(hit.passage.text)
        if answer.conversation:
            with st.expander("The prompt", key=f"{key}_prompt"):
                st.code("\n\n".join(m.content for m in answer.conversation), language=None, wrap_lines=True)
