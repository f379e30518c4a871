"""A paper exchange and a bot that trades on it for real, both as processes that can be killed."""

import hashlib
import hmac
import http.client
import json
import signal
import sqlite3
import subprocess
import time
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.canaries import KEY, SECRET
from tests.warm import Program, bare_environment

PATIENCE_S = 60.0
ZERO = Decimal(0)

SETTINGS = {
    "SYMBOLS": "BTCTRY,ETHTRY,SOLTRY",
    "DRY_RUN": "false",
    "KILL_SWITCH": "false",
    "LIVE_TRADING": "true",
    "LIVE_TRADING_ACK": "I_UNDERSTAND",
    "ENTRY_BUDGET_TRY": "1000",
    "TRY_CASH_TARGET": "0",
    "NOTIONAL_CAP_TRY_PER_CYCLE": "5000",
    "MIN_PROFIT_BPS": "0",
    "FEE_BPS_TAKER": "18",
    "STOP_LOSS_BPS": "10",
    "TTL_SECONDS": "2",
    "COOLDOWN_SECONDS": "1",
    "UNKNOWN_RELEASE_SECONDS": "4",
}


@dataclass
class Exchange:
    """`btcbot-core paper-exchange` on a port of its own; its state outlives it."""

    folder: Path
    faults: str = ""
    speed: str = "240"
    seed: int = 1
    url: str = ""
    process: Program | None = None

    def start(self) -> None:
        script = self.folder / "faults.txt"
        script.write_text(self.faults, encoding="utf-8")
        port = self.url.rpartition(":")[2] or "0"
        arguments = [
            *("paper-exchange", "--json", "--port", port, "--speed", self.speed),
            *("--seed", str(self.seed), "--key", KEY, "--secret", SECRET),
            *("--balances", "TRY=100000", "--faults", str(script)),
            *("--state", str(self.folder / "exchange.json")),
        ]
        self.process = _start(self.folder, arguments, {})
        assert self.process.stdout is not None
        said = ""
        while not said.rstrip().endswith("}"):
            line = self.process.stdout.readline()
            assert line, "the paper exchange did not start"
            said += line
        self.url = json.loads(said)["url"]

    def stop(self) -> None:
        assert self.process is not None
        self.process.terminate()
        self.process.wait(PATIENCE_S)

    def calm(self) -> None:
        """Start again on the same port and state, without faults."""
        self.stop()
        self.faults = ""
        self.start()

    def ask(self, path: str) -> object:
        """A signed question of our own; what counts is what the exchange says."""
        stamp = str(int(time.time() * 1000))
        told = hmac.new(b64decode(SECRET), f"{KEY}{stamp}".encode(), hashlib.sha256)
        headers = {
            "X-PCK": KEY,
            "X-Stamp": stamp,
            "X-Signature": b64encode(told.digest()).decode(),
        }
        line = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=10)
        try:
            line.request("GET", f"/api/v1/{path}", headers=headers)
            body = json.loads(line.getresponse().read())
        finally:
            line.close()
        assert body["success"], body
        return body["data"]

    def balances(self) -> dict[str, Decimal]:
        rows = self.ask("users/balances")
        assert isinstance(rows, list)
        found = {row["asset"]: Decimal(row["balance"]) for row in rows}
        return {asset: amount for asset, amount in found.items() if amount}

    def orders(self) -> list[Mapping[str, str]]:
        """Every order of the account, finished or not."""
        found: list[Mapping[str, str]] = []
        for symbol in SETTINGS["SYMBOLS"].split(","):
            page = self.ask(f"allOrders?pairSymbol={symbol}&limit=1000")
            assert isinstance(page, list)
            found.extend(page)
        return found


@dataclass
class Bot:
    """`btcbot-core run`, live and unattended, on a database of its own."""

    folder: Path
    exchange: Exchange
    settings: dict[str, str] = field(default_factory=lambda: dict(SETTINGS))
    command: str = "run"
    runtime: Path | None = None
    """Where locks and sockets are; the bot's own folder, unless others share them."""
    process: Program | None = None
    began_with: int = 0
    """How many cycles there were when it was started last."""

    @property
    def db(self) -> Path:
        return self.folder / "live.db"

    @property
    def environment(self) -> dict[str, str]:
        return {
            **self.settings,
            "BTCTURK_BASE_URL": self.exchange.url,
            "BTCTURK_API_KEY": KEY,
            "BTCTURK_API_SECRET": SECRET,
            "XDG_RUNTIME_DIR": str(self.runtime or self.folder),
        }

    def start(self, *flags: str) -> None:
        arguments = [self.command, "--loop", "--cycle-seconds", "0.3", "--db", str(self.db), *flags]
        self.began_with = self.cycles()
        self.process = _start(self.folder, arguments, self.environment)

    def ask(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Another command on the same database, to its end."""
        return _start(self.folder, [*arguments, "--db", str(self.db)], self.environment).result()

    def arm(self) -> None:
        """Without a screen the four open gates are the arming (DEC-9): until it trades, then."""
        wait_until(lambda: self.cycles() > self.began_with or not self.is_alive())

    def live(self, seconds: float) -> None:
        """Let it be for so long."""
        time.sleep(seconds)

    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()

    def stop(self) -> tuple[int, str]:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        _, told = self.process.communicate(timeout=PATIENCE_S)
        return self.process.wait(), told

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the database says; nothing where there is none yet."""
        try:
            store = sqlite3.connect(f"file:{self.db}?mode=ro", uri=True, timeout=10)
        except sqlite3.OperationalError:
            return []
        try:
            return store.execute(query).fetchall()
        except sqlite3.OperationalError:
            return []
        finally:
            store.close()

    def cycles(self) -> int:
        found = self.rows("SELECT COUNT(*) FROM cycles")
        return int(found[0][0]) if found else 0

    def sent(self) -> int:
        """How many orders the exchange has acknowledged."""
        found = self.rows("SELECT COUNT(*) FROM orders WHERE exchange_id IS NOT NULL")
        return int(found[0][0]) if found else 0

    def books(self) -> dict[str, Decimal]:
        """Totals per asset by the journal, added up here and not by the program."""
        totals = {"TRY": ZERO}
        query = "SELECT kind, symbol, side, price, qty, amount FROM ledger_events ORDER BY seq"
        for kind, symbol, side, price, qty, amount in self.rows(query):
            base = (symbol or "").removesuffix("TRY")
            if kind == "capital" and symbol is None:
                totals["TRY"] += Decimal(amount)
            elif kind == "capital":
                totals[base] = totals.get(base, ZERO) + Decimal(qty)
            elif kind == "fee":
                totals["TRY"] -= Decimal(amount)
            elif kind == "fill":
                sign = 1 if side == "buy" else -1
                totals["TRY"] -= sign * Decimal(price) * Decimal(qty)
                totals[base] = totals.get(base, ZERO) + sign * Decimal(qty)
        return {asset: amount for asset, amount in totals.items() if amount}

    def active(self) -> list[tuple[Any, ...]]:
        ended = "('filled', 'canceled', 'rejected', 'not_placed', 'unknown_closed')"
        return self.rows(f"SELECT client_id, status FROM orders WHERE status NOT IN {ended}")


def wait_until(is_so: Callable[[], bool], within_s: float = PATIENCE_S) -> None:
    """Wait for what other processes do."""
    deadline_s = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < deadline_s, "it did not happen in time"
        time.sleep(0.1)


def assert_nothing_lost_and_nothing_twice(exchange: Exchange, bot: Bot) -> None:
    """The exchange's word against the journal's: to the last digit, order by order."""
    theirs, ours = exchange.balances(), bot.books()
    assert theirs == ours
    placed = exchange.orders()
    names = Counter(order["orderClientId"] for order in placed)
    assert [name for name, count in names.items() if count > 1] == []
    known = {row[0] for row in bot.rows("SELECT client_id FROM orders")}
    assert set(names) <= known


def _start(folder: Path, arguments: list[str], environment: Mapping[str, str]) -> Program:
    return Program("btcbot_core", tuple(arguments), folder, bare_environment(environment))
