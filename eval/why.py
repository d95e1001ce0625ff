"""Why an answer is wrong: one label for each wrong answer, the first that fits. Pure: stored answers in, labels out.

Whether a passage was not used or could not be read is told by asking the very same weights with the gold passage alone
(eval.gold_alone): right then, and the other passages were in the way; wrong again, and the model cannot read it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from data.schema import Answer, Example
from eval.forms import in_form
from eval.found import holds_gold
from eval.metrics import abstains, parse_number, score
from eval.systems import System

ERROR, TRUNCATED, SHOULD_REFUSE, REFUSED = "error", "truncated", "should have refused", "refused"
FORMAT, NOT_FOUND, NOT_USED, MISREAD = "format miss", "retrieval miss", "not used", "reading miss"
NOT_LEARNED, NEVER_TAUGHT, NOT_KNOWN, UNKNOWN = "not learned", "never taught", "not known", "unknown"

MEANING = {
    ERROR: "the machine failed, not the system; the question has to be asked again",
    TRUNCATED: "cut at the longest allowed length, or the prompt did not fit the model",
    SHOULD_REFUSE: "answered a question that has no answer",
    REFUSED: "said that it does not know, although there is an answer",
    FORMAT: "does not have the form that the row asks for",
    NOT_FOUND: "the gold passage was not among the passages that were read",
    NOT_USED: "the gold passage was read among others, and the answer is right when it stands alone",
    MISREAD: "wrong even with the gold passage alone, with the same weights",
    NOT_LEARNED: "its fact was in the training rows",
    NEVER_TAUGHT: "its fact was not in the training rows",
    NOT_KNOWN: "the base model does not know it",
    UNKNOWN: "no gold passage is known, it was not asked with it alone, or nobody can say whether it was taught",
}
LABELS = tuple(MEANING)
Given = Mapping[str, Answer]
"""One system's answers by example id."""


def is_wrong(example: Example, answer: Answer) -> bool:
    """True for what needs a reason: every answer that is not right, and every question the machine failed on."""
    return answer.finish_reason == ERROR or (answer.available and not score(example, answer).exact_match)


def why(
    system: System, example: Example, answer: Answer, alone: Answer | None = None, taught: bool | None = None
) -> str:
    """The label of one wrong answer. ``alone``: the same weights' answer to the gold passage alone, where it was asked
    for; ``taught``: whether its fact was in the training rows (None: not known)."""
    if plain := _whatever_it_read(example, answer):
        return plain
    if system.context == "none":
        if not system.tuned:
            return NOT_KNOWN
        return UNKNOWN if taught is None else NOT_LEARNED if taught else NEVER_TAUGHT
    if system.context == "gold":
        return NOT_FOUND if answer.dropped else MISREAD
    if not example.evidence:
        return UNKNOWN
    if not gold_was_read(system, example, answer):
        return NOT_FOUND
    if alone is None or not alone.available or alone.dropped:
        return UNKNOWN
    return MISREAD if is_wrong(example, alone) else NOT_USED


def _whatever_it_read(example: Example, answer: Answer) -> str | None:
    """The labels that the answer alone decides, in their order."""
    if answer.finish_reason == ERROR:
        return ERROR
    if answer.finish_reason in ("length", "over_budget"):
        return TRUNCATED
    if not example.answerable:
        return SHOULD_REFUSE
    if abstains(answer.text):
        return REFUSED
    return FORMAT if _breaks_form(example, answer.text) else None


def _breaks_form(example: Example, text: str) -> bool:
    """A row of the task "number" asks for a number somewhere in the answer also where it names no form."""
    if example.format:
        return not in_form(example.format, text)
    return example.task == "number" and parse_number(text) is None


def gold_was_read(system: System, example: Example, answer: Answer) -> bool:
    """True if a passage that holds the gold evidence was in the prompt (of the floor: was the one it quotes from)."""
    read = answer.hits[: 1 if system.floor else len(answer.hits) - answer.dropped]
    return any(holds_gold(example, hit.passage.text) for hit in read)


def needs_gold_alone(system: System, example: Example, answer: Answer) -> bool:
    """True if only the gold passage alone can tell why this answer is wrong."""
    if system.context != "retrieved" or not example.evidence or not is_wrong(example, answer):
        return False
    return _whatever_it_read(example, answer) is None and gold_was_read(system, example, answer)


def labelled(
    system: System, examples: Sequence[Example], given: Given, alone: Given, taught: Mapping[str, bool | None]
) -> dict[str, str]:
    """{example id: label} of every wrong answer of one system; ``alone`` and ``taught`` as in ``why``, by id."""
    answered = [(example, given[example.id]) for example in examples if example.id in given]
    return {
        example.id: why(system, example, answer, alone.get(example.id), taught.get(example.id))
        for example, answer in answered if is_wrong(example, answer)
    }  # fmt: skip


def counted(labels: Mapping[str, str]) -> dict[str, int]:
    """{label: how many answers}, in the order in which labels are tried; labels of none are left out."""
    found = Counter(labels.values())
    return {label: found[label] for label in LABELS if found[label]}
