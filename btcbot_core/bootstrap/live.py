"""Live trading, on the exchange or on a paper exchange here: behind gates, latch and lease."""

import os
import socket
from contextlib import ExitStack
from pathlib import Path

from btcbot_core.adapters.btcturk.armed import ArmedExchange
from btcbot_core.adapters.btcturk.auth import Credentials
from btcbot_core.adapters.btcturk.market import BtcturkMarket
from btcbot_core.adapters.clock import LiveTimeline, SystemClock
from btcbot_core.adapters.control import ControlServer, control_path
from btcbot_core.adapters.latch import FileLatch, kill_path
from btcbot_core.adapters.lock import InstanceLock, account_lock_path, lock_path
from btcbot_core.adapters.sqlite.store import SqliteStore
from btcbot_core.app.arming import Arming, Situation
from btcbot_core.app.control import Control
from btcbot_core.app.gate import Permit
from btcbot_core.app.lease import Grant, Lease, LeaseLimits
from btcbot_core.app.session import Session
from btcbot_core.app.world import Ports
from btcbot_core.bootstrap.lines import credentials_of, private_client
from btcbot_core.bootstrap.log import open_log
from btcbot_core.bootstrap.options import SessionOptions, stage_of
from btcbot_core.bootstrap.realtime import plan_of, schedule_of, world_of
from btcbot_core.bootstrap.runs import continued_run, live_settings
from btcbot_core.bootstrap.witnessed import witnessed
from btcbot_core.domain.errors import ConfigError
from btcbot_core.domain.gates import Gates
from btcbot_core.domain.records import RunKind
from btcbot_core.settings import Settings


def open_live(options: SessionOptions, settings: Settings, undo: ExitStack) -> Session:
    """Wire a live session, disarmed; what it opens goes onto `undo`. Needs no network yet.

    Raises AnotherInstanceError when another process holds the database or the account.
    """
    schedule, clock, stage = schedule_of(options), SystemClock(), stage_of(options)
    credentials, database = credentials_of(settings), settings.state_db_path
    locks = _lock(database, credentials, settings, undo)
    log = open_log(settings, database, undo)
    witness = witnessed(database)
    store = SqliteStore(
        database, synchronous="FULL", is_held=lambda: all(lock.held() for lock in locks)
    )
    undo.callback(store.close)
    row, _ = continued_run(options, settings, store, RunKind.LIVE, stage.name)
    client = private_client(settings, credentials)
    undo.callback(client.close)
    market = BtcturkMarket(client)
    undo.callback(market.close)
    latch, lease = FileLatch(kill_path(database), clock), Lease(clock)
    permit = Permit(latch, lease)
    situation = _Environment(options, Situation(settings.gates(), settings.decisive_digest()))
    exchange = ArmedExchange(client, lambda: situation().gates, permit)
    plan = plan_of(options, settings, row)
    world = world_of(options, settings, plan, row)
    ports = Ports(
        clock,
        clock,
        LiveTimeline(),
        market,
        exchange,
        store,
        latch,
        permit,
        vitals=client.vitals,
        witness=witness.write,
        is_shared=True,
    )
    limits = lease_limits(settings)
    unattended = _unattended(settings, limits) if options.is_unattended else None
    arming = Arming(
        lease, clock, situation, socket.gethostname(), settings.arm_max_minutes, unattended, limits
    )
    session = Session(
        ports, plan, row, schedule, world, settings.gates(), undo.pop_all().close, arming
    )
    session.observe(log)
    session.on_close(ControlServer(control_path(database), Control(session, limits).answer).close)
    return session


def lease_limits(settings: Settings) -> LeaseLimits:
    """The most that a lease may grant: what settings allow."""
    return LeaseLimits(
        max_order_try=settings.risk_max_order_notional_try,
        max_exposure_try=settings.risk_max_gross_exposure_try,
        max_open_orders=settings.max_open_orders,
        symbols=settings.symbols,
    )


def _lock(
    database: Path, credentials: Credentials, settings: Settings, undo: ExitStack
) -> list[InstanceLock]:
    """One process a database, and one process an account, whatever database it uses."""
    clock = SystemClock()
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    account = f"{credentials.fingerprint}|{settings.btcturk_base_url}"
    paths = [lock_path(database)]
    paths.append(account_lock_path(Path(runtime) if runtime else Path.home(), account))
    locks = [InstanceLock(path, clock, f"live on {settings.btcturk_base_url}") for path in paths]
    for lock in locks:
        lock.acquire()
        undo.callback(lock.release)
    return locks


class _Environment:
    """Reads gates and settings anew each time; what cannot be read closes every gate."""

    def __init__(self, options: SessionOptions, first: Situation) -> None:
        self._options = options
        self._first = first

    def __call__(self) -> Situation:
        try:
            settings = live_settings(self._options)
        except ConfigError:
            return Situation(Gates(), self._first.settings_digest)
        return Situation(settings.gates(), settings.decisive_digest())


def _unattended(settings: Settings, limits: LeaseLimits) -> Grant:
    return Grant(
        who="environment",
        why="the four gates are open (unattended)",
        limits=limits,
        minutes=settings.arm_lease_minutes,
    )
