"""Which questions depend on each other, and the two halves of a test set: one to choose by, one to report on.

A question that chose once must not be reported on later. So the half of a group follows, by a hash, from its oldest
question alone: another question or other documents leave every group that was there in its half. Only where a new
question joins two older groups must the younger one follow the older, and where the oldest is taken back, the next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from data.disk import text_hash
from data.leakage import question_key
from eval.gold import Place, Question
from eval.statistics import FEW_GROUPS

WIDESPREAD = (
    3  # words that stand in more documents than this are a standing phrase: no sign of what a question is about
)


def clusters(
    questions: Sequence[Question], places: Mapping[str, Sequence[Place]]
) -> tuple[dict[str, str], str, str]:  # fmt: skip
    """({question: its independent unit}, what such a unit is, why): the document where enough are asked about.

    Else questions whose places overlap form a unit: half of a few documents would be too little to tell anything. In
    both cases those that ask the same do. A question on a standing phrase joins only others on the same words, or it
    would make one unit of all documents. ``questions`` come oldest first; those without places are left out. A unit is
    named by its oldest question.
    """
    asked = [question for question in questions if question.id in places]
    phrases = {one.id for one in asked if len({place[0] for place in places[one.id]}) > WIDESPREAD}
    documents = {place[0] for one in asked if one.id not in phrases for place in places[one.id]}
    whole = len(documents) >= 2 * FEW_GROUPS
    spans = {one.id: _reach(places[one.id], one.id in phrases, whole) for one in asked}
    unit = _joined(asked, spans)
    names: dict[str, str] = {}
    for question in asked:
        names.setdefault(unit[question.id], question_key(question.question))
    named = {name: names[one] for name, one in unit.items()}
    if whole:
        return named, "document", f"{len(documents)} documents are asked about, enough for two halves"
    why = f"only {len(documents)} documents are asked about; questions about overlapping text count as one"
    return named, "place in a document", why


def _reach(places: Sequence[Place], phrase: bool, whole: bool) -> list[Place]:
    """What else must not stand at, to be independent of a question at these places."""
    if phrase:
        return [(f"\0{document}", start, end) for document, start, end in places]  # as if in documents of their own
    return [(document, 0, 1) for document, _, _ in places] if whole else list(places)


def _joined(questions: Sequence[Question], places: Mapping[str, Sequence[Place]]) -> dict[str, str]:
    """Questions that ask the same or share characters of a document, directly or through others, under one name."""
    first: dict[str, str] = {}
    unit = {one.id: first.setdefault(question_key(one.question), one.id) for one in questions}

    def root(name: str) -> str:
        while unit[name] != name:
            name = unit[name]
        return name

    spans = sorted((place, name) for name, own in places.items() for place in own)
    reach: tuple[str, int, str] = ("", 0, "")
    for (document, start, end), name in spans:
        if document == reach[0] and start < reach[1]:
            unit[root(name)] = root(reach[2])
            reach = (document, max(end, reach[1]), name)
        else:
            reach = (document, end, name)
    return {one.id: root(one.id) for one in questions}


def halves(clusters: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """(the questions to choose by, those to report on), with every cluster wholly in one half.

    ``clusters``: {question: its unit}, from ``clusters``, oldest question first. The first cluster chooses and the
    second is reported on, so that neither half is ever empty; each other one goes where its name's hash says, and so
    stays there whatever is asked later. The halves are about equal where there are many clusters, not exactly.
    """
    order = list(dict.fromkeys(clusters.values()))
    chooses = {name: place == 0 or (place > 1 and _even(name)) for place, name in enumerate(order)}
    first = [question for question, name in clusters.items() if chooses[name]]
    return first, [question for question, name in clusters.items() if not chooses[name]]


def _even(name: str) -> bool:
    return int(text_hash(name)[-8:], 16) % 2 == 0
