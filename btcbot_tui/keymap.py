"""The key table: bindings, bar of keys, help, palette and `docs/keys.md` all come from here."""

from collections.abc import Iterator
from enum import StrEnum

import msgspec

from btcbot_core.app.frames import Frame, Outcome
from btcbot_tui.alarms import Alarms, unacknowledged
from btcbot_tui.moment import is_recorded
from btcbot_tui.texts import Words


class Kind(StrEnum):
    """What pressing a key can do to the run."""

    NOW = "now"  # acts at once and only makes things safer
    WRITE = "write"  # changes the run
    VIEW = "view"  # changes what is seen
    GO = "go"  # moves about


class Place(StrEnum):
    """Where a key works."""

    EVERYWHERE = "everywhere"  # dialogs, inputs and the smallest screen too
    OVERVIEW = "overview"
    RECORDED = "recorded"  # on recorded data, whose pace is ours to set
    LIVE = "live"  # where there is something to arm
    ARMED = "armed"  # while live orders may leave
    ALARMED = "alarmed"  # while an alarm waits to be acknowledged
    KILLED = "killed"  # while the kill latch is set
    PANEL = "panel"  # while one panel fills the screen


class Key(msgspec.Struct, frozen=True):
    """One act and the keys for it. Its words stand in the catalogue under `name`."""

    name: str
    keys: tuple[str, ...]
    """Textual's names of the keys."""
    shown: str
    kind: Kind
    place: Place
    action: str
    is_pinned: bool = False
    """Stays in the bar of keys however narrow that is."""
    says_why: bool = False
    """Where it does nothing, pressing it says why; it is offered only where it does something."""

    @property
    def is_priority(self) -> bool:
        """Taken before a dialog or an input field sees it."""
        return self.place is Place.EVERYWHERE


PANELS = ("orders", "positions", "decisions", "risk", "quotes", "profit", "log", "alarms")
"""The panels that a digit enlarges, in the order of their digits."""

_DIGITS = tuple(
    Key(panel, (str(digit),), str(digit), Kind.GO, Place.OVERVIEW, f"enlarge('{panel}')")
    for digit, panel in enumerate(PANELS, start=1)
)

KEYS = (
    Key("kill", ("ctrl+k",), "^k", Kind.NOW, Place.EVERYWHERE, "kill", True),
    Key("disarm", ("D",), "D", Kind.NOW, Place.ARMED, "disarm"),
    Key("arm", ("A",), "A", Kind.WRITE, Place.LIVE, "arm", says_why=True),
    Key("extend", ("E",), "E", Kind.WRITE, Place.ARMED, "extend"),
    Key("acknowledge", ("a",), "a", Kind.VIEW, Place.ALARMED, "acknowledge", says_why=True),
    Key("reset", ("R",), "R", Kind.WRITE, Place.KILLED, "reset_kill"),
    Key("slower", ("minus",), "-", Kind.WRITE, Place.RECORDED, "slower"),
    Key("faster", ("plus", "equals_sign"), "+", Kind.WRITE, Place.RECORDED, "faster"),
    Key("step", ("full_stop",), ".", Kind.WRITE, Place.RECORDED, "step_once"),
    Key("pause", ("p",), "p", Kind.VIEW, Place.OVERVIEW, "pause_view"),
    *_DIGITS,
    Key("back", ("escape", "0"), "esc", Kind.GO, Place.PANEL, "enlarge('')"),
    Key("up", ("up", "k"), "↑", Kind.VIEW, Place.PANEL, "scroll_panel(-1)"),
    Key("down", ("down", "j"), "↓", Kind.VIEW, Place.PANEL, "scroll_panel(1)"),
    Key("page_up", ("pageup",), "PgUp", Kind.VIEW, Place.PANEL, "scroll_panel(-10)"),
    Key("page_down", ("pagedown",), "PgDn", Kind.VIEW, Place.PANEL, "scroll_panel(10)"),
    Key("palette", ("colon", "ctrl+p"), ":", Kind.GO, Place.OVERVIEW, "palette"),
    Key("help", ("question_mark", "f1"), "?", Kind.GO, Place.OVERVIEW, "help", True),
    Key("quit", ("q",), "q", Kind.GO, Place.OVERVIEW, "leave", True),
    Key("interrupt", ("ctrl+c",), "^c", Kind.GO, Place.EVERYWHERE, "leave"),
)


KILL = KEYS[0]
ACKNOWLEDGE = next(key for key in KEYS if key.name == "acknowledge")


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """What decides which keys are alive."""

    is_recorded: bool = False
    is_killed: bool = False
    is_enlarged: bool = False
    has_ended: bool = False
    is_live: bool = False
    is_armed: bool = False
    has_alarms: bool = False
    """Whether one waits to be acknowledged."""


def situation_of(frame: Frame, alarms: Alarms = (), *, is_enlarged: bool) -> Situation:
    return Situation(
        is_recorded=is_recorded(frame),
        is_killed=frame.kill.is_set,
        is_enlarged=is_enlarged,
        has_ended=frame.outcome is not Outcome.RUNNING,
        is_live=frame.arming.is_possible,
        is_armed=frame.arming.lease.is_armed,
        has_alarms=unacknowledged(alarms) > 0,
    )


def is_alive(key: Key, situation: Situation) -> bool:
    """Whether the key does something now; dead ones are not offered anywhere."""
    match key.place:
        case Place.EVERYWHERE | Place.OVERVIEW:
            return True
        case Place.RECORDED:
            return situation.is_recorded and not situation.has_ended
        case Place.LIVE:
            return situation.is_live and not situation.has_ended
        case Place.ALARMED:
            return situation.has_alarms
        case Place.ARMED:
            return situation.is_armed and not situation.has_ended
        case Place.KILLED:
            return situation.is_killed and not situation.has_ended
        case Place.PANEL:
            return situation.is_enlarged


def hints(situation: Situation, words: Words) -> Iterator[tuple[str, str, bool]]:
    """What the bar of keys offers: the key, its label, and whether it is pinned."""
    for key in KEYS:
        if key is _DIGITS[0]:
            yield f"1-{len(PANELS)}", words.enlarge, False
        if key in _DIGITS or key.name in _LEFT_TO_HELP or not is_alive(key, situation):
            continue
        yield key.shown, words.keys[key.name].label, key.is_pinned


_LEFT_TO_HELP = frozenset({"up", "down", "page_up", "page_down", "interrupt"})


def spelled(key: Key) -> str:
    """Every key of an act, as a manual writes them: `+ or =`."""
    return " or ".join(_SPELLED.get(name, name.replace("ctrl+", "Ctrl+")) for name in key.keys)


_SPELLED = {
    "minus": "-",
    "plus": "+",
    "equals_sign": "=",
    "full_stop": ".",
    "escape": "Esc",
    "up": "Up",
    "down": "Down",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "colon": ":",
    "question_mark": "?",
    "f1": "F1",
}


def manual(words: Words) -> str:
    """The page `docs/keys.md`, whole."""
    rows = (
        f"| {spelled(key)} | {words.keys[key.name].label} | {key.kind} "
        f"| {words.places[key.place]} | {words.keys[key.name].help} |"
        for key in KEYS
    )
    head = ("| key | act | kind | where | what it does |", "|---|---|---|---|---|")
    return "\n".join((words.manual_title, "", words.manual_text, "", *head, *rows, ""))
