"""A search's reporter as one of its trials sees it."""

from __future__ import annotations

from typing import Any

from data.child import Reporter


class Part:
    """A job's reporter as one trial sees it: its steps are a part of the whole search's, its curve names it.

    ``span``: how much of the search is done before, how much this part is of it, and the whole, in fine-tunes.
    """

    def __init__(self, whole: Reporter, trial: int, span: tuple[float, float, float], words: str) -> None:
        self._whole, self.trial, self.words = whole, trial, words
        self.done, self.share, self.total = span
        self._first: float | None = None

    def step(self, done: float, total: float, text: str) -> None:
        """One step of the trial is done. Raises Stopped if so asked."""
        self._first = done - 1 if self._first is None else self._first
        gained = min(self.share, (done - self._first) / total)
        self._whole.step(self.done + gained, self.total, f"trial {self.trial + 1} ({self.words}): {text}")

    def metric(self, **values: Any) -> None:
        """A measurement of this trial."""
        self._whole.metric(trial=self.trial, **values)

    def write(self, **values: Any) -> None:
        """What a trial does now is what the search does now; its own best step is not the search's."""
        if "text" in values:
            self._whole.write(text=f"trial {self.trial + 1} ({self.words}): {values['text']}")

    def expect(self, seconds_left: float | None) -> None:
        """A trial's own time left says nothing of the search's, which is reckoned from the share done."""

    def should_stop(self) -> bool:
        """True once the search is asked to stop."""
        return self._whole.should_stop()
