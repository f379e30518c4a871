"""The banner: what this console is connected to and what may happen, in words, at every size.

Two lines with fixed places. First what can go wrong: mode, kill, risk, the state of the view.
Then where it comes from: role, source, age of the data, clock. Too narrow, a segment falls back
to its shorter wording before anything is cut.
"""

from decimal import Decimal

import msgspec

from btcbot_core.app.frames import Outcome, Role
from btcbot_core.app.lease import EXPIRING_S
from btcbot_core.domain.account import NO_PORTFOLIO
from btcbot_core.domain.codes import Reason
from btcbot_core.domain.decisions import RiskMode
from btcbot_core.domain.records import RunKind
from btcbot_tui import format as fmt
from btcbot_tui.ink import Ink, Line, Lines, Span, clipped, flowed, justified, span, width
from btcbot_tui.moment import (
    Moment,
    closed_gates,
    data_age_s,
    is_silent,
    open_orders,
    pairs_without_data,
)

SEPARATOR = Span(" │ ", Ink.DIM)
_WHY_LENGTH_MAX = 60


class Segment(msgspec.Struct, frozen=True):
    """One statement of the banner; its wordings, longest first."""

    wordings: tuple[str, ...]
    ink: Ink = Ink.PLAIN

    def line(self, shrink: int = 0) -> Line:
        wording = self.wordings[min(shrink, len(self.wordings) - 1)]
        is_badge = self.ink in (Ink.BADGE, Ink.WARN_BADGE, Ink.ALARM)
        return (span(f" {wording} " if is_badge else wording, self.ink),)


def banner(moment: Moment, cells: int) -> Lines:
    """The two lines of an ordinary screen."""
    pad = Span(" ")
    is_live = moment.frame.world.kind is RunKind.LIVE
    state = _fitted((*_state(moment), *_view(moment)), cells - 2, is_first_kept=is_live)
    right = _joined((_data(moment).line(), (span(fmt.stamp(moment.at, moment.zone)),)))
    left_cells = cells - width(right) - 2 - width((SEPARATOR,))
    source = _fitted((*_news(moment), _role(moment), *_origin(moment)), left_cells)
    return (
        justified((pad, *state), (pad,), cells),
        justified((pad, *clipped(source, left_cells)), (SEPARATOR, *right, pad), cells),
    )


def banner_flowed(moment: Moment, cells: int) -> Lines:
    """Every statement in order of weight on as many lines as it takes: for tiny screens."""
    segments = (*_state(moment), *_view(moment), *_news(moment))
    short = tuple(s.line(len(s.wordings)) for s in (*segments, _data(moment)))
    clock = (span(fmt.clock(moment.at, moment.zone)),)
    return flowed((*short, clock), cells, SEPARATOR)


def _state(moment: Moment) -> tuple[Segment, ...]:
    """What may happen: mode, kill, and on a live run what is open and what is held."""
    mode, kill, risk = _mode(moment), _kill(moment), _risk(moment)
    if moment.frame.world.kind is not RunKind.LIVE or moment.frame.world.role is Role.REPLAY:
        return mode, kill, risk
    if moment.frame.kill.is_set:
        return mode, kill, *_still_open(moment), *_held(moment), risk
    return mode, kill, risk, *_held(moment)


def _fitted(segments: tuple[Segment, ...], cells: int, *, is_first_kept: bool = False) -> Line:
    """The segments on one line, shortened until they fit: the first, then from the right.

    Where the first must not be lost, it is shortened last.
    """
    shrinks = [0] * len(segments)
    others = range(len(segments) - 1, 0, -1)
    order = (*others, 0) if is_first_kept else (0, *others)
    steps = [i for i in order for _ in segments[i].wordings[1:]]
    for index in (None, *steps):
        if index is not None:
            shrinks[index] += 1
        joined = _joined(tuple(s.line(n) for s, n in zip(segments, shrinks, strict=True)))
        if width(joined) <= cells:
            break
    return joined


def _joined(lines: tuple[Line, ...]) -> Line:
    joined: Line = ()
    for pieces in lines:
        joined = (*joined, SEPARATOR, *pieces) if joined else pieces
    return joined


def _mode(moment: Moment) -> Segment:
    """What an order of this run would do: the first word on every screen."""
    words, world = moment.words, moment.frame.world
    if world.role is Role.DEMO:
        return Segment((words.mode_demo_long, words.mode_demo), Ink.BADGE)
    if world.role is Role.REPLAY:
        return Segment((words.mode_replay_long, words.mode_replay), Ink.BADGE)
    match world.kind:
        case RunKind.DRY_RUN:
            return Segment((words.mode_dry_run,), Ink.BADGE)
        case RunKind.REPLAY:
            return Segment((words.mode_recorded_long, words.mode_recorded), Ink.BADGE)
        case RunKind.BACKTEST:
            return Segment((words.mode_backtest,), Ink.BADGE)
        case RunKind.LIVE:
            return _live(moment)


def _live(moment: Moment) -> Segment:
    """Whether a live order can leave: each closed gate, or the lease and its time left."""
    words, closed, lease = moment.words, closed_gates(moment.frame), moment.frame.arming.lease
    if moment.frame.kill.is_set:
        closed = (*closed, words.killed)
    if closed:
        listed = f"{words.mode_live_blocked} ({', '.join(closed)})"
        return Segment((listed, words.mode_live_blocked), Ink.BADGE)
    if not lease.is_armed:
        why = fmt.clean(lease.ended_because, 40)
        told = f"{words.mode_live_disarmed} ({why})" if why else words.mode_live_disarmed
        return Segment((told, words.mode_live_disarmed), Ink.BADGE)
    if lease.left_s is None:
        return Segment((words.mode_live_armed,), Ink.WARN_BADGE)
    left_s = max(lease.left_s - moment.silent_s, 0)
    name = words.mode_live_armed if left_s > EXPIRING_S else words.mode_live_expiring
    return Segment((f"{name} {fmt.minutes(left_s)}",), Ink.WARN_BADGE)


def _held(moment: Moment) -> tuple[Segment, ...]:
    """What is held, for a stop is not a sale; nothing while it is not known."""
    words, cycle = moment.words, moment.frame.cycle
    if cycle is None or cycle.portfolio == NO_PORTFOLIO:
        return ()
    held = [p for p in cycle.portfolio.positions.values() if p.qty]
    if not held:
        return (Segment((words.flat,)),)
    value = sum((position.value_try for position in held), Decimal(0))
    assets = words.assets[len(held) == 1].format(count=len(held))
    told = words.holding.format(
        assets=assets, value=fmt.rough(value), quote=fmt.clean(moment.quote, 8)
    )
    return (Segment((told, words.holding_short.format(assets=len(held)))),)


def _still_open(moment: Moment) -> tuple[Segment, ...]:
    """How many of the orders that the kill found are still at the exchange."""
    words, total = moment.words, len(moment.killed_with)
    if not total:
        return ()
    left = len(open_orders(moment.frame) & moment.killed_with)
    wordings = (words.still_open, words.still_open_short)
    told = tuple(wording.format(left=left, total=total) for wording in wordings)
    return (Segment(told, Ink.ALARM if left else Ink.PLAIN),)


def _kill(moment: Moment) -> Segment:
    words, kill = moment.words, moment.frame.kill
    if not kill.is_set:
        return Segment((words.kill_off,))
    since = f"■ {words.killed} {fmt.clock(kill.at, moment.zone)}"
    if kill.problem:
        since = f"■ {words.killed_not_stored} {fmt.clock(kill.at, moment.zone)}"
    by = f"{since} {fmt.clean(kill.who, 24)}".rstrip()
    why = f'{by} "{fmt.clean(kill.why, _WHY_LENGTH_MAX)}"'
    return Segment((why, by, since, f"■ {words.killed}"), Ink.ALARM)


def _risk(moment: Moment) -> Segment:
    words, cycle = moment.words, moment.frame.cycle
    if cycle is None:
        return Segment((f"{words.risk} {fmt.UNKNOWN} ({words.no_cycle_yet})", words.risk + " —"))
    mode, reasons = cycle.verdict.mode, cycle.verdict.reasons
    short = f"{words.risk} {mode}"
    if mode is RiskMode.NORMAL:
        return Segment((short,))
    told = [r.reason for r in reasons if r.mode is mode]
    causes = [reason for reason in told if reason is not Reason.COOLDOWN_ACTIVE]
    named = f"{short} ({causes[0]})" if causes else short
    # Only what was found in this very cycle is told before the cooldown of an earlier breach.
    is_over = bool(causes) and told[0] is Reason.COOLDOWN_ACTIVE
    full = f"{short} ({causes[0]}, {words.cooling})" if is_over else named
    return Segment((f"▲ {full}", f"▲ {named}", f"▲ {short}", f"▲ {mode}"), Ink.WARN_BADGE)


def _view(moment: Moment) -> tuple[Segment, ...]:
    """What the operator did to the view, and whether the run still goes on."""
    words, segments = moment.words, list[Segment]()
    if moment.paused_s is not None:
        paused = f"{words.paused} {fmt.minutes(moment.paused_s)}"
        segments.append(Segment((f"{paused}, {words.bot_goes_on}", paused), Ink.WARN_BADGE))
    if moment.frame.outcome is Outcome.FAILED:
        told = f"■ {words.failed}: {fmt.clean(moment.frame.message, 80)}"
        segments.append(Segment((told, f"■ {words.failed}"), Ink.ALARM))
    elif moment.has_ended:
        told = f"{words.ended}: {moment.words.outcomes[moment.frame.outcome.name]}"
        segments.append(Segment((told, words.ended), Ink.BADGE))
    elif moment.is_stopping:
        segments.append(Segment((words.stopping_long, words.stopping), Ink.WARN_BADGE))
    return tuple(segments)


def _news(moment: Moment) -> tuple[Segment, ...]:
    if not is_silent(moment):
        return ()
    return (Segment((f"■ {moment.words.silent} {fmt.age(moment.silent_s)}",), Ink.ALARM),)


def _role(moment: Moment) -> Segment:
    world = moment.frame.world
    stage = fmt.clean(world.stage, 12)
    if world.role in (Role.DEMO, Role.REPLAY):
        return Segment((stage,))
    return Segment((f"{world.role} {stage}", f"{world.role}"))


def _origin(moment: Moment) -> tuple[Segment, ...]:
    words, world = moment.words, moment.frame.world
    source, book = fmt.clean(world.source, 60), fmt.clean(world.book, 24)
    return (
        Segment((source, fmt.clip(source, 32), fmt.clip(source, 20), fmt.clip(source, 12))),
        Segment((f"{words.book} {book}", book)),
    )


def _data(moment: Moment) -> Segment:
    words, at = moment.words, moment.at
    age_s = data_age_s(moment.frame, at)
    if age_s is None:
        return Segment((f"{words.data} {fmt.UNKNOWN}",))
    if age_s > moment.frame.world.stale_after_s:
        return Segment((f"▲ {words.data_old.format(age=fmt.age(age_s))}",), Ink.ALARM)
    missing = pairs_without_data(moment.frame, at)
    told = f"{words.data} {fmt.age(age_s)}"
    if missing:
        return Segment((f"▲ {told}, {words.pairs_stale.format(count=missing)}",), Ink.WARN_BADGE)
    return Segment((told,))
