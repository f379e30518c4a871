"""How each ink looks: grey when all is normal, a hue only for what is not, never a hue alone."""

from rich.style import Style
from textual.theme import Theme

from btcbot_tui.ink import Ink

_PAPER, _BAND, _PALE, _TEXT, _BRIGHT = "#0f1216", "#1d232b", "#7f8894", "#c6cdd5", "#f2f5f8"
_AMBER, _RED, _BLACK, _WHITE = "#e0a52b", "#c4352f", "#0b0d10", "#ffffff"

THEME = Theme(
    name="btcbot",
    primary="#8a93a0",
    secondary="#6b7480",
    accent="#b8c0ca",
    warning=_AMBER,
    error=_RED,
    success="#8a93a0",
    foreground=_TEXT,
    background=_PAPER,
    surface="#161b21",
    panel=_BAND,
    boost="#232a33",
    dark=True,
    variables={"field": "#2b333e"},
)

COLOURED: dict[Ink, Style] = {
    Ink.PLAIN: Style(),
    Ink.DIM: Style(color=_PALE),
    Ink.STRONG: Style(color=_BRIGHT, bold=True),
    Ink.HEAD: Style(color=_PALE, bgcolor=_BAND),
    Ink.TITLE: Style(color=_BRIGHT, bgcolor=_BAND, bold=True),
    Ink.BADGE: Style(color=_BLACK, bgcolor="#aeb6c0", bold=True),
    Ink.WARN: Style(color=_AMBER, bold=True),
    Ink.WARN_BADGE: Style(color=_BLACK, bgcolor=_AMBER, bold=True),
    Ink.ALARM: Style(color=_WHITE, bgcolor=_RED, bold=True),
}

COLOURLESS: dict[Ink, Style] = {
    Ink.PLAIN: Style(),
    Ink.DIM: Style(),
    Ink.STRONG: Style(bold=True),
    Ink.HEAD: Style(underline=True),
    Ink.TITLE: Style(bold=True, underline=True),
    Ink.BADGE: Style(reverse=True),
    Ink.WARN: Style(bold=True),
    Ink.WARN_BADGE: Style(reverse=True, bold=True),
    Ink.ALARM: Style(reverse=True, bold=True),
}
"""For NO_COLOR: weight and reverse alone, so that no terminal has to know a colour."""


def styles(is_colourless: bool) -> dict[Ink, Style]:
    return COLOURLESS if is_colourless else COLOURED
