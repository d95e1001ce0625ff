"""Frames: short texts of every manner with slots (``frames.txt``), filled with made-up values, and their questions.

In ``frames.txt`` a line "=" is a text, "?" a question with its answer after a bar, "!" a question the text leaves
open. A frame that opens with "-=" is never trained on: the report measures with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random

from sft.pocket import words
from sft.pocket.texts import Asked
from sft.pocket.values import KINDS, name, syllables, thing
from sft.pocket.world import ENTITIES

SLOT = re.compile(r"\{([a-z_]+)(\d?)\}")
SENTENCE_START = re.compile(r"(?:^|(?<=[.!?:] ))the (?=[A-Z0-9])")  # a thing's name opens the sentence
# slots with the value of another kind, or of their own
SLOTS: dict[str, Callable[[Random], str]] = (
    KINDS
    | ENTITIES
    | {
        "first": lambda r: r.choice([r.choice(words.FIRST_NAMES), syllables(r, 1, 2)]),
        "town": KINDS["place"],
        "street": KINDS["address"],
        "small": lambda r: str(r.randint(2, 12)),
        "word_number": lambda r: r.choice(words.NUMBER_WORDS),
        "month": lambda r: r.choice(words.MONTHS),
        "weekday": lambda r: r.choice(words.WEEKDAYS),
        "noun": lambda r: r.choice(words.NOUNS),
        "thing": thing,
        "adjective": lambda r: r.choice(words.ADJECTIVES),
        "verb": lambda r: r.choice(words.VERBS),
        "name": name,
    }
)


@dataclass
class Frame:
    """A text with slots; (question, answer) pairs; questions it leaves open; whether it is kept from training."""

    text: str
    held: bool
    asked: list[tuple[str, str]] = field(default_factory=list)
    open: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Filled:
    """A frame with its values put in."""

    text: str
    asked: list[Asked]
    open: list[str]


@cache
def frames(held: bool = False) -> list[Frame]:
    """The frames to train on, or those held out."""
    found: list[Frame] = []
    for line in Path(__file__).with_name("frames.txt").read_text(encoding="utf-8").splitlines():
        mark, _, rest = line.partition(" ")
        if mark in ("=", "-="):
            found.append(Frame(rest, mark == "-="))
        elif mark == "?":
            question, _, answer = rest.rpartition(" | ")
            found[-1].asked.append((question, answer))
        elif mark == "!":
            found[-1].open.append(rest)
    return [frame for frame in found if frame.held == held]


def values(r: Random, text: str) -> dict[str, str]:
    """A value for each slot of the text; slots of one kind get different ones."""
    chosen: dict[str, str] = {}
    for kind, number in SLOT.findall(text):
        while kind + number not in chosen:
            if (value := SLOTS[kind](r)) not in chosen.values():
                chosen[kind + number] = value
    return chosen


def put_in(text: str, chosen: dict[str, str]) -> str:
    """The text with its values, each sentence with a capital at its start."""
    filled = SLOT.sub(lambda match: chosen[match[1] + match[2]], text).replace(".m..", ".m.")
    return SENTENCE_START.sub("The ", filled)


def as_written(answer: str, text: str) -> str | None:
    """The answer in the capitals that the text gives it; None if it isn't there."""
    if answer in text:
        return answer
    start = text.lower().find(answer.lower())
    return None if start < 0 else text[start : start + len(answer)]


def fill(r: Random, frame: Frame, chosen: dict[str, str] | None = None) -> Filled:
    """One filling of a frame; questions start with a capital."""
    chosen = chosen or values(r, frame.text)
    text = put_in(frame.text, chosen)
    asked = []
    for question, answer in frame.asked:
        found = as_written(put_in(answer, chosen), text)
        if found:
            asked.append(Asked(capital(put_in(question, chosen)), found))
    return Filled(text, asked, [capital(put_in(question, chosen)) for question in frame.open])


def capital(text: str) -> str:
    """The text with a capital at its start."""
    return text[:1].upper() + text[1:]


def twins(r: Random, frame: Frame) -> list[Filled]:
    """The frame filled twice with other values, with only those questions that say which of the two is meant."""
    slots = [match[0] for match in SLOT.finditer(frame.text)]
    telling = [
        (question, answer)
        for question, answer in frame.asked
        if any(slot in question and slot not in answer for slot in slots)
    ]
    narrowed = Frame(frame.text, frame.held, telling, [])
    one, other = fill(r, narrowed), fill(r, narrowed)
    same = {a.question for a in one.asked} & {a.question for a in other.asked}
    return [Filled(f.text, [a for a in f.asked if a.question not in same], []) for f in (one, other)]
