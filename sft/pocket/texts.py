"""Passages that state facts, and questions that ask for them: sentences, paragraphs, lists and tables."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from sft.pocket import words
from sft.pocket.values import KINDS, name
from sft.pocket.world import ENTITIES, Attribute, Fact, attributes

CUSTOM_STATEMENTS = [
    "The {k} of {e} is {v}.",
    "{e} has {v} as its {k}.",
    "For {e}, the {k} is {v}.",
    "{v} is the {k} of {e}.",
    "As {k}, {e} has {v}.",
    "{e} keeps {v} as a {k}.",
    "When it comes to the {k}, {e} relies on {v}.",
    "The {k} that belongs to {e} is {v}.",
]
CUSTOM_QUESTIONS = [
    "What is the {k} of {e}?",
    "Which {k} does {e} have?",
    "What {k} does {e} have?",
    "What is {e}'s {k}?",
    "For {e}, what is the {k}?",
    "Tell me the {k} of {e}.",
    "Name the {k} that belongs to {e}.",
    "What does {e} have as a {k}?",
]
FORM_ONLY = ["{k} of {e}?", "{e} {k}", "{k} {e}"]
OPENINGS = ["Can you tell me: ", "Hello, ", "Please tell me, ", "I need to know: ", "Quick question: ", "Sorry, "]


@dataclass(frozen=True)
class Asked:
    """A question with its one answer."""

    question: str
    answer: str


def custom_attribute(r: Random, type_: str) -> Attribute:
    """An attribute nobody wrote down: a random key ("spare lamp") with a value of any kind."""
    key = f"{r.choice(words.ADJECTIVES)} {r.choice(words.NOUNS)}" if r.random() < 0.5 else r.choice(words.NOUNS)
    return Attribute(
        type_,
        key,
        r.choice(list(KINDS)),
        [s.replace("{k}", key) for s in CUSTOM_STATEMENTS],
        [q.replace("{k}", key) for q in CUSTOM_QUESTIONS],
    )


def fill(template: str, entity: str, value: str) -> str:
    """A wording with its thing and value put in, starting with a capital unless it starts with a value."""
    text = template.replace("{e}", entity).replace("{v}", value)
    return text if template.startswith("{v}") and value[:1].isdigit() else text[:1].upper() + text[1:]


def state(r: Random, fact: Fact, held: bool = False, entity: str | None = None) -> str:
    """One sentence that states the fact."""
    wordings = fact.attribute.held_statements if held else fact.attribute.statements
    return fill(r.choice(wordings), entity or fact.entity, fact.value)


def ask(r: Random, fact: Fact, held: bool = False) -> Asked:
    """One question about the fact; in training rarely in note form or in lower case, as people type."""
    if held:
        return Asked(fill(r.choice(fact.attribute.held_questions), fact.entity, ""), fact.value)
    if r.random() < 0.05:
        question = f"Which {fact.attribute.type} has the {fact.attribute.key} {fact.value}?"
        return Asked(question, fact.entity)
    return Asked(reword(r, fact), fact.value)


def reword(r: Random, fact: Fact) -> str:
    """A training question, now and then as a note, as a statement with a gap, with an opening, or in lower case."""
    chance = r.random()
    if chance < 0.05:
        return r.choice(FORM_ONLY).format(k=fact.attribute.key, e=fact.entity)
    if chance < 0.2:
        gap = r.choice(["what", "which", "___", "..."])
        return fill(r.choice(fact.attribute.statements), fact.entity, gap).removesuffix(".") + r.choice(["?", "?", ""])
    question = fill(r.choice(fact.attribute.questions), fact.entity, "")
    if chance < 0.26:
        return r.choice(OPENINGS) + question[0].lower() + question[1:]
    return question.lower() if chance < 0.31 else question


def filler(r: Random, real: list[str]) -> str:
    """A sentence that states no fact; half of them come from real paragraphs, where there are any."""
    if real and r.random() < 0.5:
        return r.choice(real)
    text = r.choice(words.FILLERS)
    for mark, choices in (("{a}", words.ADJECTIVES), ("{n}", words.NOUNS), ("{v}", words.VERBS), ("{j}", words.JOBS)):
        while mark in text:
            text = text.replace(mark, r.choice(choices), 1)
    return text


def title(entity: str) -> str:
    """A thing's name as a heading has it: without "the", with a capital."""
    bare = entity.removeprefix("the ")
    return bare[:1].upper() + bare[1:]


def paragraph(r: Random, facts: list[Fact], real: list[str], held: bool = False, heading: str = "") -> str:
    """Several facts about one thing in running text, with fillers; later sentences may say "it".

    ``heading`` opens it, as a passage's breadcrumb does; one in four gets a heading of its own without one.
    """
    entity, sentences = facts[0].entity, [heading] if heading else []
    references = words.REFERENCES[facts[0].attribute.type]
    if not heading and r.random() < 0.25:
        sentences.append(r.choice(["# {}", "{}.", "**{}**", "About {}:", "## {}", "{}:"]).format(title(entity)))
    for place_, fact in enumerate(facts):
        by_reference = (place_ > 0 and r.random() < 0.5) or (bool(heading) and r.random() < 0.3)
        sentences.append(state(r, fact, held, r.choice(references) if by_reference else None))
        if r.random() < 0.3:
            sentences.append(filler(r, real))
    return " ".join(sentences)


def sections(r: Random, facts: list[Fact], real: list[str]) -> list[tuple[str, list[Fact]]]:
    """What is told of one thing, spread over passages below headings ("Velko lamp > Prices:"), each with its facts."""
    name_ = title(facts[0].entity)
    count = min(len(facts), r.randint(2, 4))
    places = sorted(r.sample(range(1, len(facts)), count - 1))
    groups = [facts[a:b] for a, b in zip([0, *places], [*places, len(facts)], strict=True)]
    names = r.sample(words.SECTIONS, count)
    headings = [f"{name_}:" if r.random() < 0.2 else f"{name_} > {section}:" for section in names]
    return [(paragraph(r, own, real, heading=top), own) for own, top in zip(groups, headings, strict=True)]


def group(r: Random, facts: list[Fact]) -> str:
    """One attribute of several things, a sentence each."""
    told = " ".join(state(r, fact) for fact in facts)
    return f"{r.choice(words.SECTIONS)}: {told}" if r.random() < 0.5 else told


def listing(r: Random, facts: list[Fact]) -> str:
    """The facts about one thing as a list of keys and values."""
    form = r.choice(["- {}: {}", "{}: {};", "| {} | {} |", "**{}:** {}", "* {} - {}", "{} = {},"])
    lines = [form.format(fact.attribute.key, fact.value) for fact in facts]
    return " ".join([r.choice(["# {}", "{}:", "name: {}", "| name | {} |"]).format(facts[0].entity), *lines])


def table(r: Random, facts: list[Fact]) -> str:
    """One attribute of several things as rows."""
    form, head = r.choice(
        [
            ("| {} | {} |", "| name | {} |"),
            ("{}: {}.", "Overview of {}."),
            ("- {} ({})", "{}:"),
            ("{}, {};", "name, {};"),
        ]
    )
    return " ".join([head.format(facts[0].attribute.key), *(form.format(f.entity, f.value) for f in facts)])


def things(r: Random, type_: str, count: int) -> list[str]:
    """Distinct names of things of one type."""
    found: list[str] = []
    while len(found) < count:
        if (candidate := ENTITIES[type_](r)) not in found:
            found.append(candidate)
    return found


def some_attributes(r: Random, type_: str, count: int) -> list[Attribute]:
    """Distinct attributes of a type, one in four invented on the spot."""
    known = r.sample(attributes()[type_], min(count, len(attributes()[type_])))
    mixed = [custom_attribute(r, type_) if r.random() < 0.25 else attribute for attribute in known]
    return list({attribute.key: attribute for attribute in mixed}.values())


def nobody(r: Random) -> str:
    """A question about an invented thing that no passage mentions."""
    type_ = r.choice(list(ENTITIES))
    attribute = r.choice(attributes()[type_])
    return fill(r.choice(attribute.questions), ENTITIES[type_](r) if r.random() < 0.9 else f"the {name(r)}", "")
