"""A finished comparison for people: as a table for the shell, and as one self-contained HTML file."""

from __future__ import annotations

import html
from typing import Any

from data.jobs import Run
from data.leakage import restored
from data.schema import Answer, Example
from eval import records, told
from eval.figures import aligned, as_lines, cell
from eval.metrics import score
from eval.report_parts import COSTS, cost_rows, memory_said, why_rows

STYLE = """
:root{color-scheme:light dark;--line:#8886}
body{font:16px/1.5 system-ui,sans-serif;max-width:75rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;margin:1rem 0;width:100%}
th,td{border-bottom:1px solid var(--line);padding:.35rem .6rem;text-align:left;vertical-align:top}
td.n{font-variant-numeric:tabular-nums;white-space:nowrap}
details{border-bottom:1px solid var(--line);padding:.4rem 0}
summary{cursor:pointer}
.red{color:#c62828;font-weight:600}
@media(prefers-color-scheme:dark){.red{color:#ff8a80}}
.wrong::before{content:"✗ "}.right::before{content:"✓ "}
small{opacity:.75}
"""


def rows(scores: dict[str, Any]) -> list[tuple[str, ...]]:
    """The table: system, n, exact match, token F1, seconds per answer, and what was left out."""
    found: list[tuple[str, ...]] = []
    for name, row in scores["systems"].items():
        each = f"{row['seconds_per_answer']:.3f}" if row["seconds_per_answer"] is not None else "–"
        found.append((name, str(row["n"]), cell(row["exact_match"]), cell(row["token_f1"]), each, _left_out(row)))
    return found


HEAD = ("system", "n", "exact match, %", "token F1, %", "s / answer", "left out")


def _left_out(row: dict[str, Any]) -> str:
    return f"{row['not_available']} without a gold passage" if row["not_available"] else ""


def as_text(run: Run, scores: dict[str, Any]) -> str:
    """The table and the sentences of a comparison for a terminal."""
    lines = [f"Comparison {run.name} ({run.id}); 95 % intervals in brackets", *aligned([HEAD, *rows(scores)])]
    for task in told.tasks(scores):
        lines += ["", told.TITLES[task], *as_lines(told.task_rows(scores, task))]
    head, wrong = why_rows(scores)
    lines += ["", "Wrong answers by reason", *aligned([head, *wrong])] if wrong else []
    return "\n".join([*lines, "", *notes(run, scores)])


def notes(run: Run, scores: dict[str, Any]) -> list[str]:
    """What must be read with the numbers: the usual claims, pair sentences, flags, leakage."""
    sentences = [f"{row['claim']}: {row['verdict']}." for row in scores.get("claims", [])]
    sentences += [pair["sentence"] for pair in scores["pairs"] if pair["metric"] == "exact_match"]
    sentences += [row["sentence"] for row in scores.get("seeds", [])]
    return sentences + stamps(run, scores) + scores.get("fairness", {}).get("unknown", [])


def tuned_on(run: Run) -> list[str]:
    """What must be said in red: knowledge bases whose settings were tuned on some of these very test questions."""
    return [
        f"{one['questions']} of {one['of']} test questions are among those that {name} was tuned on (run {one['run']}):"
        " its scores here look better than they would on new questions."
        for name, one in run.order["inputs"].get("tuned_on", {}).items()  # orders from before tuning have none
    ]


def stamps(run: Run, scores: dict[str, Any]) -> list[str]:
    """Flags and leakage: what stands against the numbers as a whole."""
    saved, sentences = run.order["config"]["leakage"], flagged(run)
    if saved:
        leakage = restored(saved)
        sentences += [f"Leakage allowed: {sentence}" for sentence in leakage.blocking()]
        sentences += leakage.warning() + leakage.informing()
    return sentences + clean(run, scores)


def flagged(run: Run) -> list[str]:
    """What must be known of single systems."""
    return [f"{name}: {flag}." for name, found in run.order["inputs"]["flags"].items() for flag in found]


def clean(run: Run, scores: dict[str, Any]) -> list[str]:
    """The scores on the rows that no training question repeats, where some are repeated."""
    rows = [(name, row["clean"]["exact_match"]) for name, row in scores["systems"].items() if row.get("clean")]
    return [
        f"{name} on the {found['n']} clean rows: exact match {cell(found)} %."
        for name, found in rows if found and run.order["config"]["leakage"]
    ]  # fmt: skip


def as_html(run: Run, scores: dict[str, Any]) -> str:
    """One HTML file with nothing outside itself: sentences, table, tasks, settings, every question and answer."""
    answers = records.load_answers(run.folder)
    body = [
        f"<h1>Comparison {_safe(run.name)}</h1>",
        f"<p><small>{_safe(run.id)}; test fingerprint {_safe(run.order['inputs']['test'])}; "
        f"95 % intervals in brackets, from {_safe(told.units(scores))}.</small></p>",
        *(f"<p class='red'>{_safe(line)}</p>" for line in [*tuned_on(run), *unfair(scores)]),
        _table(HEAD, rows(scores)),
        "<ul>" + "".join(f"<li>{_safe(line)}</li>" for line in notes(run, scores)) + "</ul>",
        "<h2>By task</h2>", _parts(scores),
        *_beside(scores),
        "<h2>Systems</h2>", _settings(run),
        "<h2>Every question</h2>", *[_question(example, answers) for example in records.questions(run)],
    ]  # fmt: skip
    head = f"<meta charset='utf-8'><title>{_safe(run.name)}</title><style>{STYLE}</style>"
    return f"<!doctype html><html lang='en'><head>{head}</head><body>{''.join(body)}</body></html>"


def unfair(scores: dict[str, Any]) -> list[str]:
    """What must be said in red: conditions that were not the same for all systems."""
    return scores.get("fairness", {}).get("differs", [])


def _beside(scores: dict[str, Any]) -> list[str]:
    """Wrong answers by reason, and times: left out for runs from before they were kept."""
    head, wrong = why_rows(scores)
    parts = ["<h2>Why answers are wrong</h2>", _table(head, wrong)] if wrong else []
    if rows := cost_rows(scores):
        about = "Median seconds of single answers, 95th percentile in brackets. " + memory_said(scores)
        parts += ["<h2>Time and memory</h2>", _table(COSTS, rows), f"<p><small>{_safe(about)}</small></p>"]
    return parts


def _safe(value: Any) -> str:
    return html.escape(str(value))


def _table(head: tuple[str, ...], lines: list[tuple[Any, ...]]) -> str:
    top = "".join(f"<th>{_safe(name)}</th>" for name in head)
    body = "".join("<tr>" + "".join(f"<td class='n'>{_safe(c)}</td>" for c in line) + "</tr>" for line in lines)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def _parts(scores: dict[str, Any]) -> str:
    """The tables of the page Compare: tasks with their classes, pairs, what stands beside, slices."""
    found = []
    for task in told.tasks(scores):
        found += [f"<h3>{_safe(told.TITLES[task])}</h3>", _rows(told.task_rows(scores, task))]
        found.append(f"<p><small>{_safe(told.task_note(scores, task))}</small></p>")
    found.append("<h2>Every pair of systems</h2>")
    for title, pairs in told.pairs_apart(scores):
        found += [f"<h3>{_safe(title)}</h3>", _rows(told.pair_rows(pairs))]
    found.append("<h2>Beside correctness</h2>")
    found += [_rows(told.beside_rows(scores, names)) for names in (told.HONESTY, told.COST)]
    found.append(_rows(told.found_rows(scores)))
    for column in scores.get("slices", {}):
        found += [f"<h3>By {_safe(column)}: exact match, %</h3>", _rows(told.slice_rows(scores, column, "exact_match"))]
    return "".join(found)


def _rows(rows: list[dict[str, Any]]) -> str:
    """Rows of a table, or nothing where no system has a figure."""
    return _table(tuple(rows[0]), [tuple(row.values()) for row in rows]) if rows and len(rows[0]) > 1 else ""


def _settings(run: Run) -> str:
    systems = run.order["config"]["systems"]
    head = tuple(systems[0])
    return _table(head, [tuple("" if s[key] is None else str(s[key]) for key in head) for s in systems])


def _question(example: Example, answers: dict[str, dict[str, Answer]]) -> str:
    lines = []
    for name, given in answers.items():
        if not (answer := given.get(example.id)) or not answer.available:
            continue
        mark = "right" if score(example, answer).exact_match else "wrong"
        lines.append(f"<tr><td>{_safe(name)}</td><td class='{mark}'>{_safe(answer.text)}{_passages(answer)}</td></tr>")
    wanted = " | ".join(example.answers)
    return (
        f"<details><summary>{_safe(example.question)}</summary><p>Wanted: {_safe(wanted)}</p>"
        f"<table>{''.join(lines)}</table></details>"
    )


def _passages(answer: Answer) -> str:
    if not answer.hits:
        return ""
    items = "".join(f"<li>{_safe(hit.passage.document)}: {_safe(hit.passage.text)}</li>" for hit in answer.hits)
    return f"<details><summary>{len(answer.hits)} passages</summary><ol>{items}</ol></details>"
