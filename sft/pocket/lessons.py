"""The lessons pocket is taught from: each is one conversation, a list of (user text, answer) turns.

In the order they are taught: looking up and copying; questions about invented worlds and filled frames; real paragraphs
(``paragraphs``). User texts are made by ``data.prompts``, so what was trained is what is asked later.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random

from data.prompts import ABSTAIN
from sft.pocket import frames, tales, texts, words
from sft.pocket.paragraphs import cloze
from sft.pocket.texts import Asked
from sft.pocket.turns import Turns, turns
from sft.pocket.values import KINDS, name, thing
from sft.pocket.world import Fact, attributes

MOST_PASSAGES = 5
SENTENCES = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")


@dataclass(frozen=True)
class Piece:
    """One passage, the questions it answers, and questions about the same thing that it leaves open."""

    text: str
    asked: list[Asked]
    open: list[str]


def lookup(r: Random) -> Turns:
    """Repeat some words, or look keys up in a small list."""
    kinds = list(KINDS)
    if r.random() < 0.3:
        content = " ".join(KINDS[r.choice(kinds)](r) for _ in range(r.randint(1, 4)))
        return [(f"Repeat: {content}", content)]
    keys = {r.choice([name, thing])(r): KINDS[r.choice(kinds)](r) for _ in range(r.randint(2, 5))}
    lines = [f"{key}: {value}" for key, value in keys.items()]
    passages = lines if r.random() < 0.5 else ["; ".join(lines)]
    form = r.choice(["{}", "{}?", "What is {}?"])
    chosen = r.sample(list(keys), len(keys)) + r.choices(list(keys), k=2)
    return turns(passages, [Asked(form.format(key), keys[key]) for key in chosen])


def missing(r: Random, facts: list[Fact]) -> str:
    """A question the passages leave open: mostly the right thing without the fact, else a thing they don't know."""
    fact = r.choice(facts)
    told = {f.attribute.key for f in facts if f.entity == fact.entity}
    elsewhere = [f.attribute for f in facts if f.attribute.key not in told]
    unknown = [a for a in attributes()[fact.attribute.type] if a.key not in told]
    if r.random() < 0.3 or not (elsewhere or unknown):
        other = texts.things(r, fact.attribute.type, 1)[0]
        return texts.fill(r.choice(fact.attribute.questions), other, "")
    attribute = r.choice(elsewhere) if elsewhere and r.random() < 0.6 else r.choice(unknown or elsewhere)
    return texts.fill(r.choice(attribute.questions), fact.entity, "")


def told(r: Random, passages: list[tuple[str, list[Fact]]]) -> list[Piece]:
    """Passages that state facts as pieces; what all of them together leave open goes with each."""
    facts = [fact for _, own in passages for fact in own]
    return [Piece(text, [texts.ask(r, fact) for fact in own], [missing(r, facts)]) for text, own in passages]


def short_passages(r: Random, type_: str) -> list[Piece]:
    """One sentence each: distractors are the same attribute of others and other attributes of the same thing."""
    entities = texts.things(r, type_, r.randint(1, 4))
    chosen = texts.some_attributes(r, type_, r.randint(1, 3))
    pairs = [(entity, attribute) for entity in entities for attribute in chosen]
    facts = [Fact(e, a, KINDS[a.kind](r)) for e, a in r.sample(pairs, min(len(pairs), r.randint(1, MOST_PASSAGES)))]
    return told(r, [(texts.state(r, fact), [fact]) for fact in facts])


def grid(r: Random, type_: str) -> list[Piece]:
    """Every one of some attributes of every one of some things, a sentence each, shuffled into a few passages.

    All that tells one fact from the next is which thing and which attribute: nothing can be guessed from the kind.
    """
    entities = texts.things(r, type_, r.randint(2, 4))
    chosen = texts.some_attributes(r, type_, r.randint(2, 4))
    facts = [Fact(e, a, KINDS[a.kind](r)) for e in entities for a in chosen]
    facts = r.sample(facts, len(facts))
    size = r.randint(1, 4) if len(facts) <= MOST_PASSAGES else r.randint(-(-len(facts) // MOST_PASSAGES), 6)
    groups = [facts[start : start + size] for start in range(0, len(facts), size)]
    return told(r, [(" ".join(texts.state(r, fact) for fact in own), own) for own in groups])


def long_passages(r: Random, type_: str, real: list[str], most: int) -> list[Piece]:
    """One paragraph or list for each thing, mostly with the same attributes, or one table of several things.

    In one context of three, what is told of a thing is spread over several passages, as the chunks of a page are.
    """
    passages: list[tuple[str, list[Fact]]] = []
    spread = r.random() < 0.35
    shared = texts.some_attributes(r, type_, r.randint(3, 7) if spread else r.randint(2, 6))
    alike = r.random() < 0.6
    for entity in texts.things(r, type_, r.randint(1, min(2, most)) if spread else r.randint(1, most)):
        own = shared if alike or spread else texts.some_attributes(r, type_, r.randint(2, 6))
        facts = [Fact(entity, a, KINDS[a.kind](r)) for a in r.sample(own, len(own))]
        if spread and len(facts) > 2:
            passages += texts.sections(r, facts, real)
        else:
            passages.append((texts.listing(r, facts) if r.random() < 0.2 else texts.paragraph(r, facts, real), facts))
    if r.random() < 0.2:
        attribute = texts.some_attributes(r, type_, 1)[0]
        rows = [Fact(e, attribute, KINDS[attribute.kind](r)) for e in texts.things(r, type_, r.randint(2, 6))]
        passages.append((r.choice([texts.table, texts.group])(r, rows), rows))
    return told(r, passages)


def gaps(r: Random, text: str) -> list[Asked]:
    """Cloze questions from some sentences of a text."""
    sentences = SENTENCES.split(text)
    found = (cloze(r, sentence) for sentence in r.sample(sentences, min(2, len(sentences))))
    return [asked for asked in found if asked]


def framed(r: Random, count: int) -> list[Piece]:
    """Filled frames, now and then one filled twice, or two of them as one text."""
    pieces: list[Piece] = []
    for frame in r.sample(frames.frames(), count):
        if r.random() < 0.2:
            pieces += [Piece(f.text, f.asked, f.open) for f in frames.twins(r, frame)]
        else:
            filled = frames.fill(r, frame)
            pieces.append(Piece(filled.text, filled.asked + gaps(r, filled.text), filled.open))
    if r.random() < 0.2:
        top = f"{texts.title(thing(r))} > {r.choice(words.SECTIONS)}: "
        pieces = [Piece(top + piece.text, piece.asked, piece.open) for piece in pieces]
    if len(pieces) > 1 and r.random() < 0.3:
        one, *rest, other = pieces
        pieces = [Piece(f"{one.text} {other.text}", one.asked + other.asked, one.open + other.open), *rest]
    return pieces


def loose(r: Random, real: list[str]) -> Piece:
    """A passage of tales, rules and notes in running text."""
    sentences: list[str] = []
    asked: list[Asked] = []
    for _ in range(r.randint(1, 4)):
        kind = r.choice([tales.tale, tales.tale, tales.rule, tales.note])
        sentence, found = kind(r)
        sentences.append(sentence)
        asked += found
        if r.random() < 0.3:
            sentences.append(texts.filler(r, real))
    return Piece(" ".join(sentences), asked, [])


def stray(r: Random, real: list[str]) -> Piece:
    """A passage on something else: real sentences where there are any, else tales or a frame."""
    if real and r.random() < 0.4:
        return Piece(" ".join(r.sample(real, min(len(real), 3))), [], [])
    return loose(r, real) if r.random() < 0.4 else framed(r, 1)[0]


def conversation(r: Random, pieces: list[Piece], unanswerable: float) -> Turns:
    """Six to ten questions about some passages; ``unanswerable`` is the share of questions they leave open."""
    pieces = r.sample(pieces, min(len(pieces), MOST_PASSAGES))
    asked = [a for piece in pieces for a in piece.asked if a.answer in piece.text]
    left_open = [question for piece in pieces for question in piece.open] or [texts.nobody(r)]
    chosen = r.sample(asked, min(len(asked), r.randint(6, 10)))
    r.shuffle(left_open)
    chosen = [Asked(left_open.pop(), ABSTAIN) if left_open and r.random() < unanswerable else a for a in chosen]
    return turns([piece.text for piece in pieces], chosen or [Asked(left_open.pop(), ABSTAIN)])


def world(r: Random, real: list[str], unanswerable: float, short: float) -> Turns:
    """Questions about one invented context of things of one type, often with a stray passage beside.

    ``short`` is the share of contexts made of single sentences.
    """
    chance = r.random()
    type_ = r.choice(list(attributes()))
    if chance < short:
        pieces = short_passages(r, type_) if r.random() < 0.4 else grid(r, type_)
    else:
        pieces = long_passages(r, type_, real, 4 if chance > (1 + short) / 2 else 2)
    if r.random() < 0.3:
        pieces.append(stray(r, real))
    return conversation(r, pieces, unanswerable)


def frame_lesson(r: Random, real: list[str], unanswerable: float) -> Turns:
    """Questions about one to four filled frames, sometimes with a stray passage."""
    pieces = framed(r, r.choice([1, 1, 2, 2, 3, 4]))
    if r.random() < 0.2:
        pieces.append(stray(r, real))
    return conversation(r, pieces, unanswerable)


def closed_book(r: Random) -> Turns:
    """Questions about invented things with no passage at all: abstain."""
    asked = [texts.nobody(r)] if r.random() < 0.6 else frames.fill(r, r.choice(frames.frames())).open
    return turns([], [Asked(question, ABSTAIN) for question in asked])
