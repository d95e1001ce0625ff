"""Fine-tune: choose rows and method, launch, watch the losses, stop."""

import streamlit as st

from sft.adapters import described, tuned_models
from sft.config import TrainConfig
from ui import curve, estimate, forms, headroom, kinds, pickers, preparation, search_panel, tables
from ui.frame import empty, guarded, link, notice, plain, when, workspace
from ui.watch import active, others, selected, watch

MAIN, CHOSEN = ("method", "context", "epochs"), ("model", "targets")
home = workspace()

st.title("Fine-tune")
st.markdown("Train a model on your questions and answers. The training goes on when this page is closed.")
notice()

run = selected(home, "train")
others(home, "train", run.id if run else None, "tune")
if run:
    watch(home, run)
    summary = run.status.get("summary") or {}
    if summary.get("name"):
        st.success(plain(curve.result(summary)), icon=":material/check:")
        for note in summary.get("notes", ()):
            st.caption(plain(note))
        link("compare", "Compare it with the others")

with st.container(border=True, key="tune_form"):
    st.subheader("A new fine-tune")
    left, middle, right = st.columns(3)
    with left:
        name = st.text_input(
            "Name of the tuned model", key="tune_name", placeholder="help-desk", max_chars=64, live=True
        )
        base = pickers.model(home, "tune_model")
    with middle:
        train = pickers.rows(home, "train", "Training rows", "tune_train")
    with right:
        validation = pickers.rows(home, "validation", "Validation rows", "tune_validation", "a tenth set aside")
    with st.grid(3):
        values = forms.fields(TrainConfig, MAIN, "tune")
    with st.expander("More settings", key="tune_more"), st.grid(4):
        values |= forms.fields(TrainConfig, forms.rest(TrainConfig, MAIN, CHOSEN), "tune")
    values |= kinds.drawn(base, values["method"])
    headroom.before_tuning(home, base, train)
    busy = next((one for one in active(home, "train") if one.name == name), None)
    missing = not name or not train
    request = {"workspace": str(home.root), "config": {"model": base, **values}, "train": train,
               "validation": validation, "mapping": preparation.mapping(train)}  # fmt: skip
    leaks = preparation.panel(request) or train in st.session_state.get("tune_leaks", ())
    allowed = leaks and st.checkbox(
        "I know that test questions stand in these training rows. Train all the same", key="tune_allow"
    )
    if st.button("Launch fine-tune", type="primary", key="tune_go", disabled=bool(busy or missing)):
        with guarded():
            preparation.launch_allowed(home, request, name, allowed)
    if busy:
        st.caption("A fine-tune of this name is under way.")
    elif missing:
        st.caption("Give it a name" + ("." if train else " and choose training rows; store some on the page Data."))
    estimate.panel(home, TrainConfig(model=base, **values), train, validation)
    search_panel.panel(home, name, request, bool(allowed))

st.subheader("Tuned models")
rows = [
    {"Name": row["name"], "Base": row["base"], "Method": row["method"], "Context": row["context"], "Rows": row["rows"],
     "Steps": row["steps"], "Validation loss": row["validation_loss"], "Ended": row["ended"],
     "Made": when(row["created"])}
    for row in map(described, tuned_models(home))
]  # fmt: skip
if rows:
    tables.show(rows, "tune_list", "Tuned models")
else:
    empty("No tuned model yet.", "Choose training rows above and launch a fine-tune. With rows and no documents "
          "it is all you need; with documents, build a knowledge base as well.", "data", key="tune")  # fmt: skip
