"""Reading exercises mixed into a fine-tune, so that a small model does not unlearn to read.

Rehearsal of earlier lessons is the oldest remedy against forgetting (Robins 1995, "Catastrophic Forgetting, Rehearsal
and Pseudorehearsal"). The exercises are invented on the spot, some of them without an answer; none is about the user's
data.
"""

from __future__ import annotations

from random import Random

from data.schema import Conversation, Message
from sft.pocket import lessons

UNANSWERABLE = 0.25
FRAMES = 0.3  # of the exercises; the others are worlds
LONGEST = 1_000  # characters of a prompt, about 300 tokens of the bundled model
SINGLE = 0.6  # of the worlds: single sentences as passages, else paragraphs


def exercises(count: int, seed: int, instruction: str = "") -> list[Conversation]:
    """``count`` conversations of one question about one to five passages and its answer; the same for the same seed."""
    r = Random(f"rehearsal {seed}")
    found: list[Conversation] = []
    while len(found) < count:
        framed = r.random() < FRAMES
        lesson = lessons.frame_lesson(r, [], UNANSWERABLE) if framed else lessons.world(r, [], UNANSWERABLE, SINGLE)
        user, answer = lesson[0]
        if len(user) <= LONGEST:
            asked = f"{instruction}\n{user}" if instruction else user
            found.append((Message("user", asked), Message("assistant", answer)))
    return found
