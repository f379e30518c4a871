"""What may be asked of a running session from a second terminal, and how it answers."""

import time
from collections.abc import Callable

import msgspec

from btcbot_core.app.arming import ArmingView
from btcbot_core.app.frames import Arm, Feed, Frame, SelectArm
from btcbot_core.app.lease import Grant, LeaseLimits

WAIT_S = 3.0
"""How long an answer waits for the frame that holds it."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """`select` begins to arm, `arm` ends it with the typed phrase, `disarm` takes it back."""

    verb: str
    who: str = ""
    why: str = ""
    phrase: str = ""
    minutes: int = 0


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What the runner said. `error` is empty when it did what was asked."""

    error: str = ""
    arming: ArmingView = ArmingView()
    stage: str = ""
    kind: str = ""
    turns: int = 0
    killed: bool = False


class Control:
    """Answers questions over a feed. `limits` are those that settings allow a lease to have."""

    def __init__(
        self, feed: Feed, limits: LeaseLimits, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._feed = feed
        self._limits = limits
        self._sleep = sleep

    def answer(self, line: bytes) -> bytes:
        """One question, one reply; what does not parse is answered too."""
        try:
            question = msgspec.json.decode(line, type=Question)
        except msgspec.DecodeError as error:
            return msgspec.json.encode(Reply(error=f"not understood: {error}"))
        return msgspec.json.encode(self._reply(question))

    def _reply(self, question: Question) -> Reply:
        frame = self._feed.latest
        match question.verb:
            case "status":
                return _told(frame)
            case "disarm":
                self._feed.disarm(question.who)
                return _told(self._feed.latest)
            case "select" | "arm" if not frame.arming.is_possible:
                return _told(frame, "this run trades on paper: there is nothing to arm")
            case "select":
                self._feed.command(SelectArm())
                return self._after(lambda f: bool(f.arming.phrase), "it did not answer")
            case "arm":
                return self._arm(question)
            case _:
                return _told(frame, f"no such question: {question.verb[:20]}")

    def _arm(self, question: Question) -> Reply:
        grant = Grant(
            who=question.who, why=question.why, limits=self._limits, minutes=question.minutes
        )
        attempts = self._feed.latest.arming.attempts
        self._feed.command(Arm(grant, question.phrase))
        reply = self._after(lambda f: f.arming.attempts > attempts, "it did not answer")
        refused = reply.arming.refused
        return msgspec.structs.replace(reply, error=refused) if refused else reply

    def _after(self, is_so: Callable[[Frame], bool], otherwise: str) -> Reply:
        """The frame in which it became so; the runner may be in the middle of a turn."""
        waited_s = 0.0
        while waited_s < WAIT_S:
            if is_so(self._feed.latest):
                return _told(self._feed.latest)
            self._sleep(0.05)
            waited_s += 0.05
        return _told(self._feed.latest, otherwise)


def _told(frame: Frame, error: str = "") -> Reply:
    return Reply(
        error=error,
        arming=frame.arming,
        stage=frame.world.stage,
        kind=frame.world.kind,
        turns=frame.pulse.turns,
        killed=frame.kill.is_set,
    )
