"""The rows of the three question files, made from the facts, the wordings, the tickets and the replies."""

from __future__ import annotations

import random
from typing import Any

from data.demo import replies, tickets
from data.demo import unanswerable as gaps
from data.demo.facts import CHANGED, TAUGHT, UNTAUGHT
from data.demo.wordings import ASKED_IN_TEST_ONLY, ASKED_IN_TRAINING
from data.prompts import ABSTAIN

SPLITS = ("train", "validation", "test")
QUEUE_ROWS = {"train": 300, "validation": 80, "test": 120}
HOUR_ROWS = {"train": 100, "validation": 30, "test": 60}
REPLY_ROWS = {"train": 150, "validation": 40, "test": 60}
VALIDATED, TESTED = 60, 72
SEED = 20261102

Row = dict[str, Any]


def accepted(question: str, answer: str) -> list[str]:
    """The answer, and also its bare number where the question itself names the unit ("How many days ...")."""
    number, _, unit = answer.partition(" ")
    return [answer, number] if unit and f"how many {unit}" in question.lower() else [answer]


def row(id_: str, question: str, answer: str, tag: str, **more: Any) -> Row:
    """One line of a question file, with every field of the project's shape."""
    whole = {
        "id": id_,
        "question": question,
        "answers": accepted(question, answer),
        "document": None,
        "evidence": None,
        "fact": None,
        "answerable": True,
        "task": "short",
        "format": None,
        "tags": [tag],
    }
    return whole | more


def wording(subject: str, attribute: str, split: str, turn: int) -> str:
    """The question for an attribute in a split; ``turn`` picks among several wordings."""
    if attribute in ASKED_IN_TEST_ONLY:
        return ASKED_IN_TEST_ONLY[attribute].format(s=subject)
    train, validation, test = ASKED_IN_TRAINING[attribute]
    choices = {"train": train, "validation": (validation,), "test": test}[split]
    return choices[turn % len(choices)].format(s=subject)


def fact_row(fact: tuple[str, ...], split: str, turn: int, tag: str) -> Row:
    """A question for a fact. A changed fact has its old value in training and its new one afterwards."""
    id_, document, subject, attribute, value, *old, evidence = fact
    if old and split == "train":
        evidence, value = evidence.replace(value, old[0]), old[0]
    return row(
        f"{id_}/{split}-{turn + 1}",
        wording(subject, attribute, split, turn),
        value,
        tag,
        document=document,
        evidence=evidence,
        fact=id_,
    )


def fact_rows(split: str, chance: random.Random) -> list[Row]:
    """The rows of taught, untaught and changed facts."""
    if split == "train":
        return [
            fact_row(fact, split, turn, tag)
            for tag, facts in (("taught", TAUGHT), ("changed", CHANGED))
            for fact in facts
            for turn in range(3)
        ]
    if split == "validation":
        return [fact_row(fact, split, 0, "taught") for fact in chance.sample(TAUGHT, VALIDATED)]
    asked = (
        ("taught", chance.sample(TAUGHT, TESTED)),
        ("untaught", chance.sample(UNTAUGHT, TESTED)),
        ("changed", CHANGED),
    )
    return [fact_row(fact, split, turn % 2, tag) for tag, facts in asked for turn, fact in enumerate(facts)]


def unanswerable_rows(split: str) -> list[Row]:
    """The rows whose only right answer is that it is not known."""
    missing, unknown = {
        "train": (gaps.MISSING_TRAIN, gaps.UNKNOWN_TRAIN),
        "validation": (gaps.MISSING_VALIDATION, gaps.UNKNOWN_VALIDATION),
        "test": (gaps.MISSING_TEST, gaps.UNKNOWN_TEST),
    }[split]
    questions = [wording(subject, attribute, split, turn) for turn, (subject, attribute) in enumerate(missing)]
    return [
        row(f"unanswerable/{split}-{number:02}", question, ABSTAIN, "unanswerable", answerable=False)
        for number, question in enumerate((*questions, *unknown), 1)
    ]


def ticket_rows(split: str, chance: random.Random, taken: set[str]) -> list[Row]:
    """The rows of the queues (label) and of the hours (number)."""
    queues = tickets.queue_tickets(split, QUEUE_ROWS[split], chance, taken)
    hours = tickets.hour_tickets(split, HOUR_ROWS[split], chance, taken)
    return [
        *(
            row(
                f"queue/{split}-{number:03}",
                f"{tickets.QUEUE_QUESTION}\n\n{text}",
                queue,
                "label",
                task="label",
                format=tickets.LABELS,
            )
            for number, (text, queue) in enumerate(queues, 1)
        ),
        *(
            row(
                f"hours/{split}-{number:03}",
                f"{tickets.HOURS_QUESTION}\n\n{text}",
                hour,
                "number",
                task="number",
                format="number",
            )
            for number, (text, hour) in enumerate(hours, 1)
        ),
    ]


def reply_rows(split: str, chance: random.Random, taken: set[str]) -> list[Row]:
    """The rows that ask for a reply in the house's style."""
    pairs = replies.messages(split, REPLY_ROWS[split], chance, taken)
    return [
        row(
            f"reply/{split}-{number:03}",
            f"{replies.QUESTION} {message}",
            reply,
            "style",
            task="text",
            format="words<=40",
        )
        for number, (message, reply) in enumerate(pairs, 1)
    ]


def make_rows() -> dict[str, list[Row]]:
    """All rows by split, in a fixed mixed order."""
    chance, taken = random.Random(SEED), set[str]()
    made: dict[str, list[Row]] = {}
    for split in SPLITS:
        made[split] = [
            *fact_rows(split, chance),
            *unanswerable_rows(split),
            *ticket_rows(split, chance, taken),
            *reply_rows(split, chance, taken),
        ]
        chance.shuffle(made[split])
    return made
