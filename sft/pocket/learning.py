"""Whether pocket learns: fine-tunes of it, made as a user would make them, and what they know afterwards."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from random import Random
from statistics import mean
from tempfile import TemporaryDirectory
from typing import Any

from data.examples import read_examples
from data.prompts import question_turn
from data.schema import DecodeSettings, Generator
from data.store import resolve
from data.workspace import open_workspace
from sft.model import LocalModel
from sft.pocket import exam, texts
from sft.pocket.values import KINDS
from sft.pocket.world import ENTITIES, Attribute, Fact, attributes

FACTS, WORDINGS = 300, 3  # taught facts, and training questions for each; one more wording is the test
FACT_EPOCHS, LABEL_EPOCHS = "5", "14"  # facts are learned sooner than labels with words hidden


def taught_facts(seed: int) -> list[Fact]:
    """Invented facts of many kinds, each about a thing of its own."""
    r = Random(f"taught {seed}")
    known: list[Attribute] = [attribute for group in attributes().values() for attribute in group]
    found: dict[str, Fact] = {}
    while len(found) < FACTS:
        attribute = r.choice(known)
        entity = ENTITIES[attribute.type](r)
        found.setdefault(entity, Fact(entity, attribute, KINDS[attribute.kind](r)))
    return list(found.values())


def asked_facts(seed: int) -> tuple[list[dict[str, Any]], list[exam.Item]]:
    """(training rows, three wordings and the evidence of each fact; test items in a fourth wording, closed-book)."""
    r = Random(f"asked {seed}")
    rows, items = [], []
    for number, fact in enumerate(taught_facts(seed)):
        evidence = texts.state(r, fact)
        *taught, last = (texts.fill(q, fact.entity, "") for q in r.sample(fact.attribute.questions, WORDINGS + 1))
        rows += [{"question": q, "answer": fact.value, "evidence": evidence, "fact": f"f{number}"} for q in taught]
        items.append(exam.Item(last, (fact.value,)))
    return rows, items


def asked(generator: Generator, items: Sequence[exam.Item]) -> float:
    """Exact match of the answers to some exam items."""
    conversations = [question_turn(item.question, item.passages) for item in items]
    written = generator.generate(conversations, DecodeSettings(exam.NEW_TOKENS))
    return mean(exam.exact(one.text, item.answers) for one, item in zip(written, items, strict=True))


def tuned(home: Path, name: str, model: str, *flags: str) -> dict[str, Any]:
    """``python -m sft train`` in a workspace of its own; its JSON result."""
    command = [sys.executable, "-m", "sft", "train", "--json", "--name", name, "--model", model, *flags]
    done = subprocess.run(
        command, env=os.environ | {"CROSSOVER_HOME": str(home)}, stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def write_rows(file: Path, rows: Iterable[dict[str, Any]]) -> Path:
    """The rows as JSON lines."""
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


def facts_exam(model: str, home: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """Taught facts closed-book in other words, and reading before and after on documents of other things."""
    rows, items = asked_facts(1)
    run = tuned(home, "facts", model, "--train", str(write_rows(home / "facts.jsonl", rows)),
                "--epochs", FACT_EPOCHS)  # fmt: skip
    local = LocalModel.load(model)
    after = local.tuned(resolve(open_workspace(home), "adapters", "facts"))
    reading = exam.invented(201, FACTS // 2) + exam.invented(202, FACTS // 2, long=True)
    found = {
        "n": len(items),
        "minutes": round(run["seconds"] / 60, 1),
        "other_words": round(asked(after, items), 3),
        "other_words_before": round(asked(local.base(), items), 3),
        "reading_n": len(reading),
        "reading_before": round(asked(local.base(), reading), 3),
        "reading_after": round(asked(after, reading), 3),
    }
    say(
        f"{FACTS} facts x {WORDINGS} wordings, LoRA in {found['minutes']} min: other words, closed-book "
        f"{found['other_words']} (before: {found['other_words_before']}; n {found['n']}); reading other documents "
        f"{found['reading_before']} before, {found['reading_after']} after (n {found['reading_n']})"
    )
    return found


def labels_exam(model: str, home: Path, folder: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """Accuracy on a folder's test.jsonl after a fine-tune on its train.jsonl."""
    splits = {split: str(folder / f"{split}.jsonl") for split in ("train", "validation")}
    flags = ["--train", splits["train"], "--validation", splits["validation"], "--epochs", LABEL_EPOCHS]
    run = tuned(home, "labels", model, *flags, "--max-length", "512")
    after = LocalModel.load(model).tuned(resolve(open_workspace(home), "adapters", "labels"))
    items = [exam.Item(e.question, e.answers) for e in read_examples(folder / "test.jsonl").examples]
    found = {"n": len(items), "minutes": round(run["seconds"] / 60, 1), "accuracy": round(asked(after, items), 3)}
    say(f"labels, LoRA in {found['minutes']} min: accuracy {found['accuracy']} (n {found['n']})")
    return found


def learning(model: str, labels: Path | None, say: Callable[[str], None]) -> dict[str, Any]:
    """Both exams of learning, in a workspace that is thrown away."""
    with TemporaryDirectory(prefix="pocket-") as folder:
        home = Path(folder)
        found = {"facts": facts_exam(model, home, say)}
        if labels is None:
            say("No --labels folder: the label exam is left out.")
        else:
            found["labels"] = labels_exam(model, home, labels, say)
    return found
