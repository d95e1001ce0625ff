"""The parts of a comparison's job: every answer, the gold passage alone, and times one question at a time.

Each part goes on where an earlier try of the same run ended.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from data import jobs
from data.child import Reporter
from data.errors import UserError
from data.schema import DecodeSettings, Example
from eval import conditions, gold_alone, latency, memory, records
from eval.asking import Tally, ask
from eval.plan import Batch, load_plan, plan
from eval.searching import timed_search
from eval.systems import System

if TYPE_CHECKING:  # the child's own: brings torch, transformers and faiss
    from eval.loading import Loader


@dataclass(frozen=True)
class Job:
    """One run under way: what was ordered, and what carries it out."""

    run: jobs.Run
    loader: Loader
    reporter: Reporter
    systems: dict[str, System]
    settings: DecodeSettings
    examples: tuple[Example, ...]
    tally: Tally

    @classmethod
    def of(cls, run: jobs.Run, loader: Loader, reporter: Reporter) -> Job:
        systems = [System(**values) for values in run.order["config"]["systems"]]
        settings = DecodeSettings(run.order["config"]["max_new_tokens"])
        named = {system.name: system for system in systems}
        return cls(run, loader, reporter, named, settings, records.questions(run), Tally(reporter))


def answer_all(job: Job) -> None:
    """Every batch of the stored plan that is not answered whole yet."""
    systems, folder = list(job.systems.values()), job.run.folder
    batches = load_plan(folder) or plan(systems, dict.fromkeys(job.systems, job.examples))
    left = records.keep_whole(folder, batches)
    job.tally.expect(_questions(left), _questions(batches) - _questions(left))
    if job.run.kind == "bench":
        job.tally.expect(*latency.to_come(folder, job.systems, job.examples))
    _ask(job, left, job.systems, records.ANSWERS, "answering")


def ask_gold_alone(job: Job) -> None:
    """Ask again, with the gold passage alone, what was answered wrong although that passage had been read."""
    folder, systems = job.run.folder, list(job.systems.values())
    asked = gold_alone.to_ask(systems, job.examples, records.load_answers(folder))
    batches = plan(systems, asked)
    left = records.keep_whole(folder, batches, records.ALONE)
    job.tally.expect(_questions(left), _questions(batches) - _questions(left))
    rows = {name: gold_alone.alone(system) for name, system in job.systems.items()}
    _ask(job, left, rows, records.ALONE, "with the gold passage alone")


def time_one_at_a_time(job: Job) -> None:
    """The times of at most 30 sampled questions, asked one at a time (see eval.latency)."""
    for group in latency.groups(list(job.systems.values())):
        latency.measure(job.run.folder, group, job.examples, _Prepared(job), job.tally)


class _Prepared:
    """Gives latency its answerers: everything read into memory before the clock runs."""

    def __init__(self, job: Job) -> None:
        self.job = job

    def __call__(self, system: System) -> latency.Answerer:
        self.job.loader.ready(system)
        return self.job.loader.answerer(system, self.job.settings)


def _ask(job: Job, left: Sequence[Batch], systems: dict[str, System], file: str, what: str) -> None:
    examples = {example.id: example for example in job.examples}
    log = records.AnswerLog(job.run.folder, file)
    for name in dict.fromkeys(batch.system for batch in left):
        own = [batch for batch in left if batch.system == name]
        with _loaded(job, systems[name], remember=file == records.ANSWERS):
            system = systems[name]
            timed = system.context == "retrieved" and file == records.ANSWERS
            find = timed_search(job.run.folder, name, job.loader.retriever_of(system), system.k) if timed else None
            ask(job.loader.answerer(system, job.settings, find), own, examples, log, job.tally, what)


@contextmanager
def _loaded(job: Job, system: System, remember: bool) -> Iterator[None]:
    """Read what the system needs, say where it computes, and (``remember``) keep its conditions and peak of memory."""
    job.tally.say(f"{system.name}: loading")
    job.loader.ready(system)
    if not system.floor:
        device = job.loader.model(system.model).device
        job.reporter.device(device.name, f"{device.reason}; {device.dtype}: {device.dtype_reason}")
    job.reporter.count_from_here()
    if not remember:
        yield
        return
    conditions.save(job.run, job.loader, system)
    with memory.watched(job.run.folder, system, job.loader):
        yield


def _questions(batches: Sequence[Batch]) -> int:
    return sum(len(batch.examples) for batch in batches)


def refuse_unless_whole(job: Job) -> None:
    """Raise UserError when the machine failed on some questions: they are asked again when the run is resumed."""
    given = [a for answers in records.load_answers(job.run.folder).values() for a in answers.values()]
    failed = [answer for answer in given if answer.finish_reason == "error"]
    if failed:
        what = f"The machine failed on {len(failed)} of {len(given)} answers ({failed[0].note}); "
        what += "the comparison is incomplete."
        raise UserError(what, "Resume it: only the questions asked together with those are asked again.")
