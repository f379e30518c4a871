"""The exchange and the list of what is ours, for pulling our orders without a runner."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from btcbot_core.adapters.btcturk.armed import ArmedExchange
from btcbot_core.adapters.clock import SystemClock
from btcbot_core.adapters.lock import InstanceLock, lock_path
from btcbot_core.adapters.sqlite.store import SqliteStore
from btcbot_core.app.cancelling import Ours, Pulled, open_of_ours, pull
from btcbot_core.bootstrap.lines import credentials_of, private_client
from btcbot_core.domain.codes import Reason
from btcbot_core.domain.gates import Refusal
from btcbot_core.domain.trading import OrderView
from btcbot_core.settings import Settings
from btcbot_core.settings import load as load_settings

ROUNDS = 5
PAUSE_S = 1.0
"""Cancels take their time (API.md §5): we look again, and ask again for what is still there."""


def cancel_own(
    db: str | None, env_file: Path | None, tell: Callable[[Pulled], None]
) -> tuple[OrderView, ...]:
    """Cancel every open order of ours and return what is still open after that.

    Raises AnotherInstanceError while a runner lives (a kill makes it pull them itself), and
    ExchangeUnavailableError when the exchange does not answer.
    """
    flags = {"STATE_DB_PATH": db} if db else {}
    settings, clock = load_settings(flags, None, env_file).settings, SystemClock()
    with ExitStack() as held:
        held.enter_context(InstanceLock(lock_path(settings.state_db_path), clock, "cancel-own"))
        client = private_client(settings, credentials_of(settings))
        held.callback(client.close)
        exchange = ArmedExchange(client, settings.gates, _no_new_orders)
        is_ours = Ours(settings.client_id_prefix, _known_ids(settings))
        for attempt in range(ROUNDS):
            left = open_of_ours(exchange, is_ours)
            if not left:
                return ()
            if attempt:
                time.sleep(PAUSE_S)
            for pulled in pull(exchange, left, clock.now()):
                tell(pulled)
        return open_of_ours(exchange, is_ours)


def _known_ids(settings: Settings) -> frozenset[str]:
    """Exchange ids of orders that the database holds as not finished; none without one."""
    if not settings.state_db_path.is_file():
        return frozenset()
    store = SqliteStore(settings.state_db_path, mode="ro")
    try:
        with store.read() as work:
            run = work.runs.latest()
            active = work.orders.active(run.id) if run is not None else ()
    finally:
        store.close()
    return frozenset(order.exchange_id for order in active if order.exchange_id)


def _no_new_orders() -> Refusal:
    return Refusal(Reason.NOT_ARMED, "cancel-own places nothing")
