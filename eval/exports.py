"""A finished comparison as files for other programs: a Markdown summary, CSV and JSON lines. Read without any model."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

from data.jobs import Run
from data.schema import Answer, Example
from eval import records
from eval.metrics import score
from eval.report import HEAD, notes, rows, tuned_on

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


def line(example: Example, system: str, answer: Answer) -> dict[str, Any]:
    """One answer with its question and scores (None where the system does not exist for this question)."""
    scores = asdict(score(example, answer)) if answer.available else {"exact_match": None, "token_f1": None}
    return {
        "id": example.id, "question": example.question, "accepted": " | ".join(example.answers), "task": example.task,
        "tags": ", ".join(example.tags), "answerable": example.answerable, "document": example.document or "",
        "system": system, "answer": answer.text, **scores, "seconds": answer.seconds,
        "prompt_tokens": answer.prompt_tokens, "new_tokens": answer.new_tokens, "finish_reason": answer.finish_reason,
        "passages": len(answer.hits), "passages_dropped": answer.dropped, "note": answer.note,
    }  # fmt: skip


def as_csv(run: Run) -> str:
    """One row for each answer. Begins with a byte order mark, for spreadsheets take the file for something else
    without it; what they would run as a formula is made text (``harmless``)."""
    file = io.StringIO(newline="")
    writer: Any = None
    for given in answers(run):
        row = line(*given)
        if writer is None:
            writer = csv.DictWriter(file, list(row))
            writer.writeheader()
        writer.writerow({name: harmless(value) for name, value in row.items()})
    return "\ufeff" + file.getvalue()


def harmless(value: Any) -> Any:
    """A text that a spreadsheet would run as a formula, with an apostrophe before it (OWASP, "CSV Injection")."""
    return f"'{value}" if isinstance(value, str) and value.lstrip(" ").startswith(FORMULA) else value


def as_jsonl(run: Run) -> Iterator[str]:
    """One line for each answer: the row of ``as_csv`` with the prompt and every passage in full."""
    for example, system, answer in answers(run):
        more = {
            "accepted": list(example.answers), "tags": list(example.tags), "evidence": example.evidence,
            "prompt": [asdict(message) for message in answer.conversation],
            "passages": [{"rank": hit.rank, "score": hit.score, **asdict(hit.passage)} for hit in answer.hits],
        }  # fmt: skip
        yield json.dumps(line(example, system, answer) | more, ensure_ascii=False) + "\n"


def as_markdown(run: Run, scores: dict[str, Any]) -> str:
    """The summary: what stands against the numbers, the table, every sentence, the settings."""
    systems = run.order["config"]["systems"]
    inputs = run.order["inputs"]
    parts = [
        f"# Comparison {plain(run.name)}",
        f"{plain(run.id)}, test fingerprint {plain(inputs['test'])}. 95 % intervals in brackets, from "
        f"{scores['units']} independent groups of questions.",
        *(f"**{plain(sentence)}**" for sentence in tuned_on(run)),
        table(HEAD, rows(scores)),
        "\n".join(f"- {plain(sentence)}" for sentence in notes(run, scores)),
        "## What was compared",
        table(tuple(systems[0]), [tuple("" if v is None else str(v) for v in system.values()) for system in systems]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def table(head: tuple[str, ...], lines: list[tuple[str, ...]]) -> str:
    """A Markdown table."""
    ruled = ["| " + " | ".join(plain(cell) for cell in one) + " |" for one in [head, *lines]]
    return "\n".join([ruled[0], "|" + "---|" * len(head), *ruled[1:]])


def plain(text: str) -> str:
    """Text whose Markdown signs are shown as they are, on one line."""
    return MARKUP.sub(r"\\\1", " ".join(str(text).split()))


WRITERS: dict[str, Callable[[Run, dict[str, Any]], str]] = {
    "markdown": as_markdown,
    "csv": lambda run, _: as_csv(run),
    "jsonl": lambda run, _: "".join(as_jsonl(run)),
}
"""How each kind of file is made; as HTML: ``eval.report.as_html``."""
