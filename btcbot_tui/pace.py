"""The notches of speed for recorded data, from a standstill to as fast as it goes."""

from btcbot_tui.moment import HELD_S

PACES_S = (HELD_S, 5.0, 2.0, 1.0, 0.5, 0.2, 0.1, 0.05, 0.0)
"""Seconds from one turn to the next, slowest first."""


def faster(pace_s: float) -> float:
    """The next notch up; the fastest stays."""
    return next((notch for notch in PACES_S if notch < pace_s), PACES_S[-1])


def slower(pace_s: float) -> float:
    """The next notch down; the standstill stays."""
    return next((notch for notch in reversed(PACES_S) if notch > pace_s), HELD_S)
