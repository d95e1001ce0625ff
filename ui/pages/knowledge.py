"""Knowledge base: upload documents, watch them being read and embedded, look at the passages, try a search."""

import streamlit as st

from data import jobs
from data.store import resolve
from rag.orders import order_add, order_build
from rag.settings import BuildConfig
from ui import cached, forms, intake, pickers, shelf, sources
from ui.frame import captions, empty, guarded, notice, warnings, workspace
from ui.watch import active, follow, selected, unfinished, watch

NEW, ADD, REPLACE = "a new one", "add to it, or replace files of the same name", "make it of these files alone"
home = workspace()
known = [one for one, _ in pickers.bases(home)]

st.title("Knowledge base")
st.markdown("Documents, cut into passages and made searchable. Every change makes a new version; the old ones stay.")
notice()
warnings(cached.damaged(home, "knowledge"))

state = st.session_state
rounds = state.get("knowledge_rounds", 0)
if state.get("knowledge_opened") in [one.name for one in known]:  # built just now: show it
    state["knowledge_name"] = state.pop("knowledge_opened")
run = selected(home, ["build"])
unfinished(home, ["build"], run.id if run else None, "knowledge")
if run:
    watch(home, run)
    intake.outcome(run)

with st.container(border=True, key="knowledge_form"):
    left, right = st.columns(2)
    with left:
        target = st.selectbox("Knowledge base", [*(one.name for one in known), NEW], key="knowledge_name")
        if target == NEW:
            name = st.text_input(
                "Name of the new one", key="knowledge_new", placeholder="handbook", max_chars=64, live=True
            )
            how = REPLACE
        else:
            captions(*(pickers.why_knowledge(home, one.ref) for one in known if one.name == target))
            name, how = target, st.radio("What to do with the files", [ADD, REPLACE], key="knowledge_how")
    with right:
        given = sources.choose(home, rounds)
    values = {}
    if how == REPLACE:
        with st.expander("How it is cut and embedded", key="knowledge_more"), st.container(horizontal=True):
            values = forms.fields(BuildConfig, forms.rest(BuildConfig), "knowledge")
    busy = any(one.name == name for one in active(home, "build"))
    missing = not name or given is None
    if st.button("Build", type="primary", key="knowledge_go", disabled=busy or missing):
        with guarded():
            paths = given() if given else []
            order = (
                order_add(home, name, paths) if how == ADD else order_build(home, name, paths, BuildConfig(**values))
            )
            jobs.start(home, order)  # at once: the script may be ended at its next look into the session
            state["knowledge_opened"] = name
            state["knowledge_rounds"] = rounds + 1  # an empty field: a mended file stands alone
            follow(order.id)
    if missing or busy:
        wanted = "Give it a name and choose documents." if target == NEW else "Choose documents."
        st.caption("This knowledge base is being changed now." if busy else wanted)

if target != NEW:
    with guarded():
        shelf.show(home, resolve(home, "knowledge", target))
elif not known and not busy:
    empty("No knowledge base yet.", "Give it a name, choose some documents above, and build it. "
          "Then try a search here, or compare answers with and without it.", key="knowledge")  # fmt: skip
