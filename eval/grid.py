"""A grid of search settings: every cutting × method × number of passages, on questions whose gold is known.

What is asked for, its order, its result, and making the choice the knowledge base's own. eval.grid_work is the job.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from data import jobs
from data.disk import append_jsonl, read_json, read_jsonl
from data.errors import UserError
from data.leakage import question_key
from data.options import checked, from_saved
from data.store import resolve
from data.workspace import Workspace
from eval import gold
from eval.cells import Cut
from eval.choice import Setting
from eval.halves import clusters
from eval.retrieval import MEASURES
from eval.systems import searched
from rag.files import Knowledge, open_knowledge
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
    """Every cutting to try, the current one first (it costs nothing). See ``not_tried`` for what is left out."""
    return [current, *(cut for cut in _named(sizes, overlaps) if cut != current and _possible(cut))]


def not_tried(sizes: Sequence[int], overlaps: Sequence[int], current: Cut) -> str:
    """A sentence that names the cuttings asked for that cannot be had, and says why; "" when there is none."""
    left = [cut for cut in _named(sizes, overlaps) if cut != current and not _possible(cut)]
    if not left:
        return ""
    named = ", ".join(f"{cut.chunk_tokens}/{cut.overlap_tokens}" for cut in left)
    return f"Not tried (size/overlap): {named}, for an overlap must be less than half of the size."


def _named(sizes: Sequence[int], overlaps: Sequence[int]) -> list[Cut]:
    return [Cut(size, overlap) for size in sorted(set(sizes)) for overlap in sorted(set(overlaps))]


def _possible(cut: Cut) -> bool:
    return 2 * cut.overlap_tokens < cut.chunk_tokens


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
            f"The gold text of {len(found.places)} of {len(questions) + unusable} questions is in {base.ref}; two are "
            "the least, for one half chooses and the other tells how good the choice is.",
            "Give more questions about these documents, with their evidence; or mark more passages in the search lab.",
        )
    check_halves(clusters(questions, found.places)[0], len(questions))
    config = {**asdict(asked), "knowledge": base.ref}
    inputs = {
        "questions": len(questions), "unusable": unusable, "not_found": len(found.missing),
        "fingerprint": gold.fingerprint(questions),
    }  # fmt: skip
    run = jobs.order(workspace, "grid", base.artifact.name, config, inputs)
    append_jsonl(run.folder / "questions.jsonl", (asdict(question) for question in questions))
    return run


def check_halves(groups: Mapping[str, str], questions: int) -> None:
    """Raise UserError where nothing can be held out. ``groups``: {question: its unit}, of those that can be used."""
    fix = "Half of the questions must be held out: give some about several places."
    if not groups:
        raise UserError(f"None of the {questions} questions has a right passage in every cutting.", fix)
    if len(set(groups.values())) < 2:
        what = f"All {len(groups)} questions that can be used ask the same, or rest on the same or overlapping text."
        raise UserError(what, fix)


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
