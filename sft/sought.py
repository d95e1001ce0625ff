"""What a search over settings is made of: its trials, its rounds, and who goes on.

Imports no heavy library, so that the page can show a search while it runs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any

from data.disk import read_json
from data.errors import UserError
from data.options import checked
from sft.choice import Point
from sft.config import TrainConfig

THIRD = 3  # one in so many trials goes on to the next round, which is so many times as long
MOST = 24  # trials
SHARES, RANKS = (0.3, 1.0, 3.0), (8, 32)  # shares of the usual learning rate, and ranks, tried by default


@dataclass(frozen=True)
class Trial:
    """One pair of settings, and how far it has come. ``failed`` is why it could not go on, ``fix`` what to do
    about that; ``dropped`` the round (from 1) after which others went on in its stead."""

    learning_rate: float
    rank: int
    alpha: int
    steps: int = 0
    planned: int = 0
    best: Point | None = None
    failed: str = ""
    fix: str = ""
    dropped: int | None = None
    trained_parameters: int = 0
    curve: tuple[dict[str, Any], ...] = field(default=(), repr=False)

    @property
    def words(self) -> str:
        return f"learning rate {self.learning_rate:g}, rank {self.rank}"

    def settings(self) -> dict[str, Any]:
        """What differs from the ordered settings."""
        return {"learning_rate": self.learning_rate, "rank": self.rank, "alpha": self.alpha}

    def saved(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def restored(cls, values: dict[str, Any]) -> Trial:
        known = {key: value for key, value in values.items() if key != "format"}
        point = known.pop("best")
        return cls(**known | {"best": point and Point(**point), "curve": tuple(known["curve"])})


@dataclass(frozen=True)
class Rounds:
    """``counts[n]`` trials train in round n, each over ``spans[n]``: from and to which share of its steps."""

    counts: tuple[int, ...]
    spans: tuple[tuple[float, float], ...]

    @property
    def trainings(self) -> float:
        """The cost of the whole search, in whole fine-tunes."""
        return sum(count * (after - before) for count, (before, after) in zip(self.counts, self.spans, strict=True))


def rounds(trials: int) -> Rounds:
    """Successive halving by thirds: 9 trials to a ninth of their steps, the best 3 to a third, the best to the end."""
    counts = [trials]
    while counts[-1] > 1:
        counts.append(math.ceil(counts[-1] / THIRD))
    shares = [THIRD ** -(len(counts) - 1 - n) for n in range(len(counts))]
    return Rounds(tuple(counts), tuple(zip([0.0, *shares], shares, strict=False)))


def settled(config: TrainConfig, learning_rates: Sequence[float], ranks: Sequence[int]) -> list[Trial]:
    """A trial for every pair. ``config``: as ordered; where it leaves alpha open, it is twice the rank.

    Raises UserError for fewer than two or too many pairs, a value out of its limits, and ranks where none is used.
    """
    if config.method not in ("lora", "qlora"):
        if len(set(ranks)) > 1:
            raise UserError(f"The method {config.method} has no rank to search over.", "Search learning rates only.")
        ranks = (config.rank,)
    pairs = sorted(set(product(learning_rates, ranks)))
    for rate, rank in pairs:
        checked(replace(config, learning_rate=rate, rank=rank))
    if not 2 <= len(pairs) <= MOST:
        raise UserError(f"A search over {len(pairs)} pair{'s' * (len(pairs) != 1)} of settings cannot be done.",
                        f"Name from 2 to {MOST} pairs of a learning rate and a rank.")  # fmt: skip
    return [Trial(rate, rank, config.alpha or 2 * rank) for rate, rank in pairs]


def merit(trial: Trial, by: str) -> tuple[float, float]:
    """What trials are ranked by, higher is better: the metric (of equal ones, the loss), or the loss."""
    if trial.best is None:
        return (-math.inf, -math.inf)
    loss = -math.inf if trial.best.loss is None else -trial.best.loss
    return (loss, 0.0) if by == "loss" or trial.best.metric is None else (trial.best.metric, loss)


def goes_on(trials: Sequence[Trial], going: Sequence[int], by: str, count: int) -> list[int]:
    """The best ``count`` of the trials that are going and have not failed; of equals, the first."""
    able = [place for place in going if not trials[place].failed]
    return sorted(sorted(able, key=lambda place: merit(trials[place], by), reverse=True)[:count])


def rows(trials: Sequence[Trial], winner: int | None = None) -> list[dict[str, Any]]:
    """One row a trial, for tables: what it was, how far it came, and what became of it. ``winner``: once the search is
    over."""
    return [
        {
            "learning_rate": trial.learning_rate, "rank": trial.rank, "steps": trial.steps, "planned": trial.planned,
            "best_step": trial.best.step if trial.best else None,
            "validation_loss": trial.best.loss if trial.best else None,
            "metric": trial.best.metric if trial.best else None, **bounds(trial),
            "outcome": "chosen" if place == winner else trial.failed or _outcome(trial, winner is not None),
        }
        for place, trial in enumerate(trials)
    ]  # fmt: skip


def bounds(trial: Trial) -> dict[str, Any]:
    """The 95 % interval of the metric at the trial's best step."""
    at = next((point for point in trial.curve if trial.best and point["step"] == trial.best.step
               and "eval_metric_low" in point), {})  # fmt: skip
    return {"metric_low": at.get("eval_metric_low"), "metric_high": at.get("eval_metric_high")}


def _outcome(trial: Trial, over: bool) -> str:
    if trial.dropped:
        return f"others were better after round {trial.dropped}"
    if not trial.planned:
        return "not begun"
    if trial.steps >= trial.planned:
        return "trained to the end"
    return "stopped before its end" if over else "under way"


def standing(folder: Path) -> dict[int, Trial]:
    """The trials of a search as their newest finished round left them, by number."""
    found = {}
    for home in (folder / "trials").glob("*"):
        kept = sorted(home.glob("round-*.json"), key=lambda path: int(path.stem.rpartition("-")[2]))
        if kept:
            found[int(home.name)] = Trial.restored(read_json(kept[-1]))
    return dict(sorted(found.items()))
