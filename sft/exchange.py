"""Another value in a passage: who can only answer by reading it cannot answer from memory.

After Longpre et al. (2021), "Entity-Based Knowledge Conflicts in Question Answering", and Li et al. (2022), "Large
Language Models with Controllable Working Memory": a model trained on passages that say what it already knows learns to
stop reading them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from random import Random

from data.schema import Example


class Values:
    """The answers that stand in some rows' evidence, by their form, as values to put in each other's places."""

    def __init__(self, examples: Sequence[Example]) -> None:
        self._of_form: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for answer in dict.fromkeys(e.answers[0] for e in examples if e.evidence and e.answers and e.answerable):
            self._of_form[form(answer)].append(answer)

    def exchanged(self, example: Example, r: Random) -> tuple[str, str] | None:
        """(evidence, answer) with another value of the same form in both, or None where the evidence does not hold the
        answer word for word, the question names it, or no other value of its form is known."""
        answer, evidence = example.answers[0], example.evidence or ""
        place = re.compile(rf"(?<!\w){re.escape(answer)}(?!\w)")
        if not answer or not place.search(evidence) or answer.casefold() in example.question.casefold():
            return None
        others = [one for one in self._of_form[form(answer)] if one.casefold() not in f"{evidence} {answer}".casefold()]
        if not others:
            return None
        value = r.choice(others)
        return place.sub(lambda _: value, evidence), value


def form(value: str) -> tuple[str, ...]:
    """What a value looks like, word by word: digits as 0, other words by their first letter's case."""
    return tuple(
        re.sub(r"\d", "0", word) if any(c.isdigit() for c in word) else "A" if word[0].isupper() else "a"
        for word in value.split()
    )
