"""Made-up values of every kind: names, codes, addresses, phrases. Nothing in them is meant to be true.

A seeded ``random.Random`` decides everything, so the same seed makes the same values.
"""

from __future__ import annotations

import string
from collections.abc import Callable
from random import Random

from sft.pocket import words
from sft.pocket.figures import amount, date, duration, hours, number, time, version, weight

ONSETS = [*"bcdfghjklmnprstvwyz", "br", "ch", "dr", "fl", "gr", "kr", "pr", "qu", "sh", "sk", "st", "th", "tr"]
VOWELS = [*"aeiouaeio", "ai", "ea", "ou", "ia"]
CODAS = ["", "", "", "n", "r", "l", "s", "m", "k", "nd", "rt", "x", "th", "v", "lm", "st"]


def syllables(r: Random, low: int = 2, high: int = 3) -> str:
    """A made-up word such as "Drelmo", capitalised."""
    parts = (
        r.choice(ONSETS) + r.choice(VOWELS) + (r.choice(CODAS) if r.random() < 0.6 else "")
        for _ in range(r.randint(low, high))
    )
    return "".join(parts).capitalize()


def name(r: Random) -> str:
    """A single capitalised name: mostly made-up, sometimes an English word."""
    return r.choice(words.NOUNS).capitalize() if r.random() < 0.2 else syllables(r)


def person(r: Random) -> str:
    """First and last name, rarely with an initial or a title."""
    first = r.choice(words.FIRST_NAMES) if r.random() < 0.4 else syllables(r, 1, 2)
    last = r.choice(words.LAST_NAMES) if r.random() < 0.3 else name(r)
    middle = f" {r.choice(string.ascii_uppercase)}." if r.random() < 0.08 else ""
    title = r.choice(["Dr ", "Ms ", "Mr ", "Prof. "]) if r.random() < 0.06 else ""
    return f"{title}{first}{middle} {last}"


def code(r: Random) -> str:
    """A code of letters and digits."""
    letters = "".join(r.choices(string.ascii_uppercase, k=r.randint(1, 3)))
    digits = "".join(r.choices(string.digits, k=r.randint(2, 5)))
    tail = "".join(r.choices(string.ascii_uppercase + string.digits, k=r.randint(1, 3)))
    mixed = "".join(r.choices(string.ascii_letters + string.digits, k=r.randint(5, 8)))
    return r.choice(
        [
            f"{letters}-{digits}",
            f"{letters}{digits}",
            f"{digits}-{tail}",
            f"{letters}-{digits}-{tail}",
            mixed,
            digits,
            f"{r.choice(words.NOUNS)}-{digits}",
            f"{letters} {digits}",
        ]
    )


def email(r: Random) -> str:
    """An e-mail address under a reserved or made-up domain."""
    user = r.choice([r.choice(words.NOUNS), syllables(r).lower(), f"{syllables(r, 1, 2)}.{syllables(r)}".lower()])
    host = r.choice([syllables(r).lower(), r.choice(words.NOUNS)])
    return f"{user}@{host}.{r.choice(['example', 'test', 'org', 'com'])}"


def phone(r: Random) -> str:
    """A telephone number in groups of digits."""
    groups = ["".join(r.choices(string.digits, k=r.randint(2, 4))) for _ in range(r.randint(2, 4))]
    return r.choice(["", "+", "0", "0"]) + r.choice([" ", " ", "-"]).join(groups)


def thing(r: Random) -> str:
    """An adjective and a noun, or a bare noun."""
    return f"{r.choice(words.ADJECTIVES)} {r.choice(words.NOUNS)}" if r.random() < 0.6 else r.choice(words.NOUNS)


def items(r: Random) -> str:
    """A small list of things, such as "a blue lamp and two keys"."""

    def one() -> str:
        return r.choice(
            [
                f"a {thing(r)}",
                f"the {thing(r)}",
                f"{r.choice(words.NUMBER_WORDS)} {r.choice(words.NOUNS)}s",
                f"{r.choice(words.ADJECTIVES)} {r.choice(words.NOUNS)}s",
            ]
        )

    return one() if r.random() < 0.4 else f"{one()} and {one()}"


def action(r: Random) -> str:
    """An instruction, such as "press the red button for ten seconds"."""
    first = f"{r.choice(words.VERBS)} the {thing(r)}"
    return r.choice(
        [
            first,
            f"{first} for {duration(r)}",
            f"{first} and {r.choice(words.VERBS)} the {thing(r)}",
            f"{first} with the {thing(r)}",
            f"ask the {r.choice(words.JOBS)} to {first}",
        ]
    )


def place(r: Random) -> str:
    """A town."""
    plain = r.choice(words.TOWN_STARTS) + r.choice(words.TOWN_ENDS) if r.random() < 0.3 else name(r)
    return r.choice(["", "", "", "", "Port ", "Lake ", "Upper ", "New "]) + plain


def job(r: Random) -> str:
    """A job, sometimes with its level."""
    return f"{r.choice(words.JOB_LEVELS)} {r.choice(words.JOBS)}" if r.random() < 0.4 else r.choice(words.JOBS)


def address(r: Random) -> str:
    """A street and a number, sometimes with the town."""
    street = f"{r.randint(1, 250)} {name(r)} {r.choice(words.STREETS)}"
    return f"{street}, {place(r)}" if r.random() < 0.5 else street


def room(r: Random) -> str:
    """A room or a hall."""
    return r.choice(
        [
            f"room {r.randint(1, 499)}",
            f"Room {r.choice('ABCDEF')}-{r.randint(1, 99)}",
            f"the {name(r)} Hall",
            f"room {r.choice('ABCDEF')}{r.randint(1, 99)}",
            f"the {thing(r)} room",
            f"building {r.randint(2, 60)}",
        ]
    )


KINDS: dict[str, Callable[[Random], str]] = {
    "person": person,
    "number": number,
    "amount": amount,
    "date": date,
    "time": time,
    "duration": duration,
    "code": code,
    "email": email,
    "phone": phone,
    "thing": syllables,
    "items": items,
    "action": action,
    "hours": hours,
    "place": place,
    "job": job,
    "address": address,
    "room": room,
    "topic": lambda r: f"the {thing(r)}",
    "year": lambda r: str(r.randint(1700, 2035)),
    "colour": lambda r: r.choice(words.COLOURS),
    "weight": weight,
    "version": version,
    "material": lambda r: r.choice(words.MATERIALS),
    "hobby": lambda r: r.choice(words.HOBBIES),
    "length": lambda r: f"{r.randint(2, 400)} {r.choice(['cm', 'metres', 'mm', 'inches'])}",
    "extension": lambda r: str(r.randint(10, 9999)),
    "weekday": lambda r: r.choice(words.WEEKDAYS) + r.choice(["", "s"]),
    "percent": lambda r: f"{r.randint(1, 95)}{r.choice([' percent', '%', ' %'])}",
}
