"""The page Human review: a vote from start to end, what it keeps, and what it does not tell."""

from __future__ import annotations

import json

import pytest
from streamlit.testing.v1 import AppTest

from data.workspace import Workspace
from eval.votes import ballots, load_votes
from tests import test_pages
from tests.test_pages import at, make_bench, table, texts
from ui import voting

home = test_pages.home


def started(workspace: Workspace, rater: str = "ada") -> AppTest:
    make_bench(workspace)
    app = at("review")
    app.multiselect(key="review_of").set_value(["sft", "sft+rag"])
    app.text_input(key="review_rater").set_value(rater)
    return app.button(key="review_go").click().run()


def query(app: AppTest) -> dict[str, str]:
    """What stands in the URL."""
    return {name: value if isinstance(value, str) else value[0] for name, value in app.query_params.items()}


def vote(app: AppTest, choice: str) -> None:
    next(one for one in app.button if str(one.key).startswith(f"review_vote_{choice}_")).click().run()


def test_a_vote_is_kept_at_once_and_the_next_pair_comes(home: Workspace) -> None:
    app = started(home)
    assert not app.exception
    assert "0 of 30 pairs voted on" in str(app.get("progress")[0].proto)
    asked = app.text[0].value
    vote(app, "left")
    assert "1 of 30 pairs voted on" in str(app.get("progress")[0].proto)
    assert app.text[0].value != asked
    run = test_pages.jobs.list_runs(home, "bench")[0]
    assert [(vote.rater, vote.choice) for vote in load_votes(run)] == [("ada", "left")]
    app.button(key="review_back").click().run()
    assert app.text[0].value == asked
    vote(app, "both bad")
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
        vote(app, "right")
    vote(app, "tie")
    app.button(key="review_end").click().run()
    said = texts(app)
    assert "indicative only" in said
    assert "The left answer won 0 of 3 decisive votes" in said
    assert "Votes of each rater: ada 4." in said
    strengths = table(app, "Strength")
    assert sorted(strengths["System"]) == ["sft", "sft+rag"]
    assert strengths["Wins"].sum() == 3
    assert list(strengths["Ties"]) == [1, 1]
    metrics = table(app, "Measure")
    assert list(metrics["Measure"]) == ["exact match", "token F1", "contains the answer"]
    assert (metrics["n"] + metrics["Sees no difference"] == 3).all()


def test_after_a_vote_the_list_names_the_comparison_that_was_voted_on(home: Workspace) -> None:
    older = make_bench(home, "older", rows=4)
    make_bench(home, "zz-newer", rows=4)
    app = at("review", run=older.id)
    app.text_input(key="review_rater").set_value("ada")
    app.button(key="review_go").click().run()
    app.button(key="review_end").click().run()
    sent = app.selectbox(key="review_run").proto
    assert sent.set_value, "the browser, which forgot the list meanwhile, is told what is chosen"
    assert sent.raw_value.startswith("older")


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
    app = at("review", run=run.id, ballot="abc", rater="ada")
    assert "has no ballot" in texts(app)
    assert app.button(key="review_go"), "there is a way on"
    opened = started(home)
    ballot = query(opened)["ballot"]
    wrong = at("review", run=query(opened)["run"], ballot=ballot, rater="../ada")
    assert "is not a name for a rater" in texts(wrong)
    assert wrong.button(key="review_go")


@pytest.mark.parametrize("named", [{"run": "gone"}, {}])
def test_a_vote_on_an_unknown_comparison_opens_no_other(home: Workspace, named: dict[str, str]) -> None:
    ballot = query(started(home))["ballot"]
    app = at("review", ballot=ballot, rater="ada", **named)
    assert "There is no comparison" in texts(app)
    assert not app.get("progress")
    assert app.button(key="review_go")


def test_a_late_vote_of_a_second_tab_falls_on_no_pair_it_did_not_show(home: Workspace) -> None:
    first = started(home)
    second = at("review", **query(first))
    asked = first.text[0].value
    assert second.text[0].value == asked
    vote(first, "left")
    vote(second, "right")
    run = test_pages.jobs.list_runs(home, "bench")[0]
    assert [one.choice for one in load_votes(run)] == ["left"]
    assert "this vote was not kept" in texts(second)
    assert second.text[0].value != asked
    vote(second, "right")
    assert [one.choice for one in load_votes(run)] == ["left", "right"]


def test_an_answer_that_was_cut_says_so(home: Workspace) -> None:
    run = make_bench(home)
    file = run.folder / "answers.jsonl"
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    rows[0]["finish_reason"] = "length"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    given = voting.texts(run)
    assert given[rows[0]["system"]][rows[0]["example"]].endswith("(cut at the longest allowed length)")
    assert sum("cut at" in text for one in given.values() for text in one.values()) == 1
