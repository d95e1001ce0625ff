"""Round after round: a random change, a kill at a random moment, a look at everything, sometimes a resume."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from data import jobs
from data.errors import UserError
from data.workspace import Workspace, open_workspace
from tests.chaos import changes, killing
from tests.chaos.changes import JOBS, Change
from tests.chaos.checks import Broken, Texts, Witness, current, must
from tests.chaos.killing import Ended, Moment

NAMES = ("one", "two")
WAYS = ("clock", "line", "store", "operation", "operation")  # the last finds most and costs least
BEYOND = 1.05  # moments are drawn up to a little after the usual end, so that the very end is hit too


@dataclass
class Campaign:
    """One workspace under fire. A seed draws the same changes as long as the kills end alike (clocks differ)."""

    folder: Path
    seed: int
    kills: Counter[str] = field(default_factory=Counter)
    ways: Counter[str] = field(default_factory=Counter)
    rounds: int = 0
    resumed: int = 0
    finished: int = 0

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.workspace: Workspace = open_workspace(self.folder / "home")
        self.witness = Witness(self.workspace)
        self.means: dict[str, Texts | None] = dict.fromkeys(NAMES)
        self.steps: dict[tuple[str, str], int] = {}
        self.seconds: dict[str, float] = {}

    def wage(self, kills: int) -> None:
        """Go on until that many builds, additions and removals were killed. Raises Broken with the round's story."""
        while sum(self.kills[action] for action in JOBS) < kills:
            self.rounds += 1
            name = self.random.choice(NAMES)
            action = self.random.choice(changes.possible(self.workspace, name, self.means[name]))
            files = self.folder / f"files-{self.rounds}"
            change = changes.draw(self.workspace, files, self.random, name, self.means[name], action)
            moment = self._moment(action)
            try:
                self._round(change, moment)
            except (Broken, UserError) as found:
                when = f"killed {moment}" if moment else "not killed"
                story = f"round {self.rounds} of seed {self.seed}, {action} of {name!r}, {when}"
                raise Broken(f"{story}: {found}") from found

    def _moment(self, action: str) -> Moment | None:
        """A random moment; None while it is not known how long such a change takes."""
        way = self.random.choice(WAYS)
        if action not in self.seconds or (action, "store") not in self.steps:
            return None
        if way == "clock":
            return Moment(way, self.random.uniform(0, self.seconds[action] * BEYOND))
        return Moment(way, self.random.randint(1, int(self.steps[action, way] * BEYOND)))

    def _round(self, change: Change, moment: Moment | None) -> None:
        # two whole runs of each action come first: one counts its steps, one takes its time
        traced = moment.way != "clock" if moment else change.action not in {action for action, _ in self.steps}
        if change.deletes:
            self.witness.deleted.add(change.deletes)
        ended = killing.run(change.work, moment, self.folder / f"round-{self.rounds}.log", traced)
        self._learn(change.action, ended, traced)
        if ended.killed and moment:
            self.kills[change.action] += 1
            self.ways[moment.way] += 1
        self._look(change, ended)
        if change.run and ended.killed and self.random.random() < 0.5:
            self._resume(change)
        for name in NAMES:  # the other one must not have been touched either
            published = self.witness.look(name)
            must(current(self.workspace, name, published) == self.means[name], f"{name} changed by itself")

    def _learn(self, action: str, ended: Ended, traced: bool) -> None:
        if ended.killed:
            return
        for way, count in ended.steps.items():
            self.steps[action, way] = count
        if not traced:
            self.seconds[action] = ended.seconds

    def _look(self, change: Change, ended: Ended) -> None:
        """Acknowledged: the change is there. Not acknowledged: it is there whole, or not at all."""
        published = self.witness.look(change.name)
        now = current(self.workspace, change.name, published)
        if self._acknowledged(change, ended):
            self.finished += 1
            must(now == change.after, "an acknowledged change was lost")
            must(change.deletes is None or int(change.deletes.split("@")[1]) not in published, "nothing was deleted")
        else:
            must(now in (self.means[change.name], change.after), "it means neither the old nor the new state")
        if change.deletes and int(change.deletes.split("@")[1]) in published:
            self.witness.deleted.discard(change.deletes)
        self.means[change.name] = now

    def _acknowledged(self, change: Change, ended: Ended) -> bool:
        """True if a user was told that the change is made: the job's status says "done", or the call returned."""
        if change.run is None:
            must(ended.killed or ended.code == 0, f"it failed with exit code {ended.code}")
            return not ended.killed
        run = jobs.load(self.workspace, change.run.id)
        allowed = ("queued", "died", "done") if ended.killed else ("done",)
        must(run.state in allowed, f"the job is {run.state}: {run.status.get('error')}")
        return run.state == "done"

    def _resume(self, change: Change) -> None:
        """Carry out the killed job again, as the button "resume" does: it must end well, with its change made."""
        if jobs.load(self.workspace, change.run.id).state == "done":
            return
        self.resumed += 1
        ended = killing.run(change.work, None, self.folder / f"round-{self.rounds}-resumed.log", traced=False)
        must(not ended.killed and ended.code == 0, f"resuming it failed with exit code {ended.code}")
        self._look(change, ended)
