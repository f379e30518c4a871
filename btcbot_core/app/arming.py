"""Arming: what must be true, who said so, and everything that takes it back."""

from collections.abc import Callable
from decimal import Decimal

import msgspec

from btcbot_core.app.lease import CLOCK_JUMPED, Grant, Lease, LeaseLimits, LeaseView
from btcbot_core.cycle.cycle import Cycle
from btcbot_core.cycle.facts import errors
from btcbot_core.domain.gates import Gates
from btcbot_core.domain.trading import UNRESOLVED, OrderEventKind
from btcbot_core.ports import Clock

CHALLENGE_S = 60
"""How long a phrase may be typed. It is good once, and only the newest."""
MINUTES_MAX = 240
DISARMED = "disarmed by hand"


class ArmCheck(msgspec.Struct, frozen=True):
    """One condition of arming: what it is, whether it holds, what was seen."""

    name: str
    is_ok: bool
    seen: str


class Situation(msgspec.Struct, frozen=True):
    """What the environment and the settings say at this moment."""

    gates: Gates
    settings_digest: str


class ArmingView(msgspec.Struct, frozen=True, kw_only=True):
    """Arming as a screen shows it. `is_possible` is false where nothing can ever be armed."""

    is_possible: bool = False
    lease: LeaseView = LeaseView()
    checks: tuple[ArmCheck, ...] = ()
    phrase: str = ""
    """What must be typed now; empty when nobody has asked to arm."""
    phrase_left_s: int = 0
    minutes_max: int = MINUTES_MAX
    limits: LeaseLimits | None = None
    """The most that a lease may grant here."""
    is_first_act_awaited: bool = False
    attempts: int = 0
    """How often somebody has tried to arm; `refused` is about the last of them."""
    refused: str = ""
    """Why the last attempt to arm was refused, in words; empty when it was not."""

    @property
    def refused_by(self) -> tuple[str, ...]:
        """The names of all conditions that do not hold."""
        return tuple(check.name for check in self.checks if not check.is_ok)


class Arming:
    """The ceremony around a lease. Used by the runner's thread; `end` by any."""

    def __init__(
        self,
        lease: Lease,
        clock: Clock,
        situation: Callable[[], Situation],
        host: str,
        minutes_max: int = MINUTES_MAX,
        unattended: Grant | None = None,
        limits: LeaseLimits | None = None,
    ) -> None:
        """`unattended` is what the environment's open gates grant by themselves (DEC-9)."""
        self.lease = lease
        self._clock = clock
        self._situation = situation
        self._host = host
        self._settings_digest = situation().settings_digest
        self._asked = 0
        self._phrase = ""
        self._phrase_until_s = 0.0
        self._is_first_act_awaited = False
        self._attempts = 0
        self._was_granted = False
        self._is_in_hand = False
        """Whether a person armed or disarmed since the start: from then on only people do."""
        self._refused = ""
        self._unattended = unattended
        self._limits = limits
        self.minutes_max = minutes_max

    def select(self, cycle: Cycle | None) -> str:
        """Begin: a new phrase to type, which makes any older one worthless."""
        self._asked += 1
        step = cycle.step if cycle else 0
        self._phrase = f"ARM {step}-{self._asked} {self._host}"
        self._phrase_until_s = self._clock.monotonic_s() + CHALLENGE_S
        return self._phrase

    def grant(self, grant: Grant, phrase: str, cycle: Cycle | None, is_killed: bool) -> str:
        """Arm, if all holds. Returns "" or, in words, why not; the phrase is spent either way."""
        self._refused = self._weigh(grant, phrase, cycle, is_killed)
        self._attempts += 1
        if not self._refused:
            self._is_in_hand = True
            self.lease.grant(grant)
            self._is_first_act_awaited = True
        return self._refused

    def _weigh(self, grant: Grant, phrase: str, cycle: Cycle | None, is_killed: bool) -> str:
        wanted, self._phrase = self._phrase, ""
        if not wanted or self._clock.monotonic_s() > self._phrase_until_s:
            return "not armed: the phrase is no longer good; begin again"
        if phrase != wanted:
            return "not armed: the phrase was not typed as shown"
        if grant.minutes is not None and not 1 <= grant.minutes <= self.minutes_max:
            return f"not armed: expected 1 to {self.minutes_max} minutes"
        if not grant.why.strip():
            return "not armed: a reason is needed"
        failed = [c for c in self.checks(cycle, is_killed) if not c.is_ok]
        if failed:
            return "not armed: " + "; ".join(f"{c.name}: {c.seen}" for c in failed)
        return ""

    def grant_unattended(self, cycle: Cycle | None, is_killed: bool) -> str:
        """Arm by the environment alone, once all holds. Returns "" when it did nothing.

        The environment's word counts at the start, and again after a clock that jumped; what
        a person, the kill or a changed setting has ended, only a person begins again.
        """
        grant = self._unattended
        if grant is None or self.lease.refusal() is None or not self._may_regrant():
            return ""
        if any(not check.is_ok for check in self.checks(cycle, is_killed)):
            return ""
        self.lease.grant(grant)
        self._was_granted = True
        if self._is_in_hand:  # in this instant, by another thread
            self.lease.end(DISARMED)
            return ""
        return f"armed by the environment: {grant.why}"

    def disarm(self, who: str) -> bool:
        """A person takes the leave back, from any thread, whether or not it is held just now.

        From here on only a person gives it. Returns whether there was anything to end.
        """
        self._is_in_hand = True
        return self.lease.end(f"disarmed by {who}")

    @property
    def is_unattended(self) -> bool:
        return self._unattended is not None

    def _may_regrant(self) -> bool:
        if self._is_in_hand:
            return False
        return not self._was_granted or self.lease.view().ended_because == CLOCK_JUMPED

    def checks(self, cycle: Cycle | None, is_killed: bool) -> tuple[ArmCheck, ...]:
        """Every condition, in the order in which they are asked."""
        gates = self._situation().gates
        found = [ArmCheck(n, n not in gates.closed, _gate_words(n, gates)) for n in _GATES]
        found.append(ArmCheck("kill latch", not is_killed, "set" if is_killed else "off"))
        if cycle is None:
            return (*found, ArmCheck("first cycle", False, "no cycle has been committed yet"))
        ledger = cycle.carried.ledger
        unresolved = sum(1 for o in cycle.carried.orders.values() if o.status in UNRESOLVED)
        freshest = _freshest_s(cycle)
        limit = cycle.policy.limits.max_data_age_s
        seen = "no data" if freshest is None else f"{max(freshest, 0):.1f}s of {limit}s"
        found_wrong = _errors_named(cycle)
        found += [
            ArmCheck("balances known", bool(cycle.accounts), f"{len(cycle.accounts)} assets"),
            ArmCheck("ledger open", ledger.seq > 0, f"{ledger.seq} events"),
            ArmCheck("data fresh", freshest is not None and freshest <= limit, seen),
            ArmCheck("unknown orders", unresolved == 0, str(unresolved)),
            ArmCheck("no error", not found_wrong, found_wrong or "none"),
        ]
        return tuple(found)

    def review(self, cycle: Cycle | None, is_killed: bool) -> str:
        """End the lease for anything that takes it back. Returns why, or "" when nothing did."""
        if self.lease.refusal() is not None:
            return ""
        because = self._cause(cycle, is_killed)
        return because if because and self.lease.end(because) else ""

    def view(self, cycle: Cycle | None, is_killed: bool) -> ArmingView:
        """What the screen shows."""
        left_s = int(self._phrase_until_s - self._clock.monotonic_s())
        return ArmingView(
            is_possible=True,
            lease=self.lease.view(),
            checks=self.checks(cycle, is_killed),
            phrase=self._phrase if left_s > 0 else "",
            phrase_left_s=max(0, left_s) if self._phrase else 0,
            minutes_max=self.minutes_max,
            limits=self._limits,
            is_first_act_awaited=self._is_first_act_awaited,
            attempts=self._attempts,
            refused=self._refused,
        )

    def _cause(self, cycle: Cycle | None, is_killed: bool) -> str:
        if is_killed:
            return "killed"
        now = self._situation()
        if now.gates.closed:
            return f"a gate was closed: {', '.join(now.gates.closed)}"
        if now.settings_digest != self._settings_digest:
            return "the settings were changed"
        if cycle is None or self._unattended is not None:
            # Unattended, the risk rules answer for the market: each pair waits by itself.
            return ""
        freshest = _freshest_s(cycle)
        if freshest is None or freshest > cycle.policy.limits.max_data_age_s:
            return "market data are stale"
        if found_wrong := _errors_named(cycle):
            return f"an error was found: {found_wrong}"
        return self._supervised(cycle)

    def _supervised(self, cycle: Cycle) -> str:
        """The first order under a lease must be answered before the lease is trusted."""
        kinds = {event.kind for event in cycle.order_events}
        if not self._is_first_act_awaited:
            return ""
        if OrderEventKind.NO_ANSWER in kinds:
            return "the first order's outcome is unknown"
        if OrderEventKind.ACCEPTED in kinds:
            self._is_first_act_awaited = False
        return ""


_GATES = ("KILL_SWITCH", "DRY_RUN", "LIVE_TRADING", "LIVE_TRADING_ACK")


def _errors_named(cycle: Cycle) -> str:
    """The anomalies over which a person should look before money moves, by their codes."""
    return ", ".join(sorted({anomaly.code for anomaly in errors(cycle)}))


def _gate_words(name: str, gates: Gates) -> str:
    is_closed = name in gates.closed
    words = {
        "KILL_SWITCH": ("true", "false"),
        "DRY_RUN": ("true", "false"),
        "LIVE_TRADING": ("false", "true"),
        "LIVE_TRADING_ACK": ("missing", "I_UNDERSTAND"),
    }
    return words[name][0 if is_closed else 1]


def _freshest_s(cycle: Cycle) -> Decimal | None:
    """The age of the freshest quote: one stale pair waits by itself, none fresh is no market."""
    ages = [quote.age_s(cycle.at) for quote in cycle.market.quotes.values()]
    return min(ages) if ages else None
