"""The pairs' rules as the exchange states them, kept for an hour, and for a day when it is gone.

An order that the exchange refuses puts them in doubt: they are asked for again.
"""

import logging
from collections.abc import Mapping
from threading import Lock

import msgspec

from btcbot_core.adapters.btcturk.calls import EXCHANGE_INFO
from btcbot_core.adapters.btcturk.client import BtcturkClient
from btcbot_core.adapters.btcturk.wire import market as wire
from btcbot_core.adapters.btcturk.wire.envelope import data_of, parse, parse_rows
from btcbot_core.domain.errors import ExchangeRefusedError, ExchangeUnavailableError
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.rules import PairRules
from btcbot_core.domain.symbol import Symbol

FRESH_S = 3_600.0
LAST_GOOD_S = 86_400.0
AGAIN_S = 30.0
"""After a failure the exchange is not asked again before this; after an order that it refused
rules older than this are asked for anew."""

replace = msgspec.structs.replace

_log = logging.getLogger(__name__)


class RulesCache:
    """All pairs' rules from one request. A change is announced, never slipped in."""

    def __init__(self, client: BtcturkClient) -> None:
        self._client = client
        self._known: Mapping[Symbol, PairRules] = {}
        self._known_at_s: float | None = None
        self._failed_at_s: float | None = None
        self._lock = Lock()

    def current(self) -> Mapping[Symbol, PairRules]:
        """The rules, no older than a day; empty when none are to be had, so nothing trades."""
        with self._lock:
            now_s = self._client.clock.monotonic_s()
            fresh_s = AGAIN_S if self._are_in_doubt() else FRESH_S
            if not self._is_younger(self._known_at_s, fresh_s, now_s) and not self._is_younger(
                self._failed_at_s, AGAIN_S, now_s
            ):
                self._refresh()
            return self._known if self._is_younger(self._known_at_s, LAST_GOOD_S, now_s) else {}

    def _are_in_doubt(self) -> bool:
        """Whether an order was refused since the rules were asked for: they may have changed."""
        known_at_s, refused_at_s = self._known_at_s, self._client.refused_at_s
        return known_at_s is not None and refused_at_s is not None and refused_at_s >= known_at_s

    def _refresh(self) -> None:
        try:
            fresh = fetch_rules(self._client)
        except (ExchangeUnavailableError, ExchangeRefusedError) as fault:
            self._failed_at_s = self._client.clock.monotonic_s()
            _log.warning("rules.not_refreshed", extra={"words": str(fault)})
            return
        if changed := _changed(self._known, fresh):
            _log.warning("rules.changed", extra={"symbols": changed})
        self._known, self._known_at_s = fresh, self._client.clock.monotonic_s()

    @staticmethod
    def _is_younger(then_s: float | None, age_s: float, now_s: float) -> bool:
        return then_s is not None and now_s - then_s < age_s


def _changed(old: Mapping[Symbol, PairRules], new: Mapping[Symbol, PairRules]) -> list[Symbol]:
    """Pairs that came, went or have other steps. Price bounds follow the market all day."""

    def steps(rules: PairRules | None) -> PairRules | None:
        return None if rules is None else replace(rules, min_price=ZERO, max_price=None)

    pairs = old.keys() | new.keys() if old else set()
    return sorted(pair for pair in pairs if steps(old.get(pair)) != steps(new.get(pair)))


def fetch_rules(client: BtcturkClient) -> Mapping[Symbol, PairRules]:
    """Every pair's rules, freshly asked. A pair whose row is no use is left out, and said.

    Raises ExchangeUnavailableError or ExchangeRefusedError.
    """
    reply = client.read(EXCHANGE_INFO)
    info = parse(reply, data_of(reply), wire.EXCHANGE_INFO)
    rows, dropped = parse_rows(reply, info.symbols, wire.SYMBOL_ROW)
    rules: dict[Symbol, PairRules] = {}
    for row in rows:
        try:
            found = wire.rules_of(row)
        except ValueError as fault:
            dropped += 1
            _log.warning("rules.row_dropped", extra={"words": str(fault)})
            continue
        rules[found.symbol] = found
    if dropped:
        _log.warning("rules.rows_dropped", extra={"rows": dropped})
    if not rules:
        raise reply.bad("not one pair in it has usable rules")
    return rules
