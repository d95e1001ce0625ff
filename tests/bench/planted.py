"""Leaks planted by rules: a test set of which a known share repeats training questions, exactly or nearly."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from data.examples import load_examples
from data.schema import Example

DEMO = Path(__file__).resolve().parents[2] / "data" / "demo" / "train.jsonl"
OTHER_WORDS = {
    "how long is": "what is the length of", "how much does": "what price does", "when does": "at what time does",
    "belong to": "go into", "costs": "is priced at", "big": "large", "begin": "start", "open": "begin work",
    "close": "shut", "show": "display", "write": "compose", "customer": "client", "resolve": "settle",
    "arrived": "come", "piece": "part", "broken": "damaged", "quickly": "fast", "bought": "purchased",
    "hello": "good morning", "sits": "is seated", "made": "manufactured", "weigh": "come to in weight",
}  # fmt: skip
POLITE = (
    "Could you please tell me: {}",
    "Hello, {} Thank you!",
    "Please help me with this. {}",
    "I would like to know: {}",
)


def politely(r: Random, text: str) -> str:
    """A word of courtesy around the question."""
    return r.choice(POLITE).format(text[0].lower() + text[1:])


def shouted(r: Random, text: str) -> str:
    """Other case and no punctuation."""
    plain = re.sub(r"[.,?!:]", "", text)
    return plain.upper() if r.random() < 0.5 else plain.lower()


def swapped(r: Random, text: str) -> str:
    """One or two words said with others; where none is known, two neighbours change places."""
    known = [phrase for phrase in OTHER_WORDS if re.search(rf"\b{phrase}\b", text, re.IGNORECASE)]
    for phrase in r.sample(known, min(2, len(known))):
        text = re.sub(rf"\b{phrase}\b", OTHER_WORDS[phrase], text, flags=re.IGNORECASE)
    if known:
        return text
    words = text.split()
    place = r.randrange(len(words) - 1)
    words[place], words[place + 1] = words[place + 1], words[place]
    return " ".join(words)


def reordered(r: Random, text: str) -> str:
    """The last clause, or what the question is about, comes first."""
    if "\n" in text:
        first, rest = text.split("\n", 1)
        return f"{rest.strip()}\n{first.strip()}"
    found = re.match(r"(.+?) ((?:of|for|in|at|on|to|from) the .+?|\S+ \S+)([?.]?)$", text, re.DOTALL)
    return f"{found[2][0].upper()}{found[2][1:]}: {found[1][0].lower()}{found[1][1:]}{found[3]}" if found else text


RULES: tuple[Callable[[Random, str], str], ...] = (politely, shouted, swapped, reordered)


def reworded(r: Random, text: str) -> str:
    """One rule in two cases out of three, two rules in the third."""
    for rule in r.sample(RULES, 1 if r.random() < 2 / 3 else 2):
        text = rule(r, text)
    return text


@dataclass(frozen=True)
class Planted:
    """Training rows, test rows, and which test rows (by id) repeat a training question."""

    train: list[Example]
    test: list[Example]
    exact: frozenset[str]
    near: frozenset[str]


def planted(share: float, half: int, draw: int = 0) -> Planted:
    """``share`` of the test questions repeat one of the demo's training questions, half of them exactly.

    No fact stands in both halves (0 and 1): thresholds are set on the first and measured on the second.

    The others ask about other facts in the very same forms ("How long is the warranty of ...?"), often of the same
    product. Tickets, which repeat each other already, stand in the training rows only.
    """
    rows = load_examples(DEMO)
    facts = sorted({row.fact for row in rows if row.fact})
    facts = Random("halves").sample(facts, len(facts))[half::2]
    r = Random(f"planted {share} {half} {draw}")
    held = set(r.sample(facts, len(facts) // 2))
    train = [row for row in rows if row.fact is None or row.fact in set(facts) - held]
    honest = [row for row in rows if row.fact in held]
    count = round(share * len(honest))
    copied, exact, near = r.sample([row for row in train if row.fact], count), set(), set()
    test = [replace(row, id=f"own-{n}", fact=None) for n, row in enumerate(honest[count:])]
    for n, row in enumerate(copied):
        said = row.question if n % 2 else reworded(r, row.question)
        (exact if n % 2 else near).add(f"leak-{n}")
        test.append(replace(row, id=f"leak-{n}", question=said, fact=None))
    return Planted(train, r.sample(test, len(test)), frozenset(exact), frozenset(near))
