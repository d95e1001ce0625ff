"""What pocket can and cannot do, in figures: a short probe while it trains, and the whole report."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from statistics import mean

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerFast

from data.prompts import ABSTAIN, BUNDLED
from sft.pocket import PATH, exam, reading
from sft.pocket.learning import learning

LONGEST = 220  # words of a real paragraph in the exams: about 350 tokens
TYPED = "typed by hand"
UNFAMILIAR = ("amazon_reviews", "reddit")  # only ever measured with


def load(folder: Path) -> tuple[PreTrainedModel, PreTrainedTokenizerFast]:
    """The model as anyone loads it, in float32, and its tokenizer."""
    return AutoModelForCausalLM.from_pretrained(folder, dtype="float32").eval(), AutoTokenizer.from_pretrained(folder)


def real_exams(path: Path, count: int) -> dict[str, list[exam.Item]]:
    """Questions of held-out paragraphs of the trained sources, and of sources never trained on."""
    rows = reading.read_paragraphs(path)
    _, held = reading.split(rows)
    found = {}
    for source in (*reading.TRAINED, *UNFAMILIAR):
        own = [row for row in (held if source in reading.TRAINED else rows) if row["source"] == source]
        short = [row for row in own if len(row["context"].split()) <= LONGEST]
        found[f"real paragraphs, {source}"] = exam.real(short, 5, count)
    return found


def exams(path: Path | None, count: int) -> dict[str, list[exam.Item]]:
    """Every exam by its name; the seeds are used nowhere else."""
    found = {
        "invented facts, one sentence a passage": exam.invented(101, count),
        "invented facts, paragraphs": exam.invented(102, count, long=True),
        "held-out wordings, one sentence a passage": exam.invented(103, count, held=True),
        "held-out wordings, paragraphs": exam.invented(104, count, held=True, long=True),
        "fact missing": exam.unanswerable(105, count),
        "fact missing, held-out wordings": exam.unanswerable(106, count, held=True),
        "unseen texts": exam.unseen_texts(110, count),
        "unseen texts, fact missing": exam.unseen_texts(111, count, answerable=False),
        TYPED: exam.typed(),
        "closed-book, invented things": exam.closed_book(107, count // 3),
    }
    return found | (real_exams(path, count) if path else {})


def score(items: list[exam.Item], given: list[str]) -> dict[str, float]:
    """n, exact match, token F1 and the share of abstaining answers of one exam."""
    pairs = list(zip(given, (item.answers for item in items), strict=True))
    return {
        "n": len(items),
        "exact_match": round(mean(exam.exact(g, a) for g, a in pairs), 3),
        "token_f1": round(mean(exam.token_f1(g, a) for g, a in pairs), 3),
        "abstains": round(mean(g == ABSTAIN for g in given), 3),
    }


def speed(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, count: int = 48) -> float:
    """Answers a second on prompts of about 600 tokens."""
    pieces = [" ".join(item.passages) for item in exam.invented(108, count * 6, long=True)]
    items = [
        exam.Item(item.question, item.answers, (*item.passages, *pieces[6 * n : 6 * n + 6]))
        for n, item in enumerate(exam.invented(109, count))
    ]
    items = [
        exam.Item(i.question, i.answers, (tokenizer.decode(tokenizer(" ".join(i.passages))["input_ids"][:580]),))
        for i in items
    ]
    started = time.monotonic()
    exam.answers(model, tokenizer, items)
    return round(count / (time.monotonic() - started), 1)


def measure(
    folder: Path, path: Path | None, labels: Path | None, count: int, learns: bool, say: Callable[[str], None]
) -> dict:
    """All figures; ``say`` gets each exam's line as soon as it is known. ``learns``: with the fine-tunes."""
    model, tokenizer = load(folder)
    if path is None:
        say("No --reading file: the exams on real paragraphs are left out.")
    found, answers = {}, {}
    say(f"{'exam':45} {'n':>4} {'exact':>6} {'F1':>6} {'abstains':>8}")
    for title, items in exams(path, count).items():
        answers[title] = exam.answers(model, tokenizer, items)
        found[title] = score(items, answers[title])
        say(f"{title:45} " + "{n:4} {exact_match:6.3f} {token_f1:6.3f} {abstains:8.3f}".format(**found[title]))
    per_second, parameters = speed(model, tokenizer), model.num_parameters()
    say(f"answers a second, prompts of 600 tokens: {per_second}")
    del model
    return {
        "format": 2,
        "exams": found,
        "typed": [
            {"question": item.question, "wanted": item.answers[0], "given": given}
            for item, given in zip(exam.typed(), answers[TYPED], strict=True)
        ],
        "learning": learning(BUNDLED if folder == PATH else str(folder), labels, say) if learns else None,
        "answers_per_second_600_tokens": per_second,
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "torch": torch.__version__,
        "parameters": parameters,
    }


def write(figures: dict, file: Path) -> None:
    """The figures as JSON."""
    file.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def quick(folder: Path, path: Path | None) -> str:
    """A short probe during training: one line with the main scores."""
    model, tokenizer = load(folder)
    probes = {
        "short": exam.invented(1, 60),
        "long": exam.invented(2, 40, long=True),
        "held wording": exam.invented(3, 60, held=True),
        "unseen texts": exam.unseen_texts(5, 60),
        "abstain": exam.unanswerable(4, 40),
    }
    if path:
        probes["real"] = real_exams(path, 40)["real paragraphs, wikipedia"]
    scores = {title: score(items, exam.answers(model, tokenizer, items)) for title, items in probes.items()}
    return ", ".join(
        f"{title} {s['token_f1' if title == 'real' else 'exact_match']:.2f}" for title, s in scores.items()
    )
