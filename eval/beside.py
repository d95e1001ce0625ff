"""What models are needed for beside the answers: measured once by the bench's job and kept, so that scoring needs none.

    gold.json           the gold passages of each question in every knowledge base searched
    similarities.json   cosine of each written answer to its nearest reference (task "text"), and by which embedder
    likelihoods.json    log likelihood of each reference under every system with a local model, and its tokens

Each is written whole when it is complete; a killed job measures again what is missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np

from data.child import Reporter
from data.disk import read_json, write_json
from data.jobs import Run
from data.schema import Answer, Example
from data.workspace import Workspace
from eval import gold, records
from eval.metrics import said
from eval.systems import System
from eval.values import Beside
from rag.files import open_knowledge
from rag.settings import PACKAGED

if TYPE_CHECKING:  # the job's own: it brings torch
    from eval.loading import Loader

GOLD, SIMILAR, LIKELY = "gold.json", "similarities.json", "likelihoods.json"
TAUGHT = "taught.json"  # {"taught": {tuned weights: {example id: true, false or null}}}, where the order knows it
SAMPLE, SEED = 200, 0  # references whose likelihood is measured: reading prompts again costs as much as reading them
BATCH = 256
Answers = Mapping[str, Mapping[str, Answer]]


def measure(workspace: Workspace, run: Run, loader: Loader, reporter: Reporter) -> None:
    """Measure and keep what is not kept yet. Raises Stopped when the job was asked to stop."""
    systems = [System(**values) for values in run.order["config"]["systems"]]
    examples, answers = records.questions(run), records.load_answers(run.folder)
    if not (run.folder / GOLD).exists():
        reporter.write(text="finding the gold passages")
        write_json(run.folder / GOLD, {"knowledge": gold_passages(workspace, systems, examples)})
    if not (run.folder / SIMILAR).exists():
        found = similarities(examples, answers, loader, reporter)
        write_json(run.folder / SIMILAR, {"embedder": PACKAGED, "systems": found})
    if not (run.folder / LIKELY).exists():
        write_json(run.folder / LIKELY, {"systems": likelihoods(systems, examples, answers, loader, reporter)})


def load(run: Run) -> Beside:
    """What a run has kept; nothing of runs from before."""
    knowledge = _kept(run.folder / GOLD).get("knowledge", {})
    similar, likely = _kept(run.folder / SIMILAR), _kept(run.folder / LIKELY)
    searched = {one["name"]: one["knowledge"] for one in run.order["config"]["systems"]}
    likelihood = {name: {id_: (one[0], one[1]) for id_, one in rows.items()}
                  for name, rows in likely.get("systems", {}).items()}  # fmt: skip
    return Beside(
        {name: knowledge[base] for name, base in searched.items() if base in knowledge},
        similar.get("systems", {}), likelihood, similar.get("embedder", ""), _taught(_kept(run.folder / TAUGHT)),
    )  # fmt: skip


def _taught(kept: Mapping[str, Any]) -> dict[str, str]:
    """Whether a question's fact was taught to the tuned weights; by all of them, where several are compared."""
    said = {True: "taught", False: "never taught", None: "unknown"}
    weights = list(kept.get("taught", {}).values())
    told = {id_: {one.get(id_) for one in weights} for one in weights for id_ in one}
    return {id_: said[ways.pop()] if len(ways) == 1 else "taught to some" for id_, ways in told.items()}


def _kept(path: Path) -> dict[str, Any]:
    return read_json(path) if path.exists() else {}


def gold_passages(
    workspace: Workspace, systems: Sequence[System], examples: Sequence[Example]
) -> dict[str, dict[str, list[str]]]:
    """{knowledge base: {example id: ids of its gold passages}}; none where its evidence does not stand."""
    found = {}
    asked = gold.from_examples(examples)
    for reference in sorted({system.knowledge for system in systems if system.knowledge}):
        base = open_knowledge(workspace, reference)
        places = gold.locate(asked, base.texts).places
        found[reference] = gold.gold_of(base.passages, places, {one.id: one.answers for one in asked})
    return found


def similarities(
    examples: Sequence[Example], answers: Answers, loader: Loader, reporter: Reporter
) -> dict[str, dict[str, float]]:
    """{system: {example id: cosine of its answer to the nearest reference}} for the task "text"."""
    written = [example for example in examples if example.task == "text" and example.answerable]
    texts = [text for example in written for text in example.answers]
    rows = [(name, e, given[e.id]) for name, given in answers.items() for e in written if _whole(given.get(e.id))]
    texts += [said(answer) for _, _, answer in rows]
    if not rows:
        return {}
    known = list(dict.fromkeys(texts))
    embedder, made = loader.embedder(PACKAGED), []
    for start in range(0, len(known), BATCH):
        reporter.step(start, len(known), f"comparing meanings: {start} of {len(known)} texts")
        made.append(embedder.embed(known[start : start + BATCH]))
    vectors = dict(zip(known, np.concatenate(made), strict=True))
    found: dict[str, dict[str, float]] = {}
    for name, example, answer in rows:
        cosines = [float(vectors[said(answer)] @ vectors[text]) for text in example.answers]
        found.setdefault(name, {})[example.id] = round(max(cosines), 6)
    return found


def _whole(answer: Answer | None) -> bool:
    return answer is not None and answer.available and bool(said(answer).strip())


def likelihoods(
    systems: Sequence[System], examples: Sequence[Example], answers: Answers, loader: Loader, reporter: Reporter
) -> dict[str, dict[str, tuple[float, int]]]:
    """{system: {example id: (natural log likelihood of the first reference, its tokens with the end)}}.

    On at most 200 answerable questions, drawn with a fixed seed and the same for all systems; the prompt is the one
    that the system answered. Best-sentence systems have no model.
    """
    known = [example for example in examples if example.answerable]
    drawn = known if len(known) <= SAMPLE else Random(SEED).sample(known, SAMPLE)
    found: dict[str, dict[str, tuple[float, int]]] = {}
    asked = [system for system in systems if not system.floor]
    for number, system in enumerate(sorted(asked, key=lambda one: (one.model, one.name))):
        reporter.step(number, len(asked), f"{system.name}: how much the references surprise it")
        given = answers.get(system.name, {})
        rows = [e for e in drawn if e.id in given and given[e.id].conversation and _fitted(given[e.id])]
        scores = loader.generator(system).score([given[e.id].conversation for e in rows], [e.answers[0] for e in rows])
        tokens = loader.model(system.model).tokens
        found[system.name] = {
            e.id: (round(float(one), 6), len(tokens.answer(e.answers[0]))) for e, one in zip(rows, scores, strict=True)
        }
    return found


def _fitted(answer: Answer) -> bool:
    return answer.available and answer.finish_reason != "over_budget"
