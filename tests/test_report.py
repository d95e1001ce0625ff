"""The report: one file that asks for nothing, says what the page says, and holds every question; and its headline."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest

from data.disk import write_json
from data.workspace import Workspace
from eval import bench, exports, markup, records, report
from eval.headline import headline, mix
from eval.votes import LEFT, cast, open_ballot, pairs
from tests import test_pages
from tests.test_pages import at, make_bench, texts

home = test_pages.home


@pytest.fixture
def made(home: Workspace) -> test_pages.jobs.Run:
    run = make_bench(home)
    bench.score_again(run)
    return run


def test_the_report_asks_for_nothing_and_runs_nothing(made: test_pages.jobs.Run) -> None:
    text = report.as_html(made, records.load_scores(made))
    assert not re.search(r"<(script|link|img|iframe|object)|\b(src|href|on\w+)\s*=|url\(|@import", text)
    assert "default-src 'none'" in text
    assert "What is &lt;b&gt;fact&lt;/b&gt; 1?" in text
    assert "<b>fact</b>" not in text


def test_what_turns_a_text_around_or_cannot_be_seen_is_shown_as_a_mark(made: test_pages.jobs.Run) -> None:
    file = made.folder / "answers.jsonl"
    bad = "right\u202ethgir\u202c\u2066x\u2069\u200f\x00\x1b[31m end"
    rows = [json.loads(line) | {"text": bad} for line in file.read_text().splitlines()]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    scores = records.load_scores(made)
    for text in (report.as_html(made, scores), exports.as_csv(made)):
        assert not re.search("[\x00\x1b\u200f\u202a-\u202e\u2066-\u2069]", text)
        assert "right⟨U+202E⟩thgir⟨U+202C⟩⟨U+2066⟩x⟨U+2069⟩⟨U+200F⟩⟨U+0000⟩⟨U+001B⟩[31m end" in text
    joined = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 \U0001f468\u200d\U0001f469"
    assert markup.safe(joined) == joined, "joiners are part of the script"


def test_it_says_the_verdict_of_the_page_and_draws_means_and_differences(made: test_pages.jobs.Run) -> None:
    scores = records.load_scores(made)
    text = report.as_html(made, scores)
    verdict = headline(scores, {"base": "base", "sft": "sft", "rag": "rag", "sft+rag": "sft+rag"})
    assert "SFT + RAG answers best (100.0 % exact match), ahead of RAG by 50.0 points" in verdict
    assert f"<p class='verdict'>{verdict}</p>" in text
    assert verdict in report.as_text(made, scores)
    assert exports.plain(verdict) in exports.as_markdown(made, scores)
    means, differences = re.findall(r"<svg .*?</svg>", text)
    assert means.count("<circle") == 4
    assert differences.count("<circle") == 6


def test_every_question_has_its_answers_with_passages_and_reasons(made: test_pages.jobs.Run) -> None:
    text = report.as_html(made, records.load_scores(made))
    parts = text.split("<details><summary>What is")[1:]
    (question,) = [part for part in parts if part.startswith(" &lt;b&gt;fact&lt;/b&gt; 1?")]
    assert "<td class='wrong'>✗ base<br>not known</td>" in question
    assert "<td class='right'>✓ sft+rag</td>" in question
    assert question.count("doc1.md: Fact 1 is value 1.") == 2, "the two that search"


def test_votes_stand_in_it_once_there_are_any(made: test_pages.jobs.Run) -> None:
    scores = records.load_scores(made)
    assert "Human votes" not in report.as_html(made, scores)
    ballot = open_ballot(made, ["sft", "sft+rag"])
    given = {
        name: {id_: one.text for id_, one in rows.items()} for name, rows in records.load_answers(made.folder).items()
    }
    cast(made, ballot, "ada", pairs(made, ballot, "ada", given)[0], LEFT)
    text = report.as_html(made, scores)
    assert "Human votes" in text
    assert "Votes of each rater: ada 1." in text
    assert "Do the measures see what people see?" in text
    summary = exports.as_markdown(made, scores)
    assert "## Human votes: sft, sft+rag" in summary
    assert "Votes of each rater: ada 1." in summary
    assert "| Measure | Prefers the answer that was voted for, % | n | Sees no difference |" in summary


def test_a_comparison_from_before_the_audit_opens_and_says_not_recorded(made: test_pages.jobs.Run) -> None:
    order = json.loads((made.folder / "run.json").read_text())
    for part, key in (("config", "leakage"), ("inputs", "flags"), ("inputs", "prompt")):
        del order[part][key]
    write_json(made.folder / "run.json", order)
    scores = records.load_scores(made)
    old = {key: scores[key] for key in ("systems", "pairs", "units")}
    run = replace(made, order=order)
    for text in (report.as_text(run, old), report.as_html(run, old), exports.as_markdown(run, old)):
        assert "Leakage audit: not recorded" in text
        assert "Fairness lock: not recorded" in text
        assert "same conditions" not in text
    write_json(made.folder / "scores.json", old)
    app = at("compare")
    assert not app.exception
    assert "Leakage audit: not recorded" in texts(app)
    assert "Was it fair? Not recorded" in texts(app)


def test_exported_lines_say_why_and_every_measure_the_question_has(made: test_pages.jobs.Run) -> None:
    rows = {(row["system"], row["id"]): row for row in map(json.loads, exports.as_jsonl(made))}
    wrong, right = rows["base", "q1"], rows["sft+rag", "q1"]
    assert (wrong["why"], wrong["exact_match"], wrong["contains"]) == ("not known", 0.0, 0.0)
    assert (right["why"], right["exact_match"], right["contains"], right["lexical_support"]) == ("", 1.0, 1.0, 1.0)
    assert right["form"] is None, "no form was asked for"
    counted = {name: sum(row["why"] != "" for (system, _), row in rows.items() if system == name)
               for name in ("base", "sft", "rag", "sft+rag")}  # fmt: skip
    assert counted == {name: sum(c.values()) for name, c in records.load_scores(made)["why"].items()}


PLACES = {"base": "base", "sft": "sft", "rag": "rag", "gold": "gold", "floor": "floor"}


def scored(means: dict[str, float], metric: str = "exact_match", **more: object) -> dict[str, Any]:
    """Scores of systems whose pairs are all as ``more`` says; only the means differ."""
    rows: dict[str, Any] = {
        name: {metric: {"mean": mean, "low": mean - 0.05, "high": mean + 0.05, "n": 40}} for name, mean in means.items()
    }
    tested = {"groups": 40, "sign": 0, "pairs": 6, "p_holm": 0.2, "detectable": 0.1301, "low": -0.1, "high": 0.3}
    pairs = [
        {"first": a, "second": b, "metric": metric, "mean": means[a] - means[b], **tested, **more}
        for a, b in combinations(means, 2)
    ]
    return {"systems": rows, "pairs": pairs}


def told(**pair: object) -> str:
    """The headline over two systems whose pair is as given."""
    return headline(scored({"sft": 0.6, "rag": 0.5}, **pair), PLACES)


def test_the_headline_names_no_best_where_it_cannot_tell_and_says_why() -> None:
    begun = "Over all 40 questions nobody can tell whether SFT (60.0 % exact match) or RAG (50.0 %) answers best: "
    assert told() == begun + "only a difference above 14 points would show."
    assert told(groups=12) == begun + "few independent groups (12), indicative only."
    assert told(groups=12, low=0.01, sign=0) == begun + "few independent groups (12), indicative only."
    assert told(low=0.01, p_holm=0.0514).endswith("so much is to be expected by chance (Holm p = 0.051).")
    assert told(low=0.01, sign=1) == (
        "Over all 40 questions SFT answers best (60.0 % exact match), ahead of RAG by 10.0 points (1.0 to 30.0)."
    )


def test_a_tie_names_nobody_and_best_means_ahead_of_all() -> None:
    tie = headline(scored({"sft": 0.5, "rag": 0.5, "base": 0.5}), PLACES)
    assert tie.startswith("Over all 40 questions nobody can tell which of Base (50.0 % exact match), RAG (50.0 %) and")
    scores = scored({"sft": 0.6, "rag": 0.5, "base": 0.1}, low=0.01, sign=1)
    scores["pairs"][1] |= {"low": -0.01, "sign": 0}
    said = headline(scores, PLACES)
    assert "whether SFT (60.0 % exact match) or Base (10.0 %) answers best" in said, "best only if ahead of all"
    scores["pairs"][0] |= {"low": -0.01, "sign": 0}
    scores["pairs"][1] |= {"low": 0.01, "sign": 1}
    assert headline(scores, PLACES).endswith("Both are clearly ahead of Base.")


def test_the_headline_says_what_limits_the_best() -> None:
    low = headline(scored({"sft": 0.3, "rag": 0.2, "gold": 0.4}, low=0.01, sign=1), PLACES)
    assert "Even with the right passage at hand only 40.0 (35.0 to 45.0) % of 40 are right" in low
    assert "right passage" not in headline(scored({"sft": 0.3, "rag": 0.2, "gold": 0.6}), PLACES)
    scores = scored({"sft": 0.3, "rag": 0.2, "floor": 0.0})
    for name, mean in (("sft", 0.4), ("floor", 0.5)):
        scores["systems"][name]["token_f1"] = {"mean": mean, "low": mean, "high": mean, "n": 40}
    scores["pairs"] += scored({"sft": 0.4, "floor": 0.5}, "token_f1", low=-0.2, high=0.01)["pairs"]
    assert "Floor" not in headline(scores, PLACES), "a lead that may be chance is not told"
    scores["pairs"][-1] |= {"high": -0.01, "sign": -1}
    assert "Floor, the best sentence without a language model, has a higher token F1 (50.0" in headline(scores, PLACES)


def test_the_headline_says_that_another_task_has_another_leader() -> None:
    scores = scored({"sft": 0.6, "rag": 0.5}, low=0.01, sign=1)
    scores["task_pairs"] = [
        {"first": "sft", "second": "rag", "task": "short", "sign": -1},
        {"first": "sft", "second": "rag", "task": "label", "sign": 1},
        {"first": "sft", "second": "rag", "task": "number", "sign": 0},
    ]
    assert headline(scores, PLACES).endswith(
        "It depends on the mix of questions: RAG is clearly ahead of SFT on short answers."
    )


def test_a_comparison_without_a_corner_has_no_headline_and_no_mix() -> None:
    scores = scored({"gold": 0.6, "floor": 0.1}, low=0.01, sign=1)
    scores["task_pairs"] = [{"first": "gold", "second": "floor", "task": "short", "sign": 1}]
    assert headline(scores, PLACES) == mix(scores, PLACES) == ""


def test_whole_texts_are_told_by_their_words() -> None:
    scores = scored({"sft": 0.6, "rag": 0.5}, "token_f1", low=0.01, sign=1)
    for row in scores["systems"].values():
        row |= {"tasks": {"text": {}}, "exact_match": {"mean": 0.0, "low": 0.0, "high": 0.1, "n": 40}}
    assert headline(scores, PLACES).startswith("Over all 40 questions SFT answers best (60.0 % token F1), ahead of RAG")
    del scores["systems"]["rag"]
    assert headline(scores, PLACES) == (
        "SFT has a token F1 of 60.0 (55.0 to 65.0) % over 40 questions, with nothing to compare it with."
    )
    scores = scored({"sft": 0.3, "rag": 0.2, "gold": 0.4}, "token_f1")
    for row in scores["systems"].values():
        row["tasks"] = {"text": {}}
    assert "right passage at hand the token F1 is only 40.0 (35.0 to 45.0) % (n = 40): " in headline(scores, PLACES)


def test_one_system_alone_is_told_without_a_comparison() -> None:
    base = {"exact_match": {"mean": 0.25, "low": 0.1, "high": 0.4, "n": 8}}
    said = headline({"systems": {"base": base}, "pairs": []}, {"base": "base"})
    assert said == "Base answers 25.0 (10.0 to 40.0) % of 8 questions right, with nothing to compare it with."
    assert headline({"systems": {"floor": base}, "pairs": []}, {"floor": "floor"}) == ""
