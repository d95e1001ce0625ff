"""Human review: vote on two answers without knowing whose they are, and see what all votes amount to."""

import streamlit as st

from data import jobs
from data.errors import UserError
from data.store import check_name
from eval.votes import ballots, load_ballot, open_ballot
from ui import cached, preferences, voting
from ui.frame import empty, guarded, notice, warnings, workspace
from ui.selection import choose

home = workspace()
scored, damaged = cached.scored(jobs.list_runs(home, "bench"))
runs = [run for run, _ in scored]

st.title("Human review")
notice()
warnings(damaged)
if not runs:
    empty("No comparison to vote on yet.", "Votes are cast on the stored answers of a comparison.", "compare",
          key="review")  # fmt: skip
    st.stop()

named, ballot, rater = (st.query_params.get(name) for name in ("run", "ballot", "rater"))
if ballot and rater:
    opened = None
    with guarded():
        run = next((run for run in runs if run.id == named), None)
        if run is None:
            raise UserError(
                f"There is no comparison {named or ''!r} to vote on.", "Choose one below and start the vote."
            )
        opened = run, load_ballot(run, ballot), check_name(rater, "rater")
    if opened:
        with guarded():
            voting.show(*opened)
        st.stop()

st.markdown(
    "Metrics count words. Say yourself which of two answers is better, without knowing whose they are. Every question "
    "with two different answers makes one pair; you can end the vote after any of them."
)
run = choose(runs, "Comparison", "review_run")
systems = [system["name"] for system in run.order["config"]["systems"]]
with st.form("review_start"), st.container(horizontal=True, vertical_alignment="bottom"):
    usual = [name for name in ("sft", "rag") if name in systems]
    chosen = st.multiselect("Systems to vote on", systems, usual if len(usual) == 2 else systems[:2], key="review_of")
    name = st.text_input("Your name, as rater", key="review_rater", placeholder="ada", max_chars=64, width=220)
    if st.form_submit_button("Start the vote", type="primary", key="review_go", wrap=False):
        with guarded():
            if not name:
                raise UserError("A vote needs a rater.", "Give your name, so that raters can be told apart.")
            ballot = open_ballot(run, chosen).id
            st.query_params.update(run=run.id, ballot=ballot, rater=check_name(name.strip(), "rater"))
            st.rerun()
st.subheader("What the votes say")
with guarded():
    preferences.show(run, ballots(run))
