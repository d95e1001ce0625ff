"""What all votes on a comparison amount to: strengths, pairs, sides, raters, and whether the metrics agree."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from data.jobs import Run
from eval import preference, records
from eval.figures import cell
from eval.scoring import saved
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
    bullets(preference.all_pairs(votes, ballot.systems))
    rows = preference.strength_rows(votes, ballot.systems)
    tables.show(rows, f"votes_strengths_{ballot.id}", "Bradley-Terry strengths")
    st.caption(preference.strengths_note(votes))
    st.markdown("**Can these votes be trusted?**")
    each, alike = preference.raters(votes)
    counted = ", ".join(f"{name} {count}" for name, count in each.items())
    said = [preference.position_bias(votes)[0], f"Votes of each rater: {counted}."]
    if alike:
        said.append(f"Two raters of the same pair chose alike in {cell(saved(alike))} % of {alike.n} pairs.")
    bullets(said)
    _metrics(run, ballot, votes)


def _metrics(run: Run, ballot: Ballot, votes: Sequence[Vote]) -> None:
    st.markdown("**Do the metrics see what people see?**")
    examples = {example.id: example for example in cached.questions(run)}
    found = preference.agreements(votes, examples, records.load_answers(run.folder), preference.SCORERS)
    tables.show([
        {"Metric": one.metric, "Prefers the answer that was voted for, %": cell(saved(one.share)),
         "n": one.share.n if one.share else 0, "Sees no difference": one.undecided}
        for one in found
    ], f"votes_metrics_{ballot.id}", "Agreement of metrics with votes")  # fmt: skip
