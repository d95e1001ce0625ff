"""What pocket is taught: answers stand in their passages, held-out wordings and articles stay out of the lessons."""

from __future__ import annotations

import re
from random import Random

import pytest

from data.errors import UserError
from data.prompts import ABSTAIN
from sft.pocket import exam, frames, lessons, reading, words
from sft.pocket.batches import Lessons, lesson, shares
from sft.pocket.world import attributes

KINDS = ("lookup", "closed", "frame", "world")


def taught(count: int, unanswerable: float = 0.15) -> list[lessons.Turns]:
    r = Random(11)
    return [
        lessons.frame_lesson(r, [], unanswerable) if n % 2 else lessons.world(r, [], unanswerable, 0.35)
        for n in range(count)
    ]


def test_every_answer_stands_in_the_passages_or_is_the_abstaining_sentence():
    for turns in taught(300):
        context = turns[0][0]
        assert context.startswith("Context:\n[1] ")
        assert all(answer in context or answer == ABSTAIN for _, answer in turns)
        assert not any("Context:" in user for user, _ in turns[1:])


def test_a_context_holds_one_to_five_passages():
    counts = {len(re.findall(r"^\[\d\] ", turns[0][0], re.M)) for turns in taught(300)}
    assert counts == {1, 2, 3, 4, 5}


def test_most_unanswerable_questions_are_about_the_right_thing():
    r, near = Random(3), []
    for _ in range(400):
        pieces = lessons.short_passages(r, r.choice(list(attributes())))
        text = " ".join(piece.text for piece in pieces).lower()
        question = r.choice(pieces).open[0].lower()
        near.append(any(word in text for word in re.findall(r"[a-z]{5,}", question) if word not in COMMON))
    assert sum(near) / len(near) > 0.5


COMMON = {"which", "where", "there", "their", "about", "under", "after", "whose", "does"}


def test_held_out_wordings_are_in_no_lesson():
    held = [
        piece
        for known in attributes().values()
        for attribute in known
        for template in attribute.held_statements + attribute.held_questions
        for piece in [max(re.split(r"\{[ev]\}", template), key=len).strip().lower()]
        if len(piece) > 25
    ]
    assert len(held) > 30
    text = "\n".join(user for turns in taught(400) for user, _ in turns).lower()
    assert [piece for piece in held if piece in text] == []


def test_held_out_frames_are_in_no_lesson_and_there_are_some_of_both():
    assert len(frames.frames(held=True)) >= 50
    assert len(frames.frames()) >= 600
    assert not {f.text for f in frames.frames()} & {f.text for f in frames.frames(held=True)}


@pytest.mark.parametrize("held", [False, True])
def test_every_question_of_a_frame_is_answered_by_its_text(held: bool):
    r = Random(5)
    for frame in frames.frames(held):
        filled = frames.fill(r, frame)
        assert len(filled.asked) == len(frame.asked) >= 2, frame.text
        assert all(a.answer in filled.text for a in filled.asked)
        assert "{" not in filled.text + "".join(a.question for a in filled.asked) + "".join(filled.open)
        assert filled.open


def test_twins_are_only_asked_what_tells_them_apart():
    r, asked = Random(8), 0
    for frame in frames.frames():
        one, other = frames.twins(r, frame)
        asked += len(one.asked)
        assert not {a.question for a in one.asked} & {a.question for a in other.asked}
    assert asked > 100


def test_the_typed_exam_has_twenty_passages_with_answers_or_none():
    items = exam.typed()
    assert len(items) == 20
    missing = [item for item in items if item.answers == (ABSTAIN,)]
    assert len(missing) == 5
    for item in items:
        assert item in missing or any(item.answers[0] in passage for passage in item.passages)


def paragraphs() -> list[dict]:
    """As many paragraphs as the reading file has, with each held-out article's word where it begins."""
    rows = [{"source": s, "context": f"{s} {n}"} for s, most in LAST.items() for n in range(most)]
    for source, first, _, word in reading.HELD_OUT:
        next(row for row in rows if row["context"] == f"{source} {first}")["context"] += f" {word}"
    return rows


LAST = {"wikipedia": 1356, "amazon_reviews": 5, "privacy_policies": 574}


def test_whole_articles_are_held_out_and_other_sources_are_on_neither_side():
    train, held = reading.split(paragraphs())
    assert len(held) == sum(last - first + 1 for _, first, last, _ in reading.HELD_OUT)
    assert len(train) + len(held) == LAST["wikipedia"] + LAST["privacy_policies"]
    assert {row["source"] for row in train + held} == set(reading.TRAINED)
    assert not {row["context"] for row in train} & {row["context"] for row in held}


def test_another_reading_file_is_refused():
    rows = paragraphs()
    with pytest.raises(UserError, match="no article on"):
        reading.split([row for row in rows if row["context"] != "wikipedia 0"])


def test_lessons_of_every_kind_can_be_made_without_real_text():
    r = Random(2)
    for kind in KINDS:
        assert all(lesson(r, kind, Lessons([], []), progress) for progress in (0.1, 0.9))
    for progress in (0.0, 0.4, 0.9):
        assert sum(shares(progress, True, True).values()) == pytest.approx(1.0)


def test_word_lists_name_no_one_of_the_demo():
    from data.demo.facts import TAUGHT, UNTAUGHT

    people = {value for *_, attribute, value, _ in (*TAUGHT, *UNTAUGHT) if attribute in ("head", "designer")}
    assert people
    whole = {f"{first} {last}" for first in words.FIRST_NAMES for last in words.LAST_NAMES}
    assert not people & whole
