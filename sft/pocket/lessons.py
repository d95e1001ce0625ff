"""The lessons pocket is taught from: each is one conversation, a list of (user text, answer) turns.

Three kinds, in the order they are taught: looking up and copying; questions about invented worlds; real paragraphs.
User texts are made by ``data.prompts``, so what was trained is what is asked later.
"""

from __future__ import annotations

from random import Random

from data.prompts import ABSTAIN, question_turn
from sft.pocket import tales, texts, words
from sft.pocket.texts import Asked
from sft.pocket.values import KINDS, name, thing
from sft.pocket.world import Fact, attributes

Turns = list[tuple[str, str]]
LONG = 0.12  # share of world lessons with many long passages (up to about 700 tokens)


def turns(passages: list[str], asked: list[Asked]) -> Turns:
    """The conversation that asks several questions about the same passages: only the first turn carries them."""
    users = [question_turn(a.question, passages if n == 0 else ())[0].content for n, a in enumerate(asked)]
    return list(zip(users, (a.answer for a in asked), strict=True))


def lookup(r: Random) -> Turns:
    """Repeat some words, or look keys up in a small list."""
    kinds = list(KINDS)
    if r.random() < 0.3:
        content = " ".join(KINDS[r.choice(kinds)](r) for _ in range(r.randint(1, 4)))
        return [(f"Repeat: {content}", content)]
    keys = {r.choice([name(r), thing(r), KINDS["code"](r)]): KINDS[r.choice(kinds)](r) for _ in range(r.randint(2, 7))}
    lines = [f"{key}: {value}" for key, value in keys.items()]
    passages = lines if len(lines) <= 5 and r.random() < 0.5 else ["; ".join(lines)]
    chosen = r.sample(list(keys), min(len(keys), r.randint(3, 5)))
    form = r.choice(["{}", "{}?", "What is {}?"])
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


def short_passages(r: Random, type_: str) -> tuple[list[str], list[Fact]]:
    """One sentence each: distractors are the same attribute of others and other attributes of the same thing."""
    entities = texts.things(r, type_, r.randint(1, 3))
    chosen = texts.some_attributes(r, type_, r.randint(1, 3))
    pairs = [(entity, attribute) for entity in entities for attribute in chosen]
    facts = [Fact(e, a, KINDS[a.kind](r)) for e, a in r.sample(pairs, min(len(pairs), r.randint(1, 5)))]
    return [texts.state(r, fact) for fact in facts], facts


def long_passages(r: Random, type_: str, real: list[str], most: int) -> tuple[list[str], list[Fact]]:
    """One paragraph or list for each thing, or one table of several things."""
    passages, facts = [], []
    for entity in texts.things(r, type_, r.randint(1, most)):
        told = [Fact(entity, a, KINDS[a.kind](r)) for a in texts.some_attributes(r, type_, r.randint(2, 8))]
        passages.append(texts.listing(r, told) if r.random() < 0.2 else texts.paragraph(r, told, real))
        facts += told
    if r.random() < 0.25:
        attribute = texts.some_attributes(r, type_, 1)[0]
        rows = [Fact(e, attribute, KINDS[attribute.kind](r)) for e in texts.things(r, type_, r.randint(2, 6))]
        passages.append(texts.table(r, rows))
        facts += rows
    return passages, facts


def loose(r: Random, real: list[str]) -> tuple[str, list[Asked]]:
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
    return " ".join(sentences), asked


def world(r: Random, real: list[str], unanswerable: float) -> Turns:
    """Four to seven questions about one invented context; ``unanswerable`` is the share without an answer."""
    chance = r.random()
    type_ = r.choice(list(attributes()))
    if chance < 0.3:
        passages, facts = short_passages(r, type_)
    else:
        passages, facts = long_passages(r, type_, real, 4 if chance > 1 - LONG else 2)
    asked = [texts.ask(r, fact) for fact in facts]
    if not facts or r.random() < 0.3:
        passage, more = loose(r, real)
        passages.append(passage)
        asked += more
    if real and r.random() < 0.2:
        passages.append(" ".join(r.sample(real, min(len(real), 3))))
    r.shuffle(passages)
    passages = passages[:5]
    context = " ".join(passages)
    asked = [a for a in asked if a.answer in context]
    chosen = r.sample(asked, min(len(asked), r.randint(4, 7)))
    chosen = [Asked(missing(r, facts), ABSTAIN) if r.random() < unanswerable else a for a in chosen]
    return turns(passages, chosen or [Asked(texts.nobody(r), ABSTAIN)])


def closed_book(r: Random) -> Turns:
    """Questions about invented things with no passage at all: abstain."""
    return turns([], [Asked(texts.nobody(r), ABSTAIN) for _ in range(r.randint(1, 3))])


def cloze(r: Random, sentence: str) -> Asked | None:
    """A question from a statement: a name, number or phrase replaced by its question word (Lewis et al. 2019)."""
    tokens = sentence.split()
    if not 6 <= len(tokens) <= 60:
        return None
    special = [i for i, t in enumerate(tokens) if (t[:1].isupper() and i) or t[:1].isdigit()]
    start = r.choice(special) if special and r.random() < 0.75 else r.randrange(len(tokens))
    end = start + 1
    while (
        end < len(tokens)
        and end - start < 6
        and tokens[end - 1][-1:].isalnum()
        and (
            tokens[end][:1].isupper()
            or (tokens[end][:1].isdigit() and tokens[start][:1].isdigit())
            or (start not in special and r.random() < 0.5)
        )
    ):
        end += 1
    answer = " ".join(tokens[start:end]).strip(".,;:!?\"'()[]")
    if not answer:
        return None
    left, right = tokens[max(0, start - r.randint(3, 10)) : start], tokens[end : end + r.randint(2, 8)]
    kept = [t for t in left + right if r.random() > 0.15]
    number = answer[0].isdigit()
    when = number and (len(answer) == 4 or any(m in answer for m in words.MONTHS))
    gap = "When" if when else r.choice(["How many", "What number"]) if number else r.choice(["Who", "What", "Which"])
    form = r.random()
    if form < 0.4:
        return Asked(" ".join([gap, *kept]).rstrip(".,;:") + "?", answer)
    return Asked(" ".join([*left, gap.lower() if form < 0.7 else "___", *right]).rstrip(".,;:") + "?", answer)


def middle(answers: list[str]) -> str:
    """The accepted wording of middle length: short ones may be fragments, long ones whole sentences."""
    return sorted(answers, key=len)[(len(answers) - 1) // 2]


def real_lesson(r: Random, paragraph: dict, others: list[dict], unanswerable: float, most: int = 8) -> Turns:
    """A real paragraph among others, its own questions and cloze questions of its sentences in one conversation."""
    passages = [paragraph["context"]]
    chosen_others = r.sample(others, r.choice([0, 0, 1, 2]))
    passages += [" ".join(other["context"].split()[: r.randint(30, 90)]) for other in chosen_others]
    asked = [Asked(q["question"], middle(q["answers"])) for q in paragraph["questions"]]
    sentences = r.sample(paragraph["sentences"], min(len(paragraph["sentences"]), 4))
    asked.extend(filter(None, (cloze(r, sentence) for sentence in sentences)))
    chosen = r.sample(asked, min(len(asked), most))
    if r.random() < unanswerable * 4:
        strange = r.choice(others)
        if strange["context"] not in passages and strange["source"] == "wikipedia":
            chosen[r.randrange(len(chosen))] = Asked(r.choice(strange["questions"])["question"], ABSTAIN)
    r.shuffle(passages)
    return turns(passages, chosen)
