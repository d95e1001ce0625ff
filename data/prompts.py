"""The one place where prompts are made: training, asking and the bench share it.

A prompt is one user turn, "Question: ..." with numbered passages before it when there are any. The model's own chat
template turns it into tokens. A larger general model also gets one line of instruction; the bundled model, which was
trained on this very form, gets none (``instruction_for`` says which and why).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from data.schema import Conversation, Example, Message

ABSTAIN = "I don't know."
ALSO_ABSTAIN = (  # whole answers that say the same; a model that was not told the sentence uses one of these
    "I do not know.", "I don't know the answer.", "I do not know the answer.", "I'm not sure.", "I am not sure.",
    "Unknown.", "Not known.", "It is not known.", "The answer is not known.", "The answer is unknown.",
    "I cannot answer.", "I can't answer.", "I cannot answer this question.", "I can't answer this question.",
    "The question cannot be answered.", "This question cannot be answered.", "Cannot be answered.", "Unanswerable.",
    "Not stated.", "It is not stated.", "Not given.", "Not mentioned.", "It is not mentioned.", "No answer.",
    "The answer is not in the context.", "The context does not say.", "The passages do not say.",
    "Not enough information.", "There is not enough information.", "I don't have enough information.",
    "I do not have enough information.", "I don't have that information.", "No information.",
)  # fmt: skip
INSTRUCTION = (
    "Answer with the shortest correct answer, without explanation. "
    f"If the answer is not known from what is given, reply exactly: {ABSTAIN}"
)
CITE = "After the answer, name the passages that it rests on by their numbers, like [1]."
BUNDLED = "pocket"


def instruction_for(model: str, cite: bool = False) -> tuple[str, str]:
    """The instruction line for a model id, and the reason for it. ``cite`` asks for the passages' numbers as well."""
    if model == BUNDLED:
        return "", "the bundled model was trained on the bare prompt"
    if cite:
        return f"{INSTRUCTION} {CITE}", "a general model is told to answer briefly, when to abstain, and how to cite"
    return INSTRUCTION, "a general model is told to answer briefly and when to abstain"


def question_turn(question: str, passages: Sequence[str] = (), instruction: str = "") -> Conversation:
    """The conversation that asks ``question``, with ``passages`` (best first) as numbered context."""
    parts = [instruction] if instruction else []
    if passages:
        numbered = (f"[{number}] {' '.join(text.split())}" for number, text in enumerate(passages, 1))
        parts.append("Context:\n" + "\n".join(numbered) + "\n")
    parts.append(f"Question: {question.strip()}")
    return (Message("user", "\n".join(parts)),)


def asking_turns(example: Example, passages: Sequence[str] = (), instruction: str = "") -> Conversation:
    """The conversation that asks an example: what was said before it, then its question with ``passages``.

    Every question has the one form of ``question_turn``; the instruction stands in the first, as in a single turn.
    """
    before, told = [], instruction
    for turn in example.history:
        if turn.role == "user":
            before.append(question_turn(turn.content, (), told)[0])
            told = ""
        else:
            before.append(turn)
    return (*before, *question_turn(example.question, passages, told))


def training_turns(example: Example, passages: Sequence[str] = (), instruction: str = "") -> Conversation:
    """The same conversation with the wanted answer as the assistant's turn (the first accepted wording)."""
    answer = example.answers[0] if example.answerable else ABSTAIN
    return (*asking_turns(example, passages, instruction), Message("assistant", answer))


def fingerprint() -> str:
    """A short hash that changes whenever the prompt's form does; stored with every run."""
    probe = question_turn("q", ("a", "b"), INSTRUCTION) + question_turn("q")
    text = json.dumps([[m.role, m.content] for m in probe] + [ABSTAIN])
    return hashlib.sha256(text.encode()).hexdigest()[:12]
