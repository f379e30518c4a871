"""Watching a feed: what is new since the last look, and the moment that the screen draws."""

import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo

import msgspec

from btcbot_core.app.arming import ArmingView
from btcbot_core.app.frames import Feed, Frame, Note, SetPace
from btcbot_core.app.lease import LeaseView
from btcbot_core.domain.ids import ClientId
from btcbot_core.domain.kill import KillState
from btcbot_tui.alarms import READ_S, Alarm, AlarmKey, Alarms, acknowledged, after
from btcbot_tui.moment import Moment, is_recorded, open_orders
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
        self._alarms: Alarms = ()
        self._first_since: tuple[AlarmKey | None, float] = (None, 0.0)
        self._killed_with: frozenset[ClientId] = frozenset()
        self._killed: KillState | None = None
        self._disarmed: tuple[ArmingView, ArmingView] | None = None
        self.is_stopping = False
        self._learn(self._frame)

    def pull(self) -> bool:
        """Take what the feed has; True when it, or the second, is another than before."""
        frame, now_s = self._feed.latest, self._look.monotonic_s()
        notes = self._feed.drain()
        self._notes.extend(notes)
        is_news = frame is not self._frame
        if is_news:
            self._learn(frame, self._frame)
            self._frame, self._news_at_s, self._asked_pace_s = frame, now_s, None
        if not is_news and not notes and int(now_s) == self._drawn_s:
            return False
        self._drawn_s = int(now_s)
        return True

    def moment(self) -> Moment:
        """This instant, for the views."""
        frame, now_s = self._with_own_acts(self._frame), self._look.monotonic_s()
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
            alarms=self._alarms,
            killed_with=self._killed_with,
            notes=tuple(self._notes),
            words=self._look.words,
            zone=self._look.zone,
        )

    def toggle_pause(self) -> None:
        """Hold the panels at this frame, or let them go on."""
        self._paused = None if self._paused else (self._frame, self._look.monotonic_s())

    def acknowledge(self) -> Alarm | None:
        """Acknowledge the alarm that stands first; None when it has not been there to be read."""
        key, since_s = self._first_since
        if key is None or self._look.monotonic_s() - since_s < READ_S:
            return None
        alarm = self._alarms[0]
        self._have(acknowledged(self._alarms, alarm.key))
        return alarm

    @property
    def alarms(self) -> Alarms:
        return self._alarms

    def have_killed(self, who: str, why: str, problem: str) -> None:
        """The latch is set now; a runner in a long turn shows it only after that."""
        if not self._feed.latest.kill.is_set:
            self._killed = KillState(True, self._look.wall(), who, why, problem)
            self._killed_with |= open_orders(self._frame)

    def have_disarmed(self, why: str) -> None:
        """The lease is over now, whatever the runner last showed of it."""
        arming = self._feed.latest.arming
        over = msgspec.structs.replace(arming, lease=LeaseView(ended_because=why))
        self._disarmed = arming, over

    def _with_own_acts(self, frame: Frame) -> Frame:
        """The frame with what the operator has done since, until the run itself shows it."""
        if self._killed is not None:
            frame = msgspec.structs.replace(frame, kill=self._killed)
        if self._disarmed is not None and frame.arming is self._disarmed[0]:
            frame = msgspec.structs.replace(frame, arming=self._disarmed[1])
        return frame

    def _learn(self, frame: Frame, last: Frame | None = None) -> None:
        """What outlasts a frame: alarms that nobody has seen, and what was open at the kill."""
        cycle = frame.cycle
        if cycle is not None and (last is None or cycle is not last.cycle):
            self._have(after(self._alarms, cycle.anomalies, cycle.at))
        if frame.kill.is_set:
            self._killed = None
        if frame.kill.is_set or self._killed is not None:
            self._killed_with |= open_orders(frame)
        else:
            self._killed_with = frozenset()

    def _have(self, alarms: Alarms) -> None:
        """Take the alarms as they are now, and note since when this one has stood first."""
        self._alarms = alarms
        first = next((alarm.key for alarm in alarms if not alarm.is_acked), None)
        if first != self._first_since[0]:
            self._first_since = first, self._look.monotonic_s()

    def pace_s(self) -> float:
        """The pace that was last asked for, until the run answers; else the run's."""
        asked = self._asked_pace_s
        return self._feed.latest.pulse.pace_s if asked is None else asked

    def ask_pace(self, pace_s: float) -> None:
        self._asked_pace_s = pace_s
        self._feed.command(SetPace(pace_s))
