"""A lesson's form: a conversation of (user text, answer) turns, its user texts made by ``data.prompts``."""

from __future__ import annotations

from data.prompts import question_turn
from sft.pocket.texts import Asked

Turns = list[tuple[str, str]]


def turns(passages: list[str], asked: list[Asked]) -> Turns:
    """The conversation that asks several questions about the same passages: only the first turn carries them."""
    users = [question_turn(a.question, passages if n == 0 else ())[0].content for n, a in enumerate(asked)]
    return list(zip(users, (a.answer for a in asked), strict=True))
