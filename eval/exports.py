"""A finished comparison as files for other programs: a Markdown summary, CSV and JSON lines. Read without any model."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from data.jobs import Run
from data.schema import Answer, Example
from data.unseen import shown
from eval import account, agreement, beside, records, stamps, told, told_beside, told_votes
from eval.headline import headline
from eval.report import notes
from eval.systems import places
from eval.values import table

MEASURES = ("exact_match", "token_f1", "contains", "rouge_l", "similarity", "form", "fact", "lexical_support")
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
MARKUP = re.compile(r"([\\`*_\[\]<>|#])")


def answers(run: Run) -> Iterator[tuple[Example, str, Answer]]:
    """Every stored answer as (question, system, answer), questions in file order, systems as they were ordered."""
    stored = records.load_answers(run.folder)
    names = [system["name"] for system in run.order["config"]["systems"]]
    for example in records.questions(run):
        for name in names:
            if answer := stored.get(name, {}).get(example.id):
                yield example, name, answer


Values = Mapping[str, Mapping[str, Sequence[float]]]
"""{system: {example id: one value per measure of MEASURES, NaN where it has none}}"""


def measured(run: Run) -> Values:
    """What every answer is worth by every measure of single answers."""
    examples, stored = records.questions(run), records.load_answers(run.folder)
    similar = beside.load(run).similarity
    return {
        name: dict(zip((e.id for e in examples), table(examples, given, similar.get(name, {}), MEASURES), strict=True))
        for name, given in stored.items()
    }


def line(example: Example, system: str, answer: Answer, values: Sequence[float], why: str) -> dict[str, Any]:
    """One answer with its question, its scores (None where it has none) and why it is wrong ("" where it is not)."""
    scores = {name: None if np.isnan(one) else float(one) for name, one in zip(MEASURES, values, strict=True)}
    return {
        "id": example.id, "question": example.question, "accepted": " | ".join(example.answers), "task": example.task,
        "format": example.format or "", "tags": ", ".join(example.tags), "answerable": example.answerable,
        "document": example.document or "", "system": system, "answer": answer.text, **scores, "why": why,
        "seconds": answer.seconds, "prompt_tokens": answer.prompt_tokens, "new_tokens": answer.new_tokens,
        "finish_reason": answer.finish_reason, "passages": len(answer.hits), "passages_dropped": answer.dropped,
        "note": answer.note,
    }  # fmt: skip


def lines(run: Run) -> Iterator[tuple[Example, Answer, dict[str, Any]]]:
    """Every answer with its question and its ``line``."""
    values, labels = measured(run), account.load_labels(run)
    for example, system, answer in answers(run):
        why = labels.get(system, {}).get(example.id, "")
        yield example, answer, line(example, system, answer, values[system][example.id], why)


def as_csv(run: Run) -> str:
    """One row for each answer. Begins with a byte order mark, for spreadsheets take the file for something else
    without it; what they would run as a formula is made text (``harmless``)."""
    file = io.StringIO(newline="")
    writer: Any = None
    for _, _, row in lines(run):
        if writer is None:
            writer = csv.DictWriter(file, list(row))
            writer.writeheader()
        writer.writerow({name: harmless(value) for name, value in row.items()})
    return "\ufeff" + file.getvalue()


def harmless(value: Any) -> Any:
    """A text that a spreadsheet would run as a formula, with an apostrophe before it (OWASP, "CSV Injection"); what
    would turn a text around or end it early as a mark."""
    if not isinstance(value, str):
        return value
    return f"'{shown(value)}" if value.lstrip(" ").startswith(FORMULA) else shown(value)


def as_jsonl(run: Run) -> Iterator[str]:
    """One line for each answer: the row of ``as_csv`` with the prompt and every passage in full."""
    for example, answer, row in lines(run):
        more = {
            "accepted": list(example.answers), "tags": list(example.tags), "evidence": example.evidence,
            "prompt": [asdict(message) for message in answer.conversation],
            "passages": [{"rank": hit.rank, "score": hit.score, **asdict(hit.passage)} for hit in answer.hits],
        }  # fmt: skip
        yield json.dumps(row | more, ensure_ascii=False) + "\n"


def as_markdown(run: Run, scores: dict[str, Any]) -> str:
    """The summary: the verdict, what stands against the numbers, tables of scores, every sentence, the settings."""
    systems = run.order["config"]["systems"]
    parts = [
        f"# Comparison {plain(run.name)}",
        f"**{plain(headline(scores, places(systems)))}**",
        *(f"**{plain(sentence)}**" for sentence in stamps.red(run, scores)),
        f"{plain(run.id)}, test fingerprint {plain(run.order['inputs']['test'])}. 95 % intervals in brackets, from "
        f"{plain(told.units(scores))}.",
        ruled(told.system_rows(scores)),
        "\n".join(f"- {plain(sentence)}" for sentence in notes(run, scores)),
    ]
    for task in told.tasks(scores):
        parts += [f"## {told.TITLES[task]}", ruled(told.task_rows(scores, task)), plain(told.task_note(scores, task))]
    if wrong := told_beside.why_rows(scores):
        parts += ["## Why answers are wrong", ruled(wrong)]
    for title, names in (("Beside correctness", told_beside.HONESTY), ("Tokens and cut answers", told_beside.COST)):
        parts += [f"## {title}", ruled(told_beside.beside_rows(scores, names))]
    if times := told_beside.cost_rows(scores):
        parts += ["## Time of one answer", ruled(times), plain(told_beside.memory_said(scores))]
    parts += _votes(run)
    settings = [{key: "" if value is None else value for key, value in system.items()} for system in systems]
    return "\n\n".join(part for part in [*parts, "## What was compared", ruled(settings)] if part) + "\n"


def _votes(run: Run) -> list[str]:
    """What people preferred, ballot by ballot; nothing before the first vote."""
    parts = []
    for one in told_votes.told(run):
        said = "\n".join(f"- {plain(sentence)}" for sentence in [*one.preferred, *one.trust])
        parts += [f"## Human votes: {plain(one.title)}", said, ruled(one.strengths), plain(one.note)]
        if one.measures:
            parts += ["### Do the measures see what people see?", ruled(one.measures), plain(agreement.NOTE)]
    return parts


def ruled(rows: Sequence[Mapping[str, Any]]) -> str:
    """A Markdown table; "" without rows."""
    if not rows:
        return ""
    lines = [
        "| " + " | ".join(plain(str(cell)) for cell in one) + " |" for one in [rows[0], *(r.values() for r in rows)]
    ]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def plain(text: str) -> str:
    """Text whose Markdown signs are shown as they are, on one line."""
    return MARKUP.sub(r"\\\1", " ".join(shown(str(text)).split()))


WRITERS: dict[str, Callable[[Run, dict[str, Any]], str]] = {
    "markdown": as_markdown,
    "csv": lambda run, _: as_csv(run),
    "jsonl": lambda run, _: "".join(as_jsonl(run)),
}
"""How each kind of file is made; as HTML: ``eval.report.as_html``."""
