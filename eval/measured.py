"""How well one version of a knowledge base, searched as it is, finds what its test set asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from data.leakage import question_key
from data.workspace import Workspace
from eval import gold
from eval.halves import clusters
from eval.retrieval import WORDS, means, outcome
from eval.statistics import saved
from eval.systems import defaults
from eval.told import aligned, cell
from rag.embed import Embedder
from rag.files import open_knowledge
from rag.retrieve import KnowledgeRetriever
from rag.settings import tuned
from rag.whole_set import searched_exactly


def measure(
    workspace: Workspace, ref: str, source: str, k: int, method: str, load: Callable[[str], Embedder]
) -> dict[str, Any]:
    """Search every question of ``source`` (see eval.gold.read) and judge what is found.

    ``k`` 0 and ``method`` "" stand for the knowledge base's own. Returns {"knowledge", "k", "method", "measures":
    {name: mean, low, high, n, groups}, "left_out": counts, "unit", "unit_why", "tuned_on": how many of the questions
    its settings were tuned on}.
    """
    base = open_knowledge(workspace, ref)
    own = tuned(base.manifest)
    own_k, own_method, why = defaults(own)
    k, method = k or own_k, method or own_method
    questions, unusable = gold.read(workspace, source, base.artifact.name)
    found = gold.locate(questions, base.texts)
    right = gold.gold_of(base.passages, found.places, {one.id: one.answers for one in questions})
    asked = [one for one in questions if right.get(one.id)]
    retriever = KnowledgeRetriever(base, load(base.manifest["embedder"]["id"]), method)
    hits = retriever.search([one.question for one in asked], k)
    outcomes = {
        one.id: outcome([hit.passage.id for hit in ranked], right[one.id])
        for one, ranked in zip(asked, hits, strict=True)
    }
    units, unit, unit_why = clusters(questions, {one.id: found.places[one.id] for one in asked})
    counts = {"unusable": unusable, "not_found": len(found.missing), "no_passage": len(found.places) - len(asked)}
    notes = (retriever.note, "" if method == "bm25" else searched_exactly(base.manifest, len(asked)))
    tuned_on = sum(question_key(one.question) in own.questions for one in asked) if own else 0
    told = {name: saved(value) for name, value in means(outcomes, units, k).items()}
    return {
        "knowledge": base.ref, "k": k, "method": method, "why": why, "measures": told, "left_out": counts,
        "unit": unit, "unit_why": unit_why, "note": "; ".join(note for note in notes if note), "tuned_on": tuned_on,
    }  # fmt: skip


def as_lines(told: Mapping[str, Any]) -> list[str]:
    """The same for a terminal."""
    head = f"{told['knowledge']}, {told['method']}, k = {told['k']}"
    head += f" ({told['why']})" if told["why"] else ""
    sure = next(iter(told["measures"].values()))
    if sure is None:
        return [f"{head}: no question could be asked.", *left_out(told["left_out"])]
    rows = [(f"{WORDS[name]}@{told['k']}, %", cell(value)) for name, value in told["measures"].items()]
    size = f"n = {sure['n']} questions in {sure['groups']} independent groups ({told['unit']}: {told['unit_why']}); "
    notes = [f"Note: {told['note']}."] if told["note"] else []
    if count := told["tuned_on"]:
        notes.append(f"Its settings were tuned on {count} of these questions: the figures flatter them.")
    return [head, *aligned(rows), f"{size}95 % intervals in brackets.", *left_out(told["left_out"]), *notes]


def left_out(counts: Mapping[str, int]) -> list[str]:
    """A sentence for each reason why questions were left out; none was scored 0 for it."""
    why = {
        "unusable": "carry no evidence", "not_found": "have evidence that does not stand in this version",
        "no_passage": "have no right passage in every cutting",
    }  # fmt: skip
    return [f"Left out: {count} questions that {why[name]}." for name, count in counts.items() if count]
