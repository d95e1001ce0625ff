"""Human review: what is shown, what is kept, and what the votes amount to, against known truths."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
import sacrebleu

from data import jobs
from data.errors import UserError
from data.schema import Answer, Example
from data.workspace import Workspace, open_workspace
from eval import agreement, preference
from eval.metrics_text import sentence_bleu, sentence_chrf
from eval.votes import BAD, LEFT, RIGHT, TIE, Vote, ballots, cast, load_ballot, load_votes, pairs
from eval.votes import open_ballot as opened

NAMES = ("base", "rag", "sft")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path)


@pytest.fixture
def run(workspace: Workspace) -> jobs.Run:
    config = {"systems": [{"name": name} for name in NAMES]}
    return jobs.order(workspace, "bench", "look", config, {})


def texts(count: int) -> dict[str, dict[str, str]]:
    return {name: {f"q{i}": f"{name} says {i}" for i in range(count)} for name in NAMES}


def test_every_question_comes_once_with_each_two_systems_in_turn_and_both_sides(run: jobs.Run) -> None:
    shown = pairs(run, opened(run, NAMES), "ada", texts(300))
    assert sorted(pair.example for pair in shown) == sorted(texts(300)["base"])
    met = [frozenset((pair.left, pair.right)) for pair in shown]
    assert {two: met.count(two) for two in set(met)} == {
        frozenset(two): 100 for two in itertools.combinations(NAMES, 2)
    }
    left = sum(pair.left < pair.right for pair in shown)
    assert 110 < left < 190, "sides are drawn like coins"


def test_raters_see_the_same_questions_in_the_same_order_on_sides_of_their_own(run: jobs.Run) -> None:
    ballot = opened(run, ("sft", "rag"))
    ada, bob = (pairs(run, ballot, rater, texts(50)) for rater in ("ada", "bob"))
    assert [pair.example for pair in ada] == [pair.example for pair in bob]
    assert [pair.left for pair in ada] != [pair.left for pair in bob]
    assert ada == pairs(run, ballot, "ada", texts(50))


def test_two_answers_of_the_same_words_are_never_put_to_a_vote(run: jobs.Run) -> None:
    given = texts(3)
    given["sft"]["q0"] = given["rag"]["q0"] + " "
    del given["sft"]["q1"]
    assert [pair.example for pair in pairs(run, opened(run, ("rag", "sft")), "ada", given)] == ["q2"]
    third = pairs(run, opened(run, NAMES), "ada", given)
    assert sorted(pair.example for pair in third) == ["q0", "q1", "q2"], "another two systems differ there"


def test_a_ballot_tells_no_name_and_needs_two_systems_of_the_run(run: jobs.Run) -> None:
    ballot = opened(run, ["sft", "rag"])
    assert not any(name in ballot.id for name in NAMES)
    assert load_ballot(run, ballot.id) == ballot == opened(run, ["rag", "sft"])
    for wrong in (["sft"], ["sft", "sft"], ["sft", "other"], []):
        with pytest.raises(UserError, match="at least two systems"):
            opened(run, wrong)
    for wrong_id in ("../..", "nothere"):
        with pytest.raises(UserError, match="no ballot"):
            load_ballot(run, wrong_id)


def test_votes_are_appended_and_the_last_one_on_a_pair_stands(run: jobs.Run) -> None:
    ballot = opened(run, ("rag", "sft"))
    first, second = pairs(run, ballot, "ada", texts(2))
    for pair, choice in ((first, LEFT), (second, TIE), (first, RIGHT)):
        cast(run, ballot, "ada", pair, choice)
    file = run.folder / "votes" / ballot.id / "ada.jsonl"
    assert len(file.read_text().splitlines()) == 3
    assert {vote.example: vote.winner for vote in load_votes(run, ballot)} == {
        first.example: first.right,
        second.example: None,
    }
    with file.open("a") as torn:
        torn.write('{"rater": "ada", "exam')
    assert len(load_votes(run, ballot)) == 2
    cast(run, ballot, "ada", second, BAD)
    assert {vote.choice for vote in load_votes(run)} == {RIGHT, BAD}
    assert ballots(run) == [ballot]
    for rater in ("../ada", "", "a/b"):
        with pytest.raises(UserError, match="not a name"):
            cast(run, ballot, rater, first, LEFT)
    with pytest.raises(UserError, match="no vote"):
        cast(run, ballot, "ada", first, "better")


def drawn(count: int, strength: dict[str, float], seed: int = 0, ties: float = 0.0) -> list[Vote]:
    """Votes as the Bradley-Terry model makes them; a share are ties whoever stands there."""
    r = Random(seed)
    found = []
    for i in range(count):
        left, right = r.sample(sorted(strength), 2)
        wins = r.random() < 1 / (1 + math.exp(strength[right] - strength[left]))
        choice = TIE if r.random() < ties else LEFT if wins else RIGHT
        found.append(Vote("ada", f"q{i}", left, right, choice, f"{i:05}"))
    return found


def test_known_strengths_are_found_again_within_their_intervals() -> None:
    truth = {"base": -1.0, "rag": 0.2, "sft": 0.8}
    found = preference.strengths(drawn(3_000, truth), NAMES)
    assert [one.system for one in found] == ["sft", "rag", "base"]
    for one in found:
        assert one.strength == pytest.approx(truth[one.system], abs=0.15)
        assert one.low < truth[one.system] < one.high
    few = preference.strengths(drawn(60, truth), NAMES)
    assert few[0].high - few[0].low > found[0].high - found[0].low


def test_ties_pull_strengths_together_and_are_counted_apart_from_both_bad() -> None:
    truth = {"rag": 1.0, "sft": -1.0}
    plain, tied = (preference.strengths(drawn(2_000, truth, ties=share), ("rag", "sft"))[0] for share in (0.0, 0.5))
    assert 0 < tied.strength < plain.strength
    votes = [replace(vote, choice=BAD) for vote in drawn(10, truth)]
    for one in preference.strengths(votes, ("rag", "sft")):
        assert (one.wins, one.losses, one.ties, one.both_bad) == (0, 0, 0, 10)
        assert one.strength == pytest.approx(0, abs=1e-6)


def test_a_system_that_never_lost_has_a_finite_strength() -> None:
    votes = [Vote("ada", f"q{i}", "rag", "sft", LEFT, str(i)) for i in range(30)]
    best = preference.strengths(votes, ("rag", "sft"))[0]
    assert best.system == "rag"
    assert math.isfinite(best.strength)


def test_a_pair_is_told_only_as_surely_as_its_votes_allow() -> None:
    clear = [Vote("ada", f"q{i}", "rag", "sft", LEFT, str(i)) for i in range(40)]
    assert preference.head_to_head(clear, "rag", "sft")[0].startswith("rag was preferred to sft in 100 %")
    even = [replace(vote, choice=LEFT if i % 2 else RIGHT) for i, vote in enumerate(clear)]
    assert preference.head_to_head(even, "rag", "sft")[0].startswith("Cannot tell")
    assert preference.head_to_head(clear[:5], "rag", "sft")[0].startswith("Few votes, indicative only")
    none = [replace(vote, choice=TIE) for vote in clear]
    assert preference.head_to_head(none, "rag", "sft") == ("rag and sft: no vote preferred one (40 votes).", None)


def test_votes_that_lean_to_one_side_are_noticed() -> None:
    leaning = [Vote("ada", f"q{i}", *sides, LEFT, str(i)) for i, sides in enumerate([("rag", "sft")] * 20)]
    said, p = preference.position_bias(leaning)
    assert p is not None
    assert p == pytest.approx(2 / 2**20)  # all of 20 coins alike, either side
    assert "lean to one side" in said
    even = [replace(vote, choice=LEFT if i % 2 else RIGHT) for i, vote in enumerate(leaning)]
    assert preference.position_bias(even)[1] == 1.0
    assert preference.position_bias([replace(vote, choice=BAD) for vote in leaning])[1] is None


def agreed(examples: list[Example], said: dict[str, list[str]], right: str = "rag") -> dict[str, agreement.Agreement]:
    """The agreement of every measure with votes that all chose ``right``; ``said`` holds one answer per example."""
    answers = {
        name: {e.id: Answer(e.id, text, 0.0) for e, text in zip(examples, given, strict=True)}
        for name, given in said.items()
    }
    other = next(name for name in said if name != right)
    votes = [Vote("ada", e.id, other, right, RIGHT, str(i)) for i, e in enumerate(examples)]
    found = agreement.agreements(votes, {e.id: e for e in examples}, answers, {"rag": {"q0": 0.9}, "sft": {"q0": 0.2}})
    return {one.metric: one for one in found}


def test_a_metric_agrees_where_it_prefers_the_answer_that_was_voted_for() -> None:
    examples = [Example(f"q{i}", "Who?", ("Ada",)) for i in range(4)]
    found = agreed(examples, {"rag": ["Ada", "Ada", "Ada", "Bob"], "sft": ["Bob", "Bob", "Ada", "Ada"]})
    exact = found["exact match"]
    assert exact.share is not None
    assert (exact.share.mean, exact.share.n, exact.undecided) == (pytest.approx(2 / 3), 3, 1)
    assert set(found) == {"exact match", "token F1", "contains the answer"}, "what no answer has is left out"


def test_every_measure_of_single_answers_is_asked_on_the_votes_it_can_judge() -> None:
    text = Example("q0", "Write.", ("We are sorry for the late parcel.",), task="text")
    number = Example("q1", "How many?", ("10",), task="number", format="number")
    said = {"rag": ["We are sorry for the late box.", "11"], "sft": ["No.", "about 30"]}
    found = agreed([text, number], said)
    told = {name: (one.share.mean, one.share.n) if one.share else None for name, one in found.items()}
    for name in ("ROUGE-L", "semantic similarity", "BLEU of the text", "chrF of the text"):
        assert told[name] == (1.0, 1), name
    assert told["closeness of the number"] == (1.0, 1)
    assert told["form"] == (1.0, 1)
    assert (told["exact match"], found["exact match"].undecided) == (None, 2)


def test_a_sentence_scores_as_sacrebleu_scores_it() -> None:
    given, wanted = "the cat sat on the mat", ["the cat sat on a mat", "a cat sat there"]
    assert sentence_bleu(given, wanted) == pytest.approx(sacrebleu.sentence_bleu(given, wanted).score)
    assert sentence_chrf(given, wanted) == pytest.approx(sacrebleu.sentence_chrf(given, wanted).score)


def test_raters_are_counted_and_compared_on_the_pairs_both_voted_on() -> None:
    ada = [Vote("ada", f"q{i}", "rag", "sft", LEFT, str(i)) for i in range(3)]
    bob = [Vote("bob", "q0", "sft", "rag", RIGHT, "4"), Vote("bob", "q1", "sft", "rag", LEFT, "5")]
    each, alike = preference.raters([*ada, *bob])
    assert each == {"ada": 3, "bob": 2}
    assert alike is not None
    assert (alike.mean, alike.n) == (0.5, 2)
    assert preference.raters(ada)[1] is None
