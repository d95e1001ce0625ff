"""Invented worlds: types of things, what can be said of them (``attributes.txt``), and facts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random

from sft.pocket import words
from sft.pocket.values import name, person, place, thing


@dataclass(frozen=True)
class Attribute:
    """One kind of fact about one type of thing, with its wordings ({e}: the thing, {v}: the value)."""

    type: str
    key: str
    kind: str
    statements: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    held_statements: list[str] = field(default_factory=list)
    held_questions: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Fact:
    """``entity``'s ``attribute`` is ``value``."""

    entity: str
    attribute: Attribute
    value: str


@cache
def attributes() -> dict[str, list[Attribute]]:
    """Every attribute of ``attributes.txt`` by type of thing."""
    found: dict[str, list[Attribute]] = {}
    for line in Path(__file__).with_name("attributes.txt").read_text(encoding="utf-8").splitlines():
        mark, _, rest = line.partition(" ")
        if mark.startswith("@"):
            key, _, kind = rest.partition("|")
            found.setdefault(mark[1:], []).append(Attribute(mark[1:], key, kind))
            current = found[mark[1:]][-1]
            places = {
                "+": current.statements,
                "?": current.questions,
                "-+": current.held_statements,
                "-?": current.held_questions,
            }
        elif mark in ("+", "?", "-+", "-?"):
            places[mark].append(rest)
    return found


ENTITIES: dict[str, Callable[[Random], str]] = {
    "person": person,
    "place": place,
    "company": lambda r: f"{name(r)} {r.choice(words.FIRMS)}" if r.random() < 0.7 else name(r),
    "product": lambda r: r.choice(
        [
            f"the {name(r)} {r.choice(words.NOUNS)}",
            f"the {name(r)} {r.randint(2, 900)}",
            f"the {thing(r)}",
            f"{name(r)} {r.choice(['Pro', 'Mini', 'Plus', 'Max', 'One'])}",
        ]
    ),
    "office": lambda r: f"the {r.choice([name(r), r.choice(words.ADJECTIVES)])} {r.choice(words.OFFICES)}",
    "event": lambda r: f"the {r.choice([name(r), thing(r)])} {r.choice(words.EVENTS)}",
    "service": lambda r: f"the {r.choice([name(r), thing(r)])} {r.choice(words.SERVICES)}",
}
