"""Watching a feed: what is new since the last look, and the moment that the screen draws."""

import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo

import msgspec

from btcbot_core.app.frames import Feed, Frame, Note, SetPace
from btcbot_tui.moment import Moment, is_recorded
from btcbot_tui.texts import ENGLISH, Words

NOTES_MAX = 500


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """How this console is set up; tests replace the clocks."""

    words: Words = ENGLISH
    zone: tzinfo | None = None
    """None is the machine's own zone."""
    is_ascii: bool = False
    operator: str = ""
    """Who acts here, for the journal; empty asks the system."""
    type_ahead_s: float = 0.3
    """How long a dialog is deaf after it opened."""
    wall: Callable[[], datetime] = lambda: datetime.now(UTC)
    monotonic_s: Callable[[], float] = time.monotonic


class Watch:
    """One feed as one operator sees it: paused or not, asked to stop or not."""

    def __init__(self, feed: Feed, look: Look) -> None:
        self._feed = feed
        self._look = look
        self._frame = feed.latest
        self._notes: deque[Note] = deque(maxlen=NOTES_MAX)
        self._news_at_s = look.monotonic_s()
        self._drawn_s = -1
        self._paused: tuple[Frame, float] | None = None
        self._asked_pace_s: float | None = None
        self.is_stopping = False

    def pull(self) -> bool:
        """Take what the feed has; True when it, or the second, is another than before."""
        frame, now_s = self._feed.latest, self._look.monotonic_s()
        notes = self._feed.drain()
        self._notes.extend(notes)
        is_news = frame is not self._frame
        if is_news:
            self._frame, self._news_at_s, self._asked_pace_s = frame, now_s, None
        if not is_news and not notes and int(now_s) == self._drawn_s:
            return False
        self._drawn_s = int(now_s)
        return True

    def moment(self) -> Moment:
        """This instant, for the views."""
        frame, now_s = self._frame, self._look.monotonic_s()
        shown, paused_s = frame, None
        if self._paused is not None:
            shown, paused_s = self._paused[0], int(now_s - self._paused[1])
        recorded_at = None if frame.cycle is None else frame.cycle.at
        return Moment(
            frame=frame,
            shown=shown,
            at=recorded_at if is_recorded(frame) else self._look.wall(),
            silent_s=int(now_s - self._news_at_s),
            paused_s=paused_s,
            is_stopping=self.is_stopping,
            notes=tuple(self._notes),
            words=self._look.words,
            zone=self._look.zone,
        )

    def toggle_pause(self) -> None:
        """Hold the panels at this frame, or let them go on."""
        self._paused = None if self._paused else (self._frame, self._look.monotonic_s())

    def pace_s(self) -> float:
        """The pace that was last asked for, until the run answers; else the run's."""
        asked = self._asked_pace_s
        return self._feed.latest.pulse.pace_s if asked is None else asked

    def ask_pace(self, pace_s: float) -> None:
        self._asked_pace_s = pace_s
        self._feed.command(SetPace(pace_s))
