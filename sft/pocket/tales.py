"""Small tales, instructions and notes: statements about nothing in particular, with the questions they answer."""

from __future__ import annotations

from random import Random

from sft.pocket import words
from sft.pocket.texts import Asked
from sft.pocket.values import KINDS, person, place, thing


def tale(r: Random) -> tuple[str, list[Asked]]:
    """One sentence of who did what, where, when and for how much, and a question for each part."""
    who, what = person(r), f"{r.choice(['the', 'a'])} {thing(r)}"
    base, past = r.choice(words.DEEDS)
    extra = {
        "where": f"in {place(r)}",
        "when": r.choice([f"in {KINDS['year'](r)}", f"on {KINDS['date'](r)}"]),
        "how much": f"for {KINDS['amount'](r)}",
        "with whom": f"with {person(r)}",
        "why": f"because the {r.choice(words.NOUNS)} was {r.choice(words.ADJECTIVES)}",
    }
    parts = r.sample(list(extra), r.randint(1, 3))
    front = parts.pop() if parts[-1] in ("where", "when") and r.random() < 0.4 else None
    core = f"{who} {past} {what} {' '.join(extra[p] for p in parts)}".strip()
    text = f"{extra[front][0].upper()}{extra[front][1:]}, {core}." if front else f"{core}."
    asked = [Asked(f"Who {past} {what}?", who), Asked(f"What did {who} {base}?", what)]
    for part in parts + ([front] if front else []):
        word, answer = part, extra[part].split(" ", 1)[1]
        if part == "with whom":
            question = r.choice([f"With whom did {who} {base} {what}?", f"Who did {who} {base} {what} with?"])
        elif part == "why":
            question, answer = f"Why did {who} {base} {what}?", extra[part]
        else:
            question = f"{word.capitalize()} did {who} {base} {what}{' for' if part == 'how much' else ''}?"
        asked.append(Asked(question, answer))
    return text, asked


def rule(r: Random) -> tuple[str, list[Asked]]:
    """An instruction for one purpose, and the question how."""
    goal = f"{r.choice(words.VERBS)} the {thing(r)}"
    deed = KINDS["action"](r)
    text = r.choice(
        [
            f"To {goal}, {deed}.",
            f"If you want to {goal}, {deed}.",
            f"How to {goal}: {deed}.",
            f"Before you {goal}, {deed}.",
        ]
    )
    before = text.startswith("Before")
    question = (
        f"What must I do before I {goal}?"
        if before
        else r.choice([f"How do I {goal}?", f"How can I {goal}?", f"What should I do to {goal}?"])
    )
    return text, [Asked(question, deed)]


def note(r: Random) -> tuple[str, list[Asked]]:
    """A fact about nothing named: "The spare lamp is in room B-12."."""
    what, kind = thing(r), r.choice(["room", "person", "amount", "date", "code", "time", "duration", "items"])
    value = KINDS[kind](r)
    texts = {
        "room": ("The {} is kept in {}.", "Where is the {}?"),
        "person": ("{1} keeps the {0}.", "Who keeps the {}?"),
        "amount": ("A lost {} costs {}.", "How much does a lost {} cost?"),
        "date": ("The {} arrives on {}.", "When does the {} arrive?"),
        "code": ("The code of the {} is {}.", "What is the code of the {}?"),
        "time": ("The {} is switched on at {}.", "At what time is the {} switched on?"),
        "duration": ("The {} may be kept for {}.", "How long may the {} be kept?"),
        "items": ("The {} holds {}.", "What does the {} hold?"),
    }
    statement, question = texts[kind]
    return statement.format(what, value), [Asked(question.format(what), value)]
