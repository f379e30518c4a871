"""Running the paper exchange: made from options, served on this machine only, stopped in order."""

import asyncio
import signal
import socket
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import msgspec
import uvicorn

from btcbot_core.adapters.paper.faults import FaultPlan, parse_faults
from btcbot_core.adapters.paper.server.app import PaperApp
from btcbot_core.adapters.paper.server.market import ServedMarket
from btcbot_core.adapters.paper.server.storing import StoredState, read_state, write_state
from btcbot_core.adapters.paper.server.times import SPEED_MAX, MarketTime, Recording
from btcbot_core.adapters.paper.server.venue import Access, Venue
from btcbot_core.domain.errors import ConfigError
from btcbot_core.ports import Clock

HOST = "127.0.0.1"
TICK_S = 0.05
"""How often the core is brought up to date by itself."""
TICKS_PER_STATE = 4
PING_EVERY_S = 20.0
STOP_WITHIN_S = 5
SOCKET_BYTES_MAX = 256 * 1024
FAULTS_BYTES_MAX = 1024 * 1024


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What `btcbot-core paper-exchange` was told. Port 0 takes any that is free."""

    port: int
    access: Access
    speed: Fraction = Fraction(1)
    seed: int = 0
    faults: str = ""
    """A fault script's text."""
    news_every_s: float = 1.0
    """How often sockets are told what changed, as BTCTurk does about once a second."""
    state: Path | None = None


def create_app(recording: Recording, options: Options, clock: Clock) -> PaperApp:
    """The exchange, gone on from its stored state where there is one. Raises ConfigError."""
    if not 0 < options.speed <= SPEED_MAX:
        raise ConfigError(f"--speed: expected more than 0 and at most {SPEED_MAX}")
    stored = None if options.state is None else read_state(options.state, recording.name)
    elapsed = timedelta(microseconds=stored.elapsed_us) if stored else timedelta(0)
    time = MarketTime(recording, options.speed, clock.now(), elapsed)
    market = ServedMarket(recording, time, clock)
    faults = FaultPlan(parse_faults(options.faults), options.seed)
    venue = Venue(market, options.access, clock, faults, seed=options.seed)
    if stored is not None:
        _go_on(venue, stored)
    return PaperApp(venue)


def serve(
    recording: Recording, options: Options, clock: Clock, ready: Callable[[int], None]
) -> None:
    """Serve until SIGINT or SIGTERM; `ready` is told the port once it listens.

    Raises ConfigError when the options or the port are no good.
    """
    service = Service(create_app(recording, options, clock), options)
    ready(service.port)
    asyncio.run(service.run(has_signals=True))


class Service:
    """An exchange that listens on this machine."""

    def __init__(self, app: PaperApp, options: Options) -> None:
        """Take the port. Raises ConfigError when it cannot be had."""
        self._app = app
        self._options = options
        self._listener = _listener(options.port)
        self.port: int = self._listener.getsockname()[1]
        config = uvicorn.Config(
            app,
            lifespan="off",
            log_level="warning",
            access_log=False,
            ws="websockets-sansio",
            ws_max_size=SOCKET_BYTES_MAX,
            ws_ping_interval=PING_EVERY_S,
            ws_ping_timeout=PING_EVERY_S,
            timeout_graceful_shutdown=STOP_WITHIN_S,
        )
        self._server = _Server(config)

    def stop(self) -> None:
        """Ask for the end, from any thread."""
        self._server.should_exit = True

    async def run(self, *, has_signals: bool = False) -> None:
        """Serve until stopped, and keep the state on disk up to date."""
        if has_signals:
            loop = asyncio.get_running_loop()
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, self.stop)
        ticking = asyncio.create_task(_tick(self._app, self._options))
        ticking.add_done_callback(lambda _: self.stop())
        try:
            await self._server.serve(sockets=[self._listener])
        finally:
            self._app.sockets.close()
            ticking.cancel()
            with suppress(asyncio.CancelledError):
                await ticking
            if self._options.state is not None:
                write_state(self._options.state, self._app.venue)


class _Server(uvicorn.Server):
    """Leaves signals to the service: uvicorn would raise them again before the state is saved."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


async def _tick(app: PaperApp, options: Options) -> None:
    """Keep time: fills and cancels that fall due, news for sockets, the state when it is old."""
    venue, state = app.venue, options.state
    stored, count = venue.changes, 0
    ticks_per_news = max(1, round(options.news_every_s / TICK_S))
    while True:
        await asyncio.sleep(TICK_S)
        count += 1
        venue.core.advance(venue.now())
        if count % ticks_per_news == 0:
            app.sockets.tick()
        if state is not None and venue.changes != stored and count % TICKS_PER_STATE == 0:
            stored = venue.changes
            write_state(state, venue)


def _listener(port: int) -> socket.socket:
    # The protocol is named so that asyncio turns Nagle's delay off: 40 ms an answer without.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except (OSError, OverflowError) as wrong:
        listener.close()
        raise ConfigError(f"--port: {port} cannot be had on {HOST} ({wrong})") from wrong
    listener.listen()
    return listener


def _go_on(venue: Venue, stored: StoredState) -> None:
    """Take the stored state up; accounts that are new since begin with their balances."""
    accounts = venue.keyring.accounts
    known = {name: totals for name, totals in stored.core.totals.items() if name in accounts}
    orders = [order for order in stored.core.orders if order.account in known]
    trades = [trade for trade in stored.core.trades if trade.account in known]
    core: Mapping[str, object] = {"totals": known, "orders": orders, "trades": trades}
    venue.core.resume(msgspec.structs.replace(stored.core, **core))


def read_faults(path: Path) -> str:
    """A fault script from a file. Raises ConfigError when it cannot be read."""
    try:
        if path.stat().st_size > FAULTS_BYTES_MAX:
            raise ConfigError(f"--faults: {path.name!r} is larger than a script can be")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as wrong:
        raise ConfigError(f"--faults: {path.name!r} cannot be read") from wrong
