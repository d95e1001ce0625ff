"""The changes that are interrupted: build, add and remove as jobs, roll back and delete as the page does them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from data import child, jobs, store
from data.workspace import Workspace
from rag import knowledge, orders
from rag.settings import BuildConfig
from tests.chaos.checks import Texts
from tests.hashing import fake

SETTINGS = BuildConfig(chunk_tokens=32, embedder="hash")
FILES = [f"{letter}.{kind}" for letter in "abcdef" for kind in ("md", "txt")]
JOBS = ("build", "add", "remove")


@dataclass(frozen=True)
class Change:
    """One change of one knowledge base: ``after`` is what its bare name must mean once it is acknowledged.

    ``run`` is the job that carries it out; None for a change that is acknowledged by returning. ``deletes`` is a
    version that it may make go away.
    """

    action: str
    name: str
    after: Texts
    work: Callable[[], int]
    run: jobs.Run | None = None
    deletes: str | None = None


def draw(workspace: Workspace, files: Path, random: Random, name: str, before: Texts | None, action: str) -> Change:
    """A change with random small files; ``before`` is what the name means now (None: nothing yet)."""
    before = before or {}
    if action == "remove":
        ids = random.sample(sorted(before), random.randint(1, len(before) - 1))
        after = {name: text for name, text in before.items() if name not in ids}
        return _job(workspace, action, name, after, orders.order_remove(workspace, name, ids))
    if action in ("roll back", "delete"):
        return _direct(workspace, random, name, before, action)
    files.mkdir()
    new = {file: _text(random) for file in random.sample(FILES, random.randint(1, 3))}
    for file, text in new.items():
        (files / file).write_text(text)
    if action == "add":
        return _job(workspace, action, name, before | new, orders.order_add(workspace, name, [files]))
    return _job(workspace, action, name, new, orders.order_build(workspace, name, [files], SETTINGS))


def possible(workspace: Workspace, name: str, before: Texts | None) -> list[str]:
    """The actions that make sense for a name now; the more important, the more often listed."""
    if before is None:
        return ["build"]
    several = len(store.versions(workspace, "knowledge", name)) > 1
    removing = ["remove"] * 3 if len(before) > 1 else []
    return ["build", "add", "add", "add", *removing, *(["roll back", "delete"] if several else [])]


def _text(random: Random) -> str:
    words = [f"w{random.randrange(10**6)}" for _ in range(8)]
    return f"# {words[0]}\n\n{' '.join(words[1:5])}.\n\n## {words[5]}\n\n{words[6]} {words[7]}.\n"


def _job(workspace: Workspace, action: str, name: str, after: Texts, run: jobs.Run) -> Change:
    def work() -> int:
        return child.run(workspace, run.id, orders.work(workspace, lambda _: fake()), needs_device=False)

    return Change(action, name, after, work, run)


def _direct(workspace: Workspace, random: Random, name: str, before: Texts, action: str) -> Change:
    now = store.current_version(workspace, "knowledge", name)
    number = random.choice([n for n in store.versions(workspace, "knowledge", name) if n != now])
    ref = f"{name}@{number}"
    after = {one.id: one.text for one in knowledge.open_knowledge(workspace, ref).documents}

    def roll_back() -> int:
        store.point(workspace, "knowledge", name, number)
        return 0

    def delete() -> int:
        knowledge.delete(workspace, ref, force=True)
        return 0

    if action == "roll back":
        return Change(action, name, after, roll_back)
    return Change(action, name, before, delete, deletes=ref)
