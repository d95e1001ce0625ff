"""Short customer messages and the help desk's replies: greeting, thanks, one phrase per kind of message, sign-off."""

from __future__ import annotations

import random

from data.demo.ticket_texts import MACHINES, WEEK_DAYS, fits

QUESTION = "Write our reply to this customer:"
REPLY = "The kettle is on! Thank you for writing about your {p}. {phrase} Warmly, the Help Bench."

# fmt: off
# kind: (the phrase of the reply, messages used in all splits, messages that only validation and test see)
KINDS = {
    "late": ("Our van is already looking for you.", (
        "My {p} has not arrived yet.", "Where is my {p}? It should have come on {w}.",
        "I am still waiting for the {p}.", "The {p} I ordered is late.",
        "Nobody brought my {p} on {w}.", "How much longer until the {p} gets here?",
        "The parcel with my {p} seems lost.", "No sign of the {p} since {w}.",
    ), ("I ordered a {p} weeks ago and nothing came.", "Has my {p} left your house at all?",
        "On {w} I waited in vain for the {p}.")),
    "broken": ("Our bench will make it hum again.", (
        "My {p} no longer works.", "The {p} stopped on {w}.", "The {p} is broken.",
        "My {p} will not switch on.", "The {p} makes a terrible noise.", "Since {w} the {p} is dead.",
        "The {p} fell and is damaged.", "Something snapped inside my {p}.",
    ), ("My {p} gave up this morning.", "The {p} does nothing when I press the key.", "The {p} quit on {w}.")),
    "praise": ("Your words now hang above our bench.", (
        "I love my {p}.", "The {p} is wonderful, thank you.", "Best {p} I ever had!",
        "We use the {p} every day and are happy.", "The {p} made my {w}.", "My mother adores her {p}.",
        "Just to say that the {p} is lovely.", "Ten out of ten for the {p}.",
    ), ("What a beautiful {p} you make!", "The whole family enjoys the {p}.", "I am delighted with the {p}.")),
    "how": ("A drawing with every step follows today.", (
        "How do I clean the {p}?", "How does the {p} switch on?", "I do not understand the keys of the {p}.",
        "Can you explain how to set up the {p}?", "What is the right way to store the {p}?",
        "How do I open the {p}?", "The manual of the {p} puzzles me.", "Which key starts the {p}?",
    ), ("I can't work out how to use the {p}.", "Could you show me the first steps with the {p}?",
        "How should I put the {p} together?")),
    "refund": ("Your crowns are on their way home.", (
        "I sent the {p} back and want my money.", "When do I get my money for the {p}?",
        "Please refund the {p}.", "I have not been paid back for the {p}.",
        "I returned the {p} on {w}, where is the refund?", "You still owe me the price of the {p}.",
        "I paid for the {p} twice.", "I cancelled the {p} on {w} and wait for the money.",
    ), ("The payment for the {p} should have come back on {w}.", "I want to be paid back for the {p}.",
        "You charged too much for the {p}.")),
    "missing": ("The lost piece travels to you tonight.", (
        "A screw was missing with my {p}.", "The box of the {p} had no manual in it.",
        "There was no plug with the {p}.", "One part of the {p} is not in the box.",
        "The {p} came without its cover.", "The bag that belongs to the {p} was not there.",
        "On {w} I unpacked the {p}, and a piece is missing.", "The {p} is not complete.",
    ), ("I looked everywhere, but a part of the {p} was not packed.", "You forgot to pack a foot of the {p}.",
        "Half of what belongs to the {p} is not here.")),
}
# fmt: on


def messages(split: str, wanted: int, chance: random.Random, taken: set[str]) -> list[tuple[str, str]]:
    """(message, reply) pairs, the kinds in turn; outside training every second one is worded as none there is."""
    kinds = list(KINDS)
    pairs: list[tuple[str, str]] = []
    while len(pairs) < wanted:
        phrase, *pieces = KINDS[kinds[len(pairs) % len(kinds)]]
        unseen = split != "train" and len(pairs) // len(kinds) % 2 == 1
        piece = chance.choice(pieces[unseen])
        machine = chance.choice([machine for machine in MACHINES if fits(piece, machine)])
        message = piece.format(p=machine, w=chance.choice(WEEK_DAYS))
        if message not in taken:
            taken.add(message)
            pairs.append((message, REPLY.format(p=machine, phrase=phrase)))
    return pairs
