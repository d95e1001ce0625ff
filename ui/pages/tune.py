"""Fine-tune: choose rows and method, launch, watch the losses, stop."""

import streamlit as st

from data.leakage import LeakageFound
from data.prompts import BUNDLED
from sft.config import TrainConfig
from sft.orders import order_training
from ui import forms, model_picker, pickers, tuned
from ui.frame import guarded, notice, plain, workspace
from ui.watch import active, launch, selected, watch

MAIN, CHOSEN = ("method", "context", "epochs"), ("model",)
home = workspace()

st.title("Fine-tune")
st.markdown("Train a model on your questions and answers. The training goes on when this page is closed.")
notice()

if run := selected(home, "train"):
    watch(home, run)
    summary = run.status.get("summary") or {}
    if summary.get("name"):
        loss = summary.get("validation_loss")
        said = f", validation loss {loss:.3f} at step {summary['best_step']}" if loss is not None else ""
        st.success(plain(f"{summary['name']}: {summary['steps']} steps{said}."), icon=":material/check:")
        for note in summary.get("notes", ()):
            st.caption(plain(note))
        tuned.next_steps(home, summary["name"], "tune_done")

with st.container(border=True, key="tune_form"):
    st.subheader("A new fine-tune")
    left, middle, right = st.columns(3)
    with left:
        name = st.text_input(
            "Name of the tuned model", key="tune_name", placeholder="help-desk", max_chars=64, live=True
        )
        base = model_picker.pick(home, "tune_model")
    with middle:
        train = pickers.rows(home, "train", "Training rows", "tune_train")
    with right:
        aside = "a tenth of the training rows"
        validation = pickers.rows(home, "validation", "Validation rows", "tune_validation", aside)
    exact = model_picker.told(home, base, "tune")
    with st.grid(3):
        values = forms.fields(TrainConfig, MAIN, "tune")
    with st.expander("More settings", key="tune_more"), st.grid(4):
        values |= forms.fields(TrainConfig, forms.rest(TrainConfig, MAIN, CHOSEN), "tune")
    busy = next((one for one in active(home, "train") if one.name == name), None)
    missing = not name or not train or not exact
    allowed = train in st.session_state.get("tune_leaks", ()) and st.checkbox(
        "I know that test questions stand in these training rows. Train all the same", key="tune_allow"
    )
    if st.button("Launch fine-tune", type="primary", key="tune_go", disabled=bool(busy or missing)):
        with guarded():
            config = TrainConfig(model=exact or base, **values)
            try:
                launch(home, order_training(home, name, config, train or "", validation, allowed))
            except LeakageFound:
                st.session_state["tune_leaks"] = {train}
                raise
    if busy:
        st.caption("A fine-tune of this name is under way.")
    elif not exact:
        st.caption("Choose a base model that can be used.")
    elif missing:
        st.caption("Give it a name" + ("." if train else " and choose training rows; store some on the page Data."))
    if base == BUNDLED:
        st.caption("pocket is a small demonstration model. For a real decision, name a larger one.")

tuned.show(home)
