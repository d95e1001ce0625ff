"""Exams for pocket: questions with the answers that count, greedy answers to them, and how they are scored."""

from __future__ import annotations

import json
import re
import string
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from random import Random

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from data.prompts import ABSTAIN, question_turn
from sft.pocket import frames, texts
from sft.pocket.values import KINDS
from sft.pocket.world import Fact, attributes

BATCH_TOKENS = 4096  # padded prompt tokens answered at once, at most
NEW_TOKENS = 48


@dataclass(frozen=True)
class Item:
    """One exam question: passages (none: closed-book), and every accepted answer."""

    question: str
    answers: tuple[str, ...]
    passages: tuple[str, ...] = ()


def world_passages(r: Random, type_: str, held: bool, long: bool) -> tuple[list[str], list[Fact]]:
    """One to four passages about things of one type: a sentence each, or a paragraph of three to six facts each."""
    entities = texts.things(r, type_, r.randint(1, 4))
    known = attributes()[type_]
    chosen = r.sample(known, min(len(known), r.randint(3, 6) if long else 2))
    grid = [[Fact(entity, a, KINDS[a.kind](r)) for a in chosen] for entity in entities]
    if long:
        return [texts.paragraph(r, told, [], held) for told in grid], [fact for told in grid for fact in told]
    facts = [fact for told in grid for fact in told]
    facts = r.sample(facts, min(len(facts), r.randint(1, 4)))
    return [texts.state(r, fact, held) for fact in facts], facts


def invented(seed: int, count: int, held: bool = False, long: bool = False) -> list[Item]:
    """Questions whose answer stands in a passage; names and values come from a seed of their own."""
    r = Random(f"exam {seed}")
    items: list[Item] = []
    while len(items) < count:
        passages, facts = world_passages(r, r.choice(list(attributes())), held, long)
        fact = r.choice(facts)
        question = r.choice(fact.attribute.held_questions if held else fact.attribute.questions)
        items.append(
            Item(texts.fill(question, fact.entity, ""), (fact.value,), tuple(r.sample(passages, len(passages))))
        )
    return items


def unanswerable(seed: int, count: int, held: bool = False) -> list[Item]:
    """The right thing without the fact (two of three), or a thing that no passage knows."""
    r = Random(f"exam without {seed}")
    items: list[Item] = []
    while len(items) < count:
        type_ = r.choice(list(attributes()))
        passages, facts = world_passages(r, type_, held, len(items) % 2 == 0)
        told = {(f.entity, f.attribute.key) for f in facts}
        entity = r.choice(facts).entity if len(items) % 3 else texts.things(r, type_, 1)[0]
        open_ = [a for a in attributes()[type_] if (entity, a.key) not in told]
        if open_:
            wordings = r.choice(open_)
            question = r.choice(wordings.held_questions if held else wordings.questions)
            items.append(Item(texts.fill(question, entity, ""), (ABSTAIN,), tuple(passages)))
    return items


def unseen_texts(seed: int, count: int, answerable: bool = True) -> list[Item]:
    """Questions about held-out frames: one such text among up to three others, which training knows."""
    r = Random(f"exam frames {seed} {answerable}")
    items: list[Item] = []
    while len(items) < count:
        filled = frames.fill(r, r.choice(frames.frames(held=True)))
        others = [frames.fill(r, frame).text for frame in r.sample(frames.frames(), r.randint(0, 3))]
        asked = r.choice(filled.asked) if answerable else texts.Asked(r.choice(filled.open), ABSTAIN)
        passages = [filled.text, *others]
        items.append(Item(asked.question, (asked.answer,), tuple(r.sample(passages, len(passages)))))
    return items


def typed() -> list[Item]:
    """Twenty passages and questions typed by hand about things nobody trained on (``typed.jsonl``)."""
    lines = Path(__file__).with_name("typed.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return [Item(row["question"], tuple(row["answers"]), tuple(row["passages"])) for row in rows]


def closed_book(seed: int, count: int) -> list[Item]:
    """Questions about invented things without a passage."""
    r = Random(f"exam closed {seed}")
    return [Item(texts.nobody(r), (ABSTAIN,)) for _ in range(count)]


def real(rows: list[dict], seed: int, count: int) -> list[Item]:
    """Questions of real paragraphs, each with its own paragraph."""
    r = Random(f"exam real {seed}")
    found = [Item(q["question"], tuple(q["answers"]), (row["context"],)) for row in rows for q in row["questions"]]
    return r.sample(found, min(count, len(found)))


def normal(text: str) -> list[str]:
    """Words as the SQuAD scores count them: lower case, no punctuation, no articles."""
    bare = "".join(" " if c in "-–—" else c for c in text.lower() if c not in string.punctuation.replace("-", ""))
    return re.sub(r"\b(a|an|the)\b", " ", bare).split()


def exact(given: str, answers: tuple[str, ...]) -> float:
    """1 if the answer is one of the accepted ones, else 0."""
    return float(any(normal(given) == normal(answer) for answer in answers))


def token_f1(given: str, answers: tuple[str, ...]) -> float:
    """The best overlap of words with an accepted answer (harmonic mean of precision and recall)."""
    best, got = 0.0, normal(given)
    for answer in answers:
        wanted = normal(answer)
        common = sum((Counter(got) & Counter(wanted)).values())
        best = max(best, 2 * common / (len(got) + len(wanted)) if common else 0.0)
    return best


def prompt(tokenizer: PreTrainedTokenizerFast, item: Item) -> str:
    """The exam question as the model reads it."""
    messages = [{"role": m.role, "content": m.content} for m in question_turn(item.question, item.passages)]
    return tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)


@torch.inference_mode()
def answers(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, items: list[Item]) -> list[str]:
    """Greedy answers, in batches of prompts of similar length, left-padded."""
    prompts = [prompt(tokenizer, item) for item in items]
    lengths = [len(ids) for ids in tokenizer(prompts)["input_ids"]]
    order, given = sorted(range(len(items)), key=lengths.__getitem__), [""] * len(items)
    while order:
        size = max(1, next((n for n in range(len(order), 0, -1) if n * lengths[order[n - 1]] <= BATCH_TOKENS), 1))
        now, order = order[:size], order[size:]
        batch = tokenizer([prompts[n] for n in now], return_tensors="pt", padding=True, return_token_type_ids=False)
        out = model.generate(**batch, max_new_tokens=NEW_TOKENS, do_sample=False)
        for n, ids in zip(now, out[:, batch["input_ids"].shape[1] :], strict=True):
            given[n] = tokenizer.decode(ids, skip_special_tokens=True).strip()
    return given
