"""Tickets put together from pieces: which queue they belong to, and how many hours they take."""

from __future__ import annotations

import random
from collections.abc import Callable

from data.demo.ticket_texts import (
    BASE_HOURS,
    CLOSINGS,
    MACHINES,
    OPENINGS,
    QUEUES,
    SEVERITIES,
    TICKETS,
    WEEK_DAYS,
    fits,
)

QUEUE_QUESTION = "Which queue does this ticket belong to?"
HOURS_QUESTION = "How many hours should this ticket take to resolve?"
LABELS = "label:" + "|".join(QUEUES)


def ticket(piece: str, machine: str, chance: random.Random) -> str:
    """A whole ticket around one piece: perhaps an opening before it and a closing after it."""
    opening, closing = chance.choice(OPENINGS), chance.choice(CLOSINGS)
    if not opening:
        piece = piece[0].upper() + piece[1:]
    slots = {"p": machine, "w": chance.choice(WEEK_DAYS), "n": str(chance.randint(3, 14))}
    return " ".join(part for part in (opening, piece, closing) if part).format(**slots)


def distinct(wanted: int, make: Callable[[int], tuple[str, str]], taken: set[str]) -> list[tuple[str, str]]:
    """``wanted`` (ticket, answer) pairs from ``make(number)``, none of them made before."""
    pairs: list[tuple[str, str]] = []
    while len(pairs) < wanted:
        text, answer = make(len(pairs))
        if text not in taken and 8 <= len(text.split()) <= 30:
            taken.add(text)
            pairs.append((text, answer))
    return pairs


def queue_tickets(split: str, wanted: int, chance: random.Random, taken: set[str]) -> list[tuple[str, str]]:
    """Tickets with their queue, the queues in turn; outside training every second one uses a piece unseen there."""

    def make(number: int) -> tuple[str, str]:
        queue = QUEUES[number % len(QUEUES)]
        unseen = split != "train" and number // len(QUEUES) % 2 == 1
        piece = chance.choice(TICKETS[queue][unseen])
        return ticket(piece, chance.choice([name for name in MACHINES if fits(piece, name)]), chance), queue

    return distinct(wanted, make, taken)


def hour_tickets(split: str, wanted: int, chance: random.Random, taken: set[str]) -> list[tuple[str, str]]:
    """Tickets with their hours: the machine's base and the damage's surcharge."""

    def make(number: int) -> tuple[str, str]:
        machine = MACHINES[number % len(MACHINES)]
        surcharge, *pieces = SEVERITIES[number // len(MACHINES) % len(SEVERITIES)]
        unseen = split != "train" and (number + number // len(MACHINES)) % 2 == 1
        piece = chance.choice([piece for piece in pieces[unseen] if fits(piece, machine)])
        return ticket(piece, machine, chance), str(BASE_HOURS[machine] + surcharge)

    return distinct(wanted, make, taken)
