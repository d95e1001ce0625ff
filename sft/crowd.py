"""Training prompts as retrieval will make them: a row's evidence among other passages, or only those others.

The passages are the training rows' own evidence, alone or joined by document, so they say what the documents said when
the rows were collected; in most of them another value stands in the answer's place (``exchange`` says why). After RAFT
(Zhang et al. 2024, "RAFT: Adapting Language Model to Domain Specific RAG").
"""

from __future__ import annotations

import math
import random
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

from data.schema import Example
from sft.exchange import Values

MOST_PASSAGES = 4  # as many as are retrieved unless told otherwise
JOINED_WORDS = 80  # evidence of one document is joined up to this many words: about a chunk
EXCHANGED = 0.75  # of the rows whose answer can be exchanged


class Crowd:
    """Picks the passages a training row is shown among."""

    def __init__(self, learned: Sequence[Example], held: Sequence[Example], seed: int) -> None:
        """``learned`` are the training rows, ``held`` those of validation, whose evidence serves as passages too."""
        examples = [*learned, *held]
        self.seed, self.values = seed, Values(examples)
        self._asked = {e.fact: e.id for e in sorted(learned, key=lambda e: _chance(seed, e)) if e.fact and e.evidence}
        self.alone = list(dict.fromkeys(e.evidence for e in examples if e.evidence))
        self.joined = _joined(examples)
        self._holding = {evidence: text for text, parts in self.joined.items() for evidence in parts}
        self._words = {text: _words(text) for text in [*self.alone, *self.joined]}
        spread = Counter(word for text in self.joined for word in self._words[text])
        self._weight = {word: math.log((1 + len(self.joined)) / count) for word, count in spread.items()}

    def around(self, example: Example) -> tuple[tuple[str, ...], Example]:
        """One to four passages in random order, and the example as they answer it; the same every time.

        The passages are the row's evidence, if it has any, and others. Of several wordings of one fact, one that is
        trained on gets passages: reading is learned once for all facts, and long prompts cost most of the time. Of rows
        without evidence one in two gets none: passages have nothing to teach them but to be overlooked.
        """
        if example.fact and self._asked.get(example.fact, example.id) != example.id:
            return (), example
        r = random.Random(f"{self.seed} {example.id}")
        if not example.evidence and r.random() < 0.5:
            return (), example
        long = r.random() < 0.5
        evidence = example.evidence or ""
        own = [self._holding[evidence] if long else evidence] if evidence else []
        others = [text for text in (self.joined if long else self.alone) if evidence not in self._parts(text)]
        wanted = min(len(others), r.randint(0 if own else 1, MOST_PASSAGES - len(own)))
        near = self._nearest(example.question, others, math.ceil(wanted / 2))
        rest = [text for text in others if text not in near]
        around = [*near, *r.sample(rest, min(len(rest), wanted - len(near)))]
        if evidence and r.random() < EXCHANGED and (found := self.values.exchanged(example, r)):
            other = own[0].replace(evidence, found[0])
            # elsewhere the true value may still be told: two passages must not contradict each other
            if not any(example.answers[0] in text for text in (other, *around)):
                own, example = [other], replace(example, answers=(found[1],), evidence=found[0])
        passages = [*own, *around]
        return tuple(r.sample(passages, len(passages))), example

    def _parts(self, text: str) -> Sequence[str]:
        return self.joined.get(text, (text,))

    def _nearest(self, question: str, texts: Sequence[str], count: int) -> list[str]:
        """The passages that share the most telling words with the question: what a retriever would confuse it with."""
        asked = _words(question)
        found = sorted(texts, key=lambda text: -sum(self._weight.get(word, 0.0) for word in asked & self._words[text]))
        return found[:count]


def _joined(examples: Sequence[Example]) -> dict[str, tuple[str, ...]]:
    """Passages of about a chunk's length and the evidence each holds: that of one document in the rows' order."""
    by_document: dict[str, list[str]] = defaultdict(list)
    for number, example in enumerate(examples):
        if example.evidence:
            by_document[example.document or f"row {number}"].append(example.evidence)
    found: dict[str, tuple[str, ...]] = {}
    for evidence in by_document.values():
        parts: list[str] = []
        for sentence in dict.fromkeys(evidence):
            if parts and len(" ".join([*parts, sentence]).split()) > JOINED_WORDS:
                found[" ".join(parts)] = tuple(parts)
                parts = []
            parts.append(sentence)
        found[" ".join(parts)] = tuple(parts)
    return found


def _chance(seed: int, example: Example) -> float:
    return random.Random(f"{seed} asked {example.id}").random()


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))
