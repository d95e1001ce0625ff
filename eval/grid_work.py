"""The job behind a grid of search settings: every cutting measured, then the choice and the report.

Documents are cut anew from the texts that the knowledge base stores; nothing is published. Each finished cutting is
kept (eval.cells), so that a stopped or killed grid goes on where it was. eval.choice says what is chosen and reported.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any

from data import jobs
from data.child import Reporter
from data.disk import read_jsonl, write_json
from data.options import from_saved
from data.workspace import Workspace
from eval import cells, choice, gold
from eval.cells import Cut
from eval.choice import Measured, Setting
from eval.gold import Located, Question
from eval.grid import GridOrder, check_halves, cuts, in_use, not_tried
from eval.halves import clusters
from rag import draft
from rag.embed import Embedder
from rag.files import Knowledge, check_embedder, open_knowledge
from rag.settings import METHODS, BuildConfig


def work(
    workspace: Workspace, run: jobs.Run, reporter: Reporter, load: Callable[[str], Embedder] = Embedder.load
) -> dict[str, Any]:
    """Measure every cutting that is not measured yet, then choose and report (result.json)."""
    asked, base = _asked(run), open_knowledge(workspace, run.order["config"]["knowledge"])
    questions = gold.restored(read_jsonl(run.folder / "questions.jsonl"))
    found = gold.locate(questions, base.texts)
    current = in_use(base.manifest)
    wanted = cuts(asked.chunk_tokens, asked.overlap_tokens, Cut(current.chunk_tokens, current.overlap_tokens))
    left = [cut for cut in wanted if not cells.path_of(run.folder, cut).exists()]
    if left:
        reporter.step(0, 1, "loading the embedding model")
        embedder = load(base.manifest["settings"]["embedder"])
        reporter.device(embedder.device, f"embedding in {embedder.dtype}: {embedder.dtype_reason}")
        check_embedder(base, embedder)
        _measure(workspace, run, reporter, base, embedder, left, questions, found, sorted({*asked.ks, current.k}))
    told = _result(run, asked, wanted, base, questions, found)
    write_json(run.folder / "result.json", told)
    return {"knowledge": base.ref, "sentences": told["held_out"]["sentences"], "chosen": told["chosen"]}


def _asked(run: jobs.Run) -> GridOrder:
    saved = run.order["config"]
    values: dict[str, Any] = {name: tuple(one) if isinstance(one, list) else one for name, one in saved.items()}
    return GridOrder(**values)


def _measure(
    workspace: Workspace, run: jobs.Run, reporter: Reporter, base: Knowledge, embedder: Embedder, left: list[Cut],
    questions: Sequence[Question], found: Located, ks: Sequence[int],
) -> None:  # fmt: skip
    """Cut in every way first, to know how much there is to embed; then embed and rank one cutting after the other."""

    def told(which: str) -> draft.Report:
        return lambda done, total, text: reporter.step(0, 1, f"{which}: {text}")

    pieces, new = {}, {}
    for number, cut in enumerate(left, 1):
        settings = _settings(base, cut)
        pieces[cut] = draft.cut(workspace, base, settings, embedder, told(f"{number} of {len(left)} cuttings"))
        new[cut] = draft.unknown(workspace, base, pieces[cut], embedder)
    total, done = max(1, sum(new.values())), 0
    asked = [question for question in questions if question.id in found.places]
    vectors = embedder.embed_questions([question.question for question in asked])
    answers = {question.id: question.answers for question in asked}
    reporter.count_from_here()
    for cut in left:

        def report(part: float, whole: float, text: str, cut: Cut = cut, before: int = done) -> None:
            reporter.step(before + part, total, f"{cut.words()}: {text}")

        report(0, 1, "embedding")
        drafted = draft.draft(workspace, base, pieces.pop(cut), embedder, report)
        ranked = draft.rankings(drafted, [question.question for question in asked], vectors, METHODS)
        cell = cells.judged(drafted, ranked, found.places, answers, ks)
        cells.save(run.folder, cut, cell)
        reporter.metric(**asdict(cut), passages=cell["passages"], embedded=cell["embedded"], cached=cell["cached"])
        done += new[cut]
        reporter.step(done, total, f"{cut.words()}: measured")


def _settings(base: Knowledge, cut: Cut) -> BuildConfig:
    made = from_saved(base.manifest["settings"], BuildConfig)
    return replace(made, chunk_tokens=cut.chunk_tokens, overlap_tokens=cut.overlap_tokens)


def _result(
    run: jobs.Run, asked: GridOrder, wanted: Sequence[Cut], base: Knowledge, questions: Sequence[Question],
    found: Located,
) -> dict[str, Any]:  # fmt: skip
    """What the finished cells come to; see eval.choice.result."""
    current = in_use(base.manifest)
    measured_cells = {cut: cells.load(run.folder, cut) for cut in wanted}
    usable = cells.judgeable(list(measured_cells.values()))
    settings = [
        Setting(cut.chunk_tokens, cut.overlap_tokens, method, k)
        for cut in wanted for method in asked.methods for k in sorted(set(asked.ks))
    ]  # fmt: skip
    rows: list[Measured] = []
    for one in dict.fromkeys([current, *settings]):
        cut = Cut(one.chunk_tokens, one.overlap_tokens)
        rows.append(cells.measured(cut, measured_cells[cut], one.method, one.k, usable))
    groups, unit, why = clusters(questions, found.places)  # of all, so that another grid makes the same halves
    groups = {name: group for name, group in groups.items() if name in usable}
    check_halves(groups, len(questions))
    told = choice.result(rows, current, groups, asked.criterion)
    counts = {f"{cut.chunk_tokens}-{cut.overlap_tokens}": cell["passages"] for cut, cell in measured_cells.items()}
    inputs = run.order["inputs"]
    return {
        **told, "chosen": next(row for row in told["rows"] if row["chosen"]), "unit": unit, "unit_why": why,
        "left_out": {"unusable": inputs["unusable"], "not_found": len(found.missing),
                     "no_passage": len(found.places) - len(usable)},
        "passages": counts, "embedded": sum(cell["embedded"] for cell in measured_cells.values()),
        "notes": _notes(asked, wanted[0], max(counts.values()), base.manifest["settings"]["exact_up_to"]),
    }  # fmt: skip


def _notes(asked: GridOrder, current: Cut, most: int, exact_up_to: int) -> list[str]:
    """What must be read with the figures: cuttings left out, and how they were searched."""
    notes = [not_tried(asked.chunk_tokens, asked.overlap_tokens, current)]
    if most > exact_up_to:
        notes.append(f"Every cutting was searched exactly. Above {exact_up_to:,} passages a knowledge base searches "
                     "approximately when it is asked one question at a time, which may find a little less; how much is "
                     "measured when it is made.")  # fmt: skip
    return [note for note in notes if note]
