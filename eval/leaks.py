"""The leakage audit of a comparison: its test questions against what its tuned weights learned and what it searches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from data import jobs
from data.disk import file_hash, read_json
from data.documents import by_file
from data.errors import UserError
from data.examples import locate, read_examples
from data.leakage import SHOWN_EXACT, Leakage, audit, exact_matches, test_file_among
from data.nearness import Embed
from data.schema import Example
from data.store import resolve
from data.workspace import Workspace
from eval.systems import System
from rag.knowledge import open_knowledge


def audited(
    workspace: Workspace, path: Path, examples: Sequence[Example], systems: Sequence[System],
    embed: Embed | None = None,
) -> Leakage:  # fmt: skip
    """The test questions among the training rows of all tuned weights; the test file among all documents.

    ``path`` is the test file. Exact questions are known from the tuned model itself; the rest needs its training rows,
    and where these are gone or changed the audit says so.
    """
    exact: set[str] = set()
    taught: list[Example] = []
    unknown = []
    for reference in sorted({system.tuned for system in systems if system.tuned}):
        artifact = resolve(workspace, "adapters", reference)
        if (keys := artifact.path / "questions.json").exists():
            exact.update(exact_matches(examples, set(read_json(keys)["keys"])))
        rows = training_rows(workspace, artifact.manifest().get("run"))
        taught += rows or ()
        if rows is None:
            unknown.append(
                f"The training rows of {reference} are not here any more, so questions that nearly repeat them "
                "could not be looked for."
            )
    found = audit(examples, taught, embed)
    among: set[str] = set()
    for reference in sorted({system.knowledge for system in systems if system.knowledge}):
        among.update(test_file_among(path, examples, by_file(open_knowledge(workspace, reference).documents)))
    exact.update(found.exact)
    return replace(
        found,
        exact=tuple(example.id for example in examples if example.id in exact),
        same=tuple(example.question for example in examples if example.id in exact)[:SHOWN_EXACT],
        near=tuple(id_ for id_ in found.near if id_ not in exact),
        test_file_in=tuple(sorted(among)), unknown=tuple(unknown),
    )  # fmt: skip


def training_rows(workspace: Workspace, run: str | None) -> tuple[Example, ...] | None:
    """The rows that a run was ordered to train on, if they are still there and unchanged."""
    try:
        ordered = jobs.load(workspace, run).order["inputs"]["train"] if run else None
        if not ordered:
            return None
        path = locate(workspace, ordered["ref"], "train")
        if not path.is_file() or file_hash(path) != ordered["sha256"]:
            return None
        return read_examples(path, ordered.get("mapping")).examples
    except UserError:  # the run or its rows were deleted
        return None
