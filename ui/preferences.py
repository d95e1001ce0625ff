"""What all votes on a comparison amount to: strengths, pairs, sides, raters, and whether the measures agree."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from data.jobs import Run
from eval import records
from eval.agreement import NOTE
from eval.told_votes import ballot_told
from eval.votes import Ballot, Vote, load_votes
from ui import cached, tables
from ui.frame import bullets, empty, plain


def show(run: Run, ballots: Sequence[Ballot]) -> None:
    """One section for each ballot that has votes."""
    voted = [(ballot, votes) for ballot in ballots if (votes := load_votes(run, ballot))]
    if not voted:
        empty(
            "No vote yet.", "Start above. Every vote is kept at once, and you may stop whenever you like.", key="votes"
        )
    for ballot, votes in voted:
        with st.container(border=True, key=f"votes_{ballot.id}"):
            st.markdown(f"**{plain(', '.join(ballot.systems))}**")
            _ballot(run, ballot, votes)


def _ballot(run: Run, ballot: Ballot, votes: Sequence[Vote]) -> None:
    examples = {example.id: example for example in cached.questions(run)}
    told = ballot_told(run, ballot, votes, examples, records.load_answers(run.folder))
    bullets(told.preferred)
    tables.show(told.strengths, f"votes_strengths_{ballot.id}", "Bradley-Terry strengths")
    st.caption(told.note)
    st.markdown("**Can these votes be trusted?**")
    bullets(told.trust)
    st.markdown("**Do the measures see what people see?**")
    if told.measures:
        tables.show(told.measures, f"votes_metrics_{ballot.id}", "Agreement of measures with votes")
        st.caption(plain(NOTE))
    else:
        st.caption("No vote preferred one of two answers yet.")
