"""A grid of search settings as a job: every cutting × method × number of passages, on questions whose gold is known.

Documents are cut anew from the texts that the knowledge base stores; nothing is published. Each finished cutting is
kept (eval.cells), so that a stopped or killed grid goes on where it was. eval.choice says what is chosen and reported.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from data import jobs
from data.child import Reporter
from data.disk import append_jsonl, read_json, read_jsonl, write_json
from data.errors import UserError
from data.leakage import question_key
from data.options import checked, from_saved
from data.store import resolve
from data.workspace import Workspace
from eval import cells, choice, gold
from eval.cells import Cut
from eval.choice import Measured, Setting
from eval.gold import Located, Question
from eval.retrieval import MEASURES
from eval.systems import searched
from rag import draft
from rag.embed import Embedder
from rag.files import Knowledge, check_embedder, open_knowledge
from rag.orders import order_recut
from rag.retrieve import DEPTH
from rag.settings import METHODS, BuildConfig, Tuned, tuned

SIZES, OVERLAPS, KS, CRITERION = (80, 160, 240), (0, 40), (2, 4, 6, 8), "hit"


@dataclass(frozen=True)
class GridOrder:
    """What a person asks for. ``questions``: a file, a stored dataset (its validation rows), or eval.gold.MARKS."""

    knowledge: str
    questions: str
    chunk_tokens: tuple[int, ...] = SIZES
    overlap_tokens: tuple[int, ...] = OVERLAPS
    methods: tuple[str, ...] = METHODS
    ks: tuple[int, ...] = KS
    criterion: str = CRITERION


def cuts(sizes: Sequence[int], overlaps: Sequence[int], current: Cut) -> list[Cut]:
    """Every cutting to try, the current one first (it costs nothing); an overlap of half a passage or more is none."""
    wanted = [Cut(size, overlap) for size in sorted(set(sizes)) for overlap in sorted(set(overlaps))]
    return [current, *(cut for cut in wanted if cut != current and 2 * cut.overlap_tokens < cut.chunk_tokens)]


def in_use(manifest: dict[str, Any]) -> Setting:
    """The settings with which a version of a knowledge base is cut and searched now."""
    k, method, _ = searched(manifest)
    return Setting(manifest["settings"]["chunk_tokens"], manifest["settings"]["overlap_tokens"], method, k)


def order(workspace: Workspace, asked: GridOrder) -> jobs.Run:
    """Check the settings, find every question's gold in the documents, and write the order. Raises UserError."""
    base = open_knowledge(workspace, asked.knowledge)
    _check(asked, base)
    questions, unusable = gold.read(workspace, asked.questions, base.artifact.name)
    found = gold.locate(questions, base.texts)
    if len(found.places) < 2:
        raise UserError(
            f"Of {len(questions) + unusable} questions, {len(found.places)} have a gold text that is in {base.ref}.",
            "Give questions about these documents, with their evidence; or mark passages in the search lab.",
        )
    config = {**asdict(asked), "knowledge": base.ref}
    inputs = {
        "questions": len(questions), "unusable": unusable, "not_found": len(found.missing),
        "fingerprint": gold.fingerprint(questions),
    }  # fmt: skip
    run = jobs.order(workspace, "grid", base.artifact.name, config, inputs)
    append_jsonl(run.folder / "questions.jsonl", (asdict(question) for question in questions))
    return run


def _check(asked: GridOrder, base: Knowledge) -> None:
    if not (asked.chunk_tokens and asked.overlap_tokens and asked.methods and asked.ks):
        raise UserError(
            "A size, an overlap, a method and a number of passages are needed.", "Name at least one of each."
        )
    reads = base.manifest["embedder"]["max_tokens"]
    for size in asked.chunk_tokens:
        checked(BuildConfig(chunk_tokens=size))
        if size > reads:
            raise UserError(f"Passages of {size} tokens are too long: the embedding model reads {reads}.",
                            "Choose shorter passages.")  # fmt: skip
    for overlap in asked.overlap_tokens:
        checked(BuildConfig(overlap_tokens=overlap))
    if wrong := [k for k in asked.ks if not 1 <= k <= DEPTH]:
        raise UserError(f"{wrong[0]} passages cannot be tried.", f"Choose from 1 to {DEPTH}.")
    if unknown := set(asked.methods) - set(METHODS):
        raise UserError(f"There is no search method {min(unknown)!r}.", f"Choose of: {', '.join(METHODS)}.")
    if asked.criterion not in MEASURES:
        raise UserError(f"There is no measure {asked.criterion!r}.", f"Choose one of: {', '.join(MEASURES)}.")


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
    told = _result(run, asked, wanted, current, found)
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
    run: jobs.Run, asked: GridOrder, wanted: Sequence[Cut], current: Setting, found: Located
) -> dict[str, Any]:  # fmt: skip
    """What the finished cells come to; see eval.choice.result."""
    measured_cells = {cut: cells.load(run.folder, cut) for cut in wanted}
    usable = cells.judgeable(list(measured_cells.values()))
    settings = [
        Setting(cut.chunk_tokens, cut.overlap_tokens, method, k)
        for cut in cuts(asked.chunk_tokens, asked.overlap_tokens, wanted[0])
        for method in asked.methods for k in sorted(set(asked.ks))
    ]  # fmt: skip
    rows: list[Measured] = []
    for one in dict.fromkeys([current, *settings]):
        cut = Cut(one.chunk_tokens, one.overlap_tokens)
        rows.append(cells.measured(cut, measured_cells[cut], one.method, one.k, usable))
    clusters, unit, why = gold.clusters({name: found.places[name] for name in sorted(usable)})
    if len(set(clusters.values())) < 2:
        raise UserError("All questions are about one and the same place of the documents.",
                        "Half of them must be held out: give questions about several places.")  # fmt: skip
    told = choice.result(rows, current, clusters, asked.criterion)
    inputs = run.order["inputs"]
    return {
        **told, "chosen": next(row for row in told["rows"] if row["chosen"]), "unit": unit, "unit_why": why,
        "left_out": {"unusable": inputs["unusable"], "not_found": len(found.missing),
                     "no_passage": len(found.places) - len(usable)},
        "passages": {f"{c.chunk_tokens}-{c.overlap_tokens}": cell["passages"] for c, cell in measured_cells.items()},
        "embedded": sum(cell["embedded"] for cell in measured_cells.values()),
    }  # fmt: skip


def result(run: jobs.Run) -> dict[str, Any]:
    """What a finished grid found. Raises UserError when it has not finished."""
    if not (run.folder / "result.json").exists():
        raise UserError(f"The tuning {run.id} has no result yet: it is {run.state}.", "Let it finish, or resume it.")
    return read_json(run.folder / "result.json")


def adopt(workspace: Workspace, run: jobs.Run) -> jobs.Run:
    """Order that the chosen settings become the knowledge base's own: a new version, cut and searched like that.

    Its manifest remembers the keys of all questions of the grid, also of the half that was held out: whoever reads the
    report and then adopts has looked at both.
    """
    chosen = result(run)["chosen"]
    name = run.order["config"]["knowledge"].partition("@")[0]
    now, then = (resolve(workspace, "knowledge", ref).manifest() for ref in (name, run.order["config"]["knowledge"]))
    if now["settings"]["embedder"] != then["settings"]["embedder"]:
        raise UserError(f"{name} is embedded with another model now than when this was measured.", "Tune it again.")
    settings = replace(from_saved(now["settings"], BuildConfig), chunk_tokens=chosen["chunk_tokens"],
                       overlap_tokens=chosen["overlap_tokens"])  # fmt: skip
    questions = gold.restored(read_jsonl(run.folder / "questions.jsonl"))
    before = tuned(now)  # what an earlier tuning looked at has been looked at
    keys = {question_key(question.question) for question in questions} | set(before.questions if before else ())
    return order_recut(workspace, name, settings, Tuned(chosen["method"], chosen["k"], run.id, tuple(sorted(keys))))
