"""The page Human review: a vote from start to end, what it keeps, and what it does not tell."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from data.workspace import Workspace
from eval.votes import ballots, load_votes
from tests import test_pages
from tests.test_pages import at, make_bench, table, texts

home = test_pages.home


def started(workspace: Workspace, rater: str = "ada") -> AppTest:
    make_bench(workspace)
    app = at("review")
    app.multiselect(key="review_of").set_value(["sft", "sft+rag"])
    app.text_input(key="review_rater").set_value(rater)
    return app.button(key="review_go").click().run()


def test_a_vote_is_kept_at_once_and_the_next_pair_comes(home: Workspace) -> None:
    app = started(home)
    assert not app.exception
    assert "0 of 30 pairs voted on" in str(app.get("progress")[0].proto)
    asked = app.text[0].value
    app.button(key="review_vote_left").click().run()
    assert "1 of 30 pairs voted on" in str(app.get("progress")[0].proto)
    assert app.text[0].value != asked
    run = test_pages.jobs.list_runs(home, "bench")[0]
    assert [(vote.rater, vote.choice) for vote in load_votes(run)] == [("ada", "left")]
    app.button(key="review_back").click().run()
    assert app.text[0].value == asked
    app.button(key="review_vote_both bad").click().run()
    assert [vote.choice for vote in load_votes(run)] == ["both bad"]
    assert "1 of 30 pairs voted on" in str(app.get("progress")[0].proto)


def test_while_voting_no_name_of_a_system_is_sent(home: Workspace) -> None:
    app = started(home)
    sent = "\n".join(str(element.proto) for element in app.main)
    assert "value" in sent
    assert "sft" not in sent


def test_the_votes_are_told_with_their_numbers(home: Workspace) -> None:
    app = started(home)
    for _ in range(3):
        app.button(key="review_vote_right").click().run()
    app.button(key="review_vote_tie").click().run()
    app.button(key="review_end").click().run()
    said = texts(app)
    assert "indicative only" in said
    assert "The left answer won 0 of 3 decisive votes" in said
    assert "Votes of each rater: ada 4." in said
    strengths = table(app, "Strength")
    assert sorted(strengths["System"]) == ["sft", "sft+rag"]
    assert strengths["Wins"].sum() == 3
    assert list(strengths["Ties"]) == [1, 1]
    metrics = table(app, "Metric")
    assert list(metrics["Metric"]) == ["exact match", "token F1"]
    assert (metrics["n"] + metrics["Sees no difference"] == 3).all()


def test_a_vote_needs_a_rater_and_two_systems(home: Workspace) -> None:
    app = started(home, rater="")
    assert "A vote needs a rater." in texts(app)
    app.text_input(key="review_rater").set_value("../ada")
    app.button(key="review_go").click().run()
    assert "is not a name for a rater" in texts(app)
    app.text_input(key="review_rater").set_value("ada")
    app.multiselect(key="review_of").set_value(["sft"])
    app.button(key="review_go").click().run()
    assert "A vote needs at least two systems" in texts(app)
    assert not any(ballots(run) and load_votes(run) for run in test_pages.jobs.list_runs(home, "bench"))


def test_a_ballot_that_is_gone_is_said_so(home: Workspace) -> None:
    run = make_bench(home)
    assert "has no ballot" in texts(at("review", run=run.id, ballot="abc", rater="ada"))
