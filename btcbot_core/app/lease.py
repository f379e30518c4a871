"""The lease: leave to send live orders, granted by a person, bounded, and always running out.

Time is monotonic: setting the machine's clock neither prolongs nor shortens it; a jump between
the two clocks (a suspended machine, a corrected clock) ends it. It lives in memory alone, so a
restart is disarmed. Anything may end it; only a grant begins it.
"""

from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from btcbot_core.domain.codes import Reason
from btcbot_core.domain.gates import Refusal
from btcbot_core.domain.money import canonical
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import Intent
from btcbot_core.ports import Clock

CLOCK_JUMP_MAX = timedelta(seconds=5)
"""How far wall and monotonic time may part company while a lease lasts."""
CLOCK_JUMPED = "the clock jumped"
EXPIRING_S = 120
"""The last stretch, in which the operator is told that it is about to end."""


class LeaseLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What may be done under a lease; every order is held against it at the gate."""

    max_order_try: Decimal
    max_exposure_try: Decimal
    max_open_orders: int
    symbols: tuple[Symbol, ...]


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """A person's word: who, why, how much, how long. `minutes` None lasts until it is ended."""

    who: str
    why: str
    limits: LeaseLimits
    minutes: int | None


class LeaseView(msgspec.Struct, frozen=True, kw_only=True):
    """The lease as it may be shown."""

    is_armed: bool = False
    who: str = ""
    why: str = ""
    limits: LeaseLimits | None = None
    left_s: int | None = None
    """Seconds until it runs out; None when it does not by itself, or when there is none."""
    ended_because: str = ""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where the account stands when an order is held against the limits."""

    exposure_try: Decimal
    open_orders: int


class _Held(msgspec.Struct, frozen=True, kw_only=True):
    grant: Grant
    until_s: float | None
    parted: timedelta
    """Wall minus monotonic time at the grant."""


class Lease:
    """One for each runner. Its state is one attribute, replaced whole: any thread may end it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._held: _Held | None = None
        self._ended_because = "never armed since the start"

    def grant(self, grant: Grant) -> None:
        """Begin, or begin anew; what was held before is over."""
        now_s = self._clock.monotonic_s()
        until_s = None if grant.minutes is None else now_s + grant.minutes * 60
        self._held = _Held(grant=grant, until_s=until_s, parted=self._parted())

    def end(self, because: str) -> bool:
        """Disarm. Returns whether there was anything to end."""
        was_held, self._held = self._held is not None, None
        if was_held:
            self._ended_because = because
        return was_held

    def refusal(self) -> Refusal | None:
        """Why no order may leave now, or None. Ends what has run out."""
        held = self._held
        if held is None:
            return Refusal(Reason.NOT_ARMED, f"not armed: {self._ended_because}")
        if held.until_s is not None and self._clock.monotonic_s() >= held.until_s:
            self.end("the lease ran out")
        elif abs(self._parted() - held.parted) > CLOCK_JUMP_MAX:
            self.end(CLOCK_JUMPED)
        else:
            return None
        return Refusal(Reason.NOT_ARMED, f"not armed: {self._ended_because}")

    def over_limit(self, intent: Intent, standing: Standing) -> Refusal | None:
        """Why an order is more than was granted, or None."""
        held = self._held
        if held is None:
            return self.refusal()
        limits, notional = held.grant.limits, intent.notional_try
        exposure = standing.exposure_try + (notional if intent.side == "buy" else 0)
        if intent.symbol not in limits.symbols:
            return _over(f"{intent.symbol} is not among the pairs that were armed")
        if notional > limits.max_order_try:
            return _over(
                f"{canonical(notional)} is over {canonical(limits.max_order_try)} an order"
            )
        if intent.side == "buy" and exposure > limits.max_exposure_try:
            most = canonical(limits.max_exposure_try)
            return _over(f"exposure would be {canonical(exposure)}, over {most}")
        if standing.open_orders >= limits.max_open_orders:
            return _over(f"{standing.open_orders} orders are open, as many as were granted")
        return None

    def view(self) -> LeaseView:
        """How it stands now."""
        is_over = self.refusal() is not None
        held = self._held
        if is_over or held is None:
            return LeaseView(ended_because=self._ended_because)
        left_s = None
        if held.until_s is not None:
            left_s = max(0, int(held.until_s - self._clock.monotonic_s()))
        grant = held.grant
        return LeaseView(
            is_armed=True, who=grant.who, why=grant.why, limits=grant.limits, left_s=left_s
        )

    def _parted(self) -> timedelta:
        return self._clock.now() - _EPOCH - timedelta(seconds=self._clock.monotonic_s())


_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def _over(words: str) -> Refusal:
    return Refusal(Reason.OVER_LEASE_LIMIT, f"more than was granted: {words}")
