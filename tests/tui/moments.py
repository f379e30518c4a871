"""Makers for moments: a frame together with what the operator did and what the clocks say."""

from datetime import UTC, timedelta

from btcbot_core.app.frames import Frame
from btcbot_tui.ink import Lines
from btcbot_tui.moment import Moment
from btcbot_tui.texts import ENGLISH
from tests.tui.frames import AT, a_frame


def a_moment(
    frame: Frame | None = None,
    *,
    late_s: float = 0,
    silent_s: int = 0,
    paused_s: int | None = None,
    shown: Frame | None = None,
    is_stopping: bool = False,
) -> Moment:
    """The frame as seen `late_s` seconds after its cycle."""
    frame = frame or a_frame()
    return Moment(
        frame=frame,
        shown=shown or frame,
        at=None if frame.cycle is None else AT + timedelta(seconds=late_s),
        silent_s=silent_s,
        paused_s=paused_s,
        is_stopping=is_stopping,
        words=ENGLISH,
        zone=UTC,
    )


def texts_of(lines: Lines) -> list[str]:
    """The lines as they read, without their inks."""
    return ["".join(piece.text for piece in pieces) for pieces in lines]
