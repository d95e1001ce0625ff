"""Ask: one question, every corner of the square side by side, and the passages that were found."""

from dataclasses import replace

import streamlit as st

from data.prompts import BUNDLED
from eval.headline import CORNERS
from eval.systems import Parts, corner
from ui import corners, model_picker, pickers
from ui.frame import captions, empty, guarded, notice, plain, workspace
from ui.narrowing import Narrowed, narrowing
from ui.ordering import reasons
from ui.watch import WORDS, active

home = workspace()

st.title("Ask")
st.markdown("One question, answered by every system you have. Nothing is stored.")
notice()

with st.container(border=True, key="ask_parts"), st.container(horizontal=True, vertical_alignment="bottom"):
    model = model_picker.pick(home, "ask_model")
    tuned = pickers.tuned(home, model, "ask_tuned")
    knowledge = pickers.knowledge(home, "ask_knowledge")
    why = pickers.search_defaults(home, knowledge, "ask")
    k = st.number_input("Passages", 1, 50, key="ask_k", width=110)
    how = narrowing(home, knowledge) if knowledge else Narrowed()
    cite = knowledge and model != BUNDLED and st.toggle("Ask for citations", key="ask_cite", help=corners.CITING)
exact = model_picker.told(home, model, "ask")
chosen = [pickers.why_tuned(home, model, tuned), pickers.why_knowledge(home, knowledge)]
captions(" ".join(filter(None, chosen)), why)
parts = Parts(exact or model, tuned, knowledge, int(k), how.method)
possible = [name for name in CORNERS if name not in reasons(parts, None)]
systems = {name: replace(corner(name, parts), at_least=how.at_least) for name in possible}
if how.limits:
    st.caption(f"The search is narrowed: {how.limits} of 5 limits are set under “Narrow the search”.")

if not tuned and not knowledge:
    then = "Build a knowledge base or fine-tune a model to see the difference."
    empty("Only the base model can answer so far.", then, "knowledge", key="ask")
for run in active(home):
    if run.state == "running" and run.kind in ("train", "bench"):
        said = f"The {WORDS[run.kind]} {run.name} is using the device: answers come more slowly, or once it is done."
        st.info(plain(said), icon=":material/hourglass_top:")

st.markdown("**Questions to begin with**")
with st.grid(3, gap="small"):
    for number, starter in enumerate(corners.starters()):
        with st.container(border=True, height="stretch", key=f"ask_starter_box_{number}"):
            if st.button(plain(starter["question"]), key=f"ask_starter_{number}", width="stretch", wrap=True):
                st.session_state["ask_question"] = starter["question"]
                st.session_state["ask_now"] = True
            st.caption(plain(starter["why"]))

with st.form("ask_form", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
    question = st.text_input("Your question", key="ask_question", placeholder="Type a question")
    pressed = st.form_submit_button("Ask", type="primary", key="ask_go", icon=":material/send:")

asked = st.session_state.pop("ask_now", False) or pressed
if asked and question.strip() and exact:
    st.session_state.pop("ask_answers", None)
    with guarded():
        answers = corners.ask(home, question, systems, how.only, bool(cite))
        st.session_state["ask_answers"] = (question, answers)
        corners.below(answers)
elif asked:
    st.caption("Type a question first." if exact else "Choose a base model that can be used first.")
elif kept := st.session_state.get("ask_answers"):
    st.text(f"Asked: {kept[0]}")
    corners.show(kept[1])
    corners.below(kept[1])

if model == BUNDLED:
    st.caption("pocket is a small demonstration model: read its answers as an example, not as advice.")
