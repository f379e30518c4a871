"""Time on recorded data: it stands still within a step and moves one interval at a time."""

import time
from datetime import datetime, timedelta

from btcbot_core.adapters.replay.dataset import Dataset


class DatasetClock:
    """The instant of the current step. Before the first step nothing has been seen yet."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def monotonic_s(self) -> float:
        """Real seconds: pacing and durations are of this machine, not of the recording."""
        return time.monotonic()

    def move_to(self, instant: datetime) -> None:
        """Only the timeline moves it."""
        self._now = instant


class ReplayTimeline:
    """The dataset's steps: step k is the instant at which the k-th interval is over.

    Candles carry their open time, so at step k exactly the first k + 1 intervals are seen.
    """

    def __init__(self, dataset: Dataset, clock: DatasetClock, window: range | None = None) -> None:
        """`window` are the steps to turn; all of them where there is none."""
        self._first: datetime = dataset.first_open + dataset.interval
        self._interval: timedelta = dataset.interval
        self._window = range(dataset.steps) if window is None else window
        self._clock = clock

    def advance(self, last_step: int) -> int | None:
        """Move to the step after `last_step`, from wherever the clock stood."""
        step = max(last_step + 1, self._window.start)
        if step >= self._window.stop:
            return None
        self._clock.move_to(self._first + step * self._interval)
        return step

    def total(self) -> int:
        return len(self._window)


def clock_of(dataset: Dataset) -> DatasetClock:
    """A clock that stands at the beginning of a dataset."""
    return DatasetClock(dataset.first_open)


def window_of(dataset: Dataset, start: datetime | None, end: datetime | None) -> range:
    """The steps whose instants lie from `start` to `end`, both included. May be empty."""
    first, interval = dataset.first_open + dataset.interval, dataset.interval
    begin = 0 if start is None else max(0, -((first - start) // interval))
    stop = dataset.steps if end is None else min(dataset.steps, (end - first) // interval + 1)
    return range(begin, max(begin, stop))
