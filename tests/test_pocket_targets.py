"""The report's targets: each figure against must and aim, in the right sense, and a gap where nothing was measured."""

from __future__ import annotations

import json

from sft.pocket import PATH, targets


def test_a_figure_is_judged_in_the_targets_own_sense():
    assert targets.verdict(("x", 0.9, "at least", 0.8, 0.95)) == "must"
    assert targets.verdict(("x", 0.95, "at least", 0.8, 0.95)) == "aim"
    assert targets.verdict(("x", 0.1, "at least", 0.8, 0.95)) == "missed"
    assert targets.verdict(("x", 0.02, "at most", 0.1, 0.03)) == "aim"
    assert targets.verdict(("x", 0.2, "at most", 0.1, 0.03)) == "missed"
    assert targets.verdict(("x", None, "at most", 0.1, 0.03)) == "not measured"


def exams(**changed: float) -> dict:
    titles = ["invented facts, one sentence a passage", "invented facts, paragraphs", "fact missing"]
    same = {"n": 10, "exact_match": 0.5, "token_f1": 0.5, "abstains": 0.5} | changed
    return {"exams": dict.fromkeys(titles, same), "learning": None, "answers_per_second_600_tokens": 5.0}


def test_what_was_left_out_is_shown_as_not_measured():
    found = {what: targets.verdict(row) for row in targets.rows(exams()) for what in row[:1]}
    assert found["real labels after a fine-tune: accuracy"] == "not measured"
    assert found["unfamiliar real text: token F1"] == "not measured"
    assert found["answers a second, 600-token prompts"] == "must"
    assert len(targets.table(targets.rows(exams()))) == 2 + 11


def test_reading_lost_is_before_minus_after():
    figures = exams()
    figures["learning"] = {
        "facts": {"reading_before": 0.8, "reading_after": 0.7, "other_words": 0.6, "minutes": 4.0},
        "labels": {"accuracy": 0.81},
    }
    found = {row[0]: row[1] for row in targets.rows(figures)}
    assert found["reading lost by that fine-tune"] == 0.1
    assert found["real labels after a fine-tune: accuracy"] == 0.81


def test_the_card_holds_the_table_of_the_stored_figures():
    figures = json.loads(PATH.with_name("report.json").read_text())
    card = PATH.with_name("MODEL_CARD.md").read_text()
    assert all(line in card for line in targets.table(targets.rows(figures)))
