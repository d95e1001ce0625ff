"""A finished comparison for people: as tables for the shell, and as one self-contained HTML file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from data.jobs import Run
from data.schema import Answer, Example
from eval import account, conditions, fairness, hidden, markup, records, stamps, told, told_beside, told_votes
from eval.agreement import NOTE as MEASURES_NOTE
from eval.figures import as_lines
from eval.headline import headline, that_matter
from eval.markup import listed, paragraph, safe, section, table
from eval.metrics import score
from eval.systems import places
from eval.why import ERROR, MEANING


def as_text(run: Run, scores: dict[str, Any]) -> str:
    """The verdict, the tables and the sentences of a comparison for a terminal."""
    lines = [f"Comparison {run.name} ({run.id}); 95 % intervals in brackets", headline(scores, _where(run)), ""]
    lines += as_lines(told.system_rows(scores))
    for task in told.tasks(scores):
        lines += ["", told.TITLES[task], *as_lines(told.task_rows(scores, task))]
    if wrong := told_beside.why_rows(scores):
        lines += ["", "Wrong answers by reason", *as_lines(wrong)]
    return "\n".join([*lines, "", *notes(run, scores)])


def notes(run: Run, scores: dict[str, Any]) -> list[str]:
    """What must be read with the numbers: the usual claims, pair sentences, flags, leakage."""
    pairs = [pair["sentence"] for pair in scores["pairs"] if pair["metric"] == "exact_match"]
    return [
        *stamps.claimed(scores), *pairs, *stamps.seeded(scores), *stamps.stamps(run, scores), *stamps.unknown(scores)
    ]  # fmt: skip


def as_html(run: Run, scores: dict[str, Any]) -> str:
    """One HTML file with nothing outside itself, in the order of the page Compare; see eval.markup."""
    about = (
        f"{run.id}, ordered {run.order['created']}. Test {run.order['config']['test']}, fingerprint "
        f"{run.order['inputs']['test']}. Means with their 95 % intervals in brackets, from {told.units(scores)}."
    )
    parts = [
        f"<h1>Comparison {safe(run.name)}</h1>",
        paragraph(headline(scores, _where(run)), "verdict"),
        "".join(paragraph(line, "red") for line in stamps.red(run, scores)),
        listed(stamps.stamps(run, scores)),
        paragraph(about, "note"),
        *_scores(run, scores),
        *_around(run, scores),
        section("Every question", *_questions(run)),
    ]
    return markup.document(f"Comparison {run.name}", parts)


def _where(run: Run) -> dict[str, str]:
    return places(run.order["config"]["systems"])


def _scores(run: Run, scores: dict[str, Any]) -> list[str]:
    """How right the answers are: over all, pair by pair, why not, task by task, on parts."""
    main = [pair for pair in scores["pairs"] if pair["metric"] == "exact_match"]
    title, lines, note = hidden.reader(scores, _where(run))
    return [
        section(
            "All questions together", markup.means({n: row["exact_match"] for n, row in scores["systems"].items()}),
            paragraph("Exact match, % of questions.", "note"), table(told.system_rows(scores)),
            listed([f"{name}: {said}." for name, said in hidden.refusals(scores).items()] + stamps.seeded(scores)),
            f"<h3>{safe(title)}</h3>" if title else "", listed(lines), paragraph(note, "note"),
        ),
        section("Differences", markup.differences(main), listed(that_matter(main, _where(run))), _pairs(scores)),
        section("What is usually said", listed(_claims(scores))),
        section("Why answers are wrong", table(told_beside.why_rows(scores)), _reasons(scores)),
        section("By task", *_tasks(scores)),
        section("On parts of the questions", *_slices(scores)),
    ]  # fmt: skip


def _claims(scores: dict[str, Any]) -> list[str]:
    return [f"{row['claim']}: {row['verdict']}. {' '.join(row['sentences'])}" for row in scores.get("claims", [])]


def _pairs(scores: dict[str, Any]) -> str:
    """Every pair by every measure, folded away."""
    parts = [f"<h3>{safe(title)}</h3>{table(told.pair_rows(pairs))}" for title, pairs in told.pairs_apart(scores)]
    return f"<details><summary>Every pair of systems</summary>{''.join(parts)}</details>" if scores["pairs"] else ""


def _reasons(scores: dict[str, Any]) -> str:
    found = told_beside.reasons(scores)
    first = "Each wrong answer has one reason: the first of this list that fits."
    return paragraph(first, "note") + listed(f"{name}: {MEANING[name]}" for name in found) if found else ""


def _tasks(scores: dict[str, Any]) -> list[str]:
    parts = []
    for task in told.tasks(scores):
        parts += [f"<h3>{safe(told.TITLES[task])}</h3>", table(told.task_rows(scores, task))]
        parts.append(paragraph(told.task_note(scores, task), "note"))
        for name, row in scores["systems"].items():
            if (part := row["tasks"].get(task, {})).get("confusion"):
                inside = table(told.class_rows(part)) + table(told.confusion_rows(part))
                parts.append(f"<details><summary>{safe(name)}: every class, and who is taken for whom</summary>"
                             f"{inside}</details>")  # fmt: skip
    return parts


def _slices(scores: dict[str, Any]) -> list[str]:
    return [
        f"<h3>By {safe(column)}: exact match, %</h3>{table(told.slice_rows(scores, column, 'exact_match'))}"
        for column in scores.get("slices", {})
    ]  # fmt: skip


def _around(run: Run, scores: dict[str, Any]) -> list[str]:
    """What does not tell how right answers are: honesty, retrieval, time, votes, fairness, settings."""
    honest, cost = (told_beside.beside_rows(scores, names) for names in (told_beside.HONESTY, told_beside.COST))
    met, systems = conditions.load(run), run.order["config"]["systems"]
    times = table(told_beside.cost_rows(scores))
    same = "All systems had the same conditions." if met else "Not recorded when this comparison was made."
    fair = [*stamps.unfair(scores), *stamps.unknown(scores)] or [same]
    return [
        section("Beside correctness", table(honest), paragraph(told_beside.HONEST_NOTE, "note"),
                table(told_beside.found_rows(scores)), paragraph(told_beside.FOUND_NOTE, "note"),
                table(cost), paragraph(told_beside.COST_NOTE, "note")),
        section("Time and memory", times, paragraph(told_beside.TIMES_NOTE, "note") if times else "",
                paragraph(told_beside.memory_said(scores))),
        section("Human votes", *_votes(run)),
        section("Was it fair", listed(fair), table(fairness.table(met))),
        section("What was compared", table([{k: "" if v is None else v for k, v in one.items()} for one in systems])),
    ]  # fmt: skip


def _votes(run: Run) -> list[str]:
    """What each ballot's votes amount to; nothing before the first vote."""
    parts = []
    for one in told_votes.told(run):
        parts += [f"<h3>{safe(one.title)}</h3>", listed([*one.preferred, *one.trust]), table(one.strengths)]
        parts.append(paragraph(one.note, "note"))
        if one.measures:
            parts += ["<h3>Do the measures see what people see?</h3>", table(one.measures)]
            parts.append(paragraph(MEASURES_NOTE, "note"))
    return parts


def _questions(run: Run) -> list[str]:
    answers, labels = records.load_answers(run.folder), account.load_labels(run)
    names = [system["name"] for system in run.order["config"]["systems"]]
    given = {name: answers.get(name, {}) for name in names}
    return [_question(example, given, labels) for example in records.questions(run)]


def _question(example: Example, given: Mapping[str, Mapping[str, Answer]], labels: dict[str, dict[str, str]]) -> str:
    """One question, folded; whether each system is right shows without opening it."""
    lines, marks = [], []
    for name, answers in given.items():
        if not (answer := answers.get(example.id)) or not answer.available:
            continue
        right = answer.finish_reason != ERROR and bool(score(example, answer).exact_match)
        kind, sign = ("right", "✓") if right else ("wrong", "✗")
        marks.append(f"<span class='{kind}'>{sign} {safe(name)}</span>")
        why = labels.get(name, {}).get(example.id, "")
        lines.append(
            f"<tr><td class='{kind}'>{sign} {safe(name)}{f'<br>{safe(why)}' if why else ''}</td>"
            f"<td class='text'>{safe(answer.text) or '(an empty answer)'}{_passages(answer)}</td></tr>"
        )
    wanted = " | ".join(example.answers)
    return (
        f"<details><summary>{safe(example.question)}<br><span class='note'>{' '.join(marks)}</span></summary>"
        f"<p>Accepted: {safe(wanted)}</p><table>{''.join(lines)}</table></details>"
    )


def _passages(answer: Answer) -> str:
    if not answer.hits:
        return ""
    items = "".join(f"<li>{safe(hit.passage.document)}: {safe(hit.passage.text)}</li>" for hit in answer.hits)
    count = "1 passage" if len(answer.hits) == 1 else f"{len(answer.hits)} passages"
    return f"<details><summary>{count}</summary><ol>{items}</ol></details>"
