"""Lessons on real paragraphs: their own questions, and cloze questions made from their sentences."""

from __future__ import annotations

from random import Random

from data.prompts import ABSTAIN
from sft.pocket import words
from sft.pocket.texts import Asked
from sft.pocket.turns import Turns, turns


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
