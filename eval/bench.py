"""Run every system on the same questions: order it, carry it out as a job, and go on after a kill."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from random import Random
from typing import Any

from data import jobs
from data.child import Reporter
from data.errors import UserError
from data.examples import fingerprint, locate, read_examples, save_examples
from data.leakage import exact_matches, refuse_unless_allowed, restored
from data.nearness import Embed
from data.prompts import fingerprint as prompt_fingerprint
from data.schema import DecodeSettings, Example
from data.store import resolve
from data.workspace import Workspace
from eval import account, beside, claims, cut_short, forms, hidden, records, scoring, seeds, teaching
from eval.leaks import audited
from eval.phases import Job, answer_all, ask_gold_alone, refuse_unless_whole, time_one_at_a_time
from eval.plan import plan, save_plan
from eval.systems import Parts, System, corner, flags, parse, places, possible, settle
from rag.settings import tuned

SAMPLE_SEED = 0


@dataclass(frozen=True)
class BenchOrder:
    """What a person asks for: a test set, the parts, which systems, and how many questions at most."""

    name: str
    test: str
    parts: Parts
    systems: tuple[str, ...] = ()
    described: tuple[str, ...] = ()
    limit: int | None = None
    max_new_tokens: int = DecodeSettings().max_new_tokens
    allow_leakage: bool = False


def order(workspace: Workspace, asked: BenchOrder, kind: str = "bench", *, embed: Embed | None = None) -> jobs.Run:
    """Check everything that can be checked without a model, and write the order. Raises UserError.

    ``kind`` "headroom" is the same with fewer steps (see eval.headroom). ``embed`` settles near-duplicates of training
    questions (see data.leakage.audit).
    """
    if asked.max_new_tokens < 1 or (asked.limit is not None and asked.limit < 1):
        raise UserError("The limit and the number of new tokens must be at least 1.", "Give a larger number.")
    path = locate(workspace, asked.test, "test")
    reading = read_examples(path)
    examples = _sample(reading.examples, asked.limit)
    forms.check(examples)
    systems = _systems(workspace, asked, examples)
    leakage = audited(workspace, path, examples, systems, embed)
    refuse_unless_allowed(leakage, asked.allow_leakage)
    config = {
        "test": asked.test, "systems": [asdict(system) for system in systems], "limit": asked.limit,
        "max_new_tokens": asked.max_new_tokens, "leakage": leakage.saved(),
    }  # fmt: skip
    inputs: dict[str, Any] = {
        "test": fingerprint(examples), "test_file": reading.fingerprint, "prompt": prompt_fingerprint(),
        "rows_refused": len(reading.refused), "flags": {s.name: flags(workspace, s, len(examples)) for s in systems},
        "tuned_on": _tuned_on(workspace, examples, systems), "task_why": reading.task_reason,
        "recipes": seeds.recipes(workspace, systems),
        "unfinished": cut_short.known(workspace, (system.tuned for system in systems)),
    }  # fmt: skip
    run = jobs.order(workspace, kind, asked.name, config, inputs)
    save_examples(run.folder / "examples.jsonl", examples)
    save_plan(run.folder, plan(systems, dict.fromkeys((system.name for system in systems), examples)))
    teaching.save(workspace, run.folder, examples, systems)
    return run


def _sample(examples: Sequence[Example], limit: int | None) -> Sequence[Example]:
    """At most ``limit`` questions, drawn with a fixed seed, in file order (the first N may be all of one kind)."""
    if limit is None or limit >= len(examples):
        return examples
    return [examples[i] for i in sorted(Random(SAMPLE_SEED).sample(range(len(examples)), limit))]


def _systems(workspace: Workspace, asked: BenchOrder, examples: Sequence[Example]) -> list[System]:
    """The standard systems named (all possible ones when none is), and those described."""
    gold = any(example.evidence for example in examples)
    names = asked.systems or (() if asked.described else possible(asked.parts, gold))
    rows = [corner(name, asked.parts) for name in names] + [parse(text, asked.parts) for text in asked.described]
    return settle(workspace, rows)


def _tuned_on(workspace: Workspace, examples: Sequence[Example], systems: Sequence[System]) -> dict[str, Any]:
    """{knowledge base: how many test questions its settings were tuned on, and by which run}; only where there are any.

    Also when other search settings were asked for: how it is cut was chosen on these questions all the same.
    """
    found = {}
    for reference in sorted({system.knowledge for system in systems if system.knowledge}):
        own = tuned(resolve(workspace, "knowledge", reference).manifest())
        if own and (same := exact_matches(examples, set(own.questions))):
            found[reference] = {"questions": len(same), "of": len(examples), "run": own.run}
    return found


def work(workspace: Workspace, run: jobs.Run, reporter: Reporter) -> dict[str, Any]:
    """Answer every question with every system (skipping what an earlier try finished), then score.

    Raises UserError when the machine failed on some questions: without them there is nothing to compare.
    """
    from eval.loading import Loader  # the child's own: brings torch, transformers and faiss

    loader = Loader(workspace)
    return carry_out(Job.of(run, loader, reporter), lambda: beside.measure(workspace, run, loader, reporter))


def carry_out(job: Job, measure: Callable[[], None] = lambda: None) -> dict[str, Any]:
    """The same with the loader at hand; returns the run's summary. ``measure`` takes what only models can tell."""
    run, reporter = job.run, job.reporter
    answer_all(job)
    refuse_unless_whole(job)
    if run.kind == "bench":
        ask_gold_alone(job)
        time_one_at_a_time(job)
        measure()
    reporter.write(text="scoring")
    scores = score_again(run)
    return {"systems": short(scores), "scores": "scores.json"}


def score_again(run: jobs.Run) -> dict[str, Any]:
    """Score a run's stored answers and keep the scores and labels in its folder."""
    scores, labels = _scored(run)
    account.save_labels(run, labels)
    records.save_scores(run, scores)
    return scores


def rescore(run: jobs.Run) -> dict[str, Any]:
    """Scores of a run's stored answers, systems in the order asked for. No model: the same files, the same numbers."""
    return _scored(run)[0]


def _scored(run: jobs.Run) -> tuple[dict[str, Any], dict[str, dict[str, str]]]:
    answers = records.load_answers(run.folder)
    config = run.order["config"]
    named = {system["name"]: answers.get(system["name"], {}) for system in config["systems"]}
    examples = records.questions(run)
    scores = scoring.summarise(examples, named, leaked(config), beside.load(run))
    scores["seeds"] = seeds.spread(run.order["inputs"].get("recipes", {}), scores["systems"])
    where = places(config["systems"])
    scores |= {
        "claims": claims.judged(examples, named, where),
        "hidden": hidden.summary(examples, named, scores, where),
    }
    labels = account.labelled(run, examples, named)
    return scores | account.scored(run, named, labels), labels


def leaked(config: dict[str, Any]) -> tuple[str, ...]:
    """Ids of the test rows that training had seen, word for word or nearly; clean scores leave them out."""
    return restored(config["leakage"]).leaked if config.get("leakage") else ()


def short(scores: dict[str, Any]) -> dict[str, Any]:
    """What a run's summary holds of its scores."""
    keys = ("n", "exact_match", "token_f1", "seconds")
    return {name: {key: row[key] for key in keys} for name, row in scores["systems"].items()}
