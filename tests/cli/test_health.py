"""`health` and the online checks against an exchange on this machine."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from btcbot_core.adapters.btcturk.wire.numbers import millis_of
from tests.btcturk.loopback import Asked, Loopback, Move, data, refusal, reply
from tests.btcturk.world import book, fixture_bytes
from tests.canaries import KEY, SECRET
from tests.cli.shell import Json, Shell


class Exchange:
    """Answers as the real one would; a test changes what it needs to."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)
        self.book_age = timedelta(0)
        self.is_key_good = True
        self.server = Loopback(self.answer)

    def answer(self, asked: Asked) -> Move:
        now = datetime.now(UTC) + self.ahead
        match asked.path:
            case "/api/v2/server/time":
                return reply(json.dumps({"serverTime": millis_of(now)}).encode())
            case "/api/v2/server/exchangeinfo":
                return reply(fixture_bytes("exchangeinfo_live_2026-08.json"))
            case "/api/v2/orderbook":
                return data(book(at=datetime.now(UTC) - self.book_age))
            case "/api/v1/users/balances" if self.is_key_good:
                return data([{"asset": "TRY", "balance": "10", "locked": "0", "free": "10"}])
            case _:
                return refusal("Unauthorized", 1000, status=401)


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    served = Exchange()
    yield served
    served.server.close()


@pytest.fixture
def wired(shell: Shell, exchange: Exchange) -> Shell:
    shell.environment |= {
        "BTCTURK_BASE_URL": exchange.server.url,
        "SYMBOLS": "BTCTRY,USDTTRY",
        "PYTHONSAFEPATH": "1",
    }
    return shell


def told(shell: Shell, code: int) -> Json:
    done = shell("health", "--json")
    assert done.returncode == code, done.stdout + done.stderr
    parsed: Json = json.loads(done.stdout)
    return parsed


def test_an_exchange_in_good_health_is_told_with_clock_rules_and_books(wired: Shell) -> None:
    found = told(wired, 0)
    assert (found["answers"], found["faults"], found["without_rules"]) == (True, [], [])
    offset_ms = found["clock_offset_ms"]
    assert isinstance(offset_ms, int)
    assert abs(offset_ms) < 1_000
    done = wired("health")
    assert (done.returncode, done.stderr) == (0, "")
    assert "known for every pair" in done.stdout
    assert "BTCTRY" in done.stdout


def test_health_asks_only_what_everybody_may_and_needs_no_database(
    wired: Shell, exchange: Exchange
) -> None:
    wired.environment |= {"BTCTURK_API_KEY": KEY, "BTCTURK_API_SECRET": SECRET}
    told(wired, 0)
    assert {asked.method for asked in exchange.server.asked} == {"GET"}
    assert [a.path for a in exchange.server.asked if "x-pck" in a.headers] == []
    assert list(wired.folder.iterdir()) == []


def test_without_a_line_it_is_one_clear_line_and_seven(shell: Shell) -> None:
    shell.environment["BTCTURK_BASE_URL"] = "http://127.0.0.1:1"
    done = shell("health", "--json")
    assert done.returncode == 7
    assert len(done.stderr.splitlines()) == 1
    assert "http://127.0.0.1:1 does not answer: not sent" in done.stderr
    assert json.loads(done.stdout)["answers"] is False


def test_a_clock_that_is_off_is_told_by_how_much(wired: Shell, exchange: Exchange) -> None:
    exchange.ahead = timedelta(seconds=30)
    found = told(wired, 1)
    assert "behind" in str(found["faults"])
    done = wired("health")
    assert "this machine's clock is 30." in done.stdout
    assert "FAULT" in done.stdout


def test_a_pair_that_the_exchange_does_not_list_is_named(wired: Shell) -> None:
    wired.environment["SYMBOLS"] = "BTCTRY,ETHTRY"
    found = told(wired, 1)
    assert found["without_rules"] == ["ETHTRY"]
    assert found["faults"] == ["ETHTRY: the exchange does not list it"]


def test_a_book_that_is_too_old_is_named_with_its_age(wired: Shell, exchange: Exchange) -> None:
    exchange.book_age = timedelta(seconds=60)
    found = told(wired, 1)
    assert "BTCTRY: its book is 60." in str(found["faults"])


def test_the_doctor_asks_the_exchange_only_when_told_to(wired: Shell, exchange: Exchange) -> None:
    assert wired("doctor").returncode == 0
    assert exchange.server.asked == []
    done = wired("doctor", "--online")
    assert done.returncode == 0
    assert f"ok    exchange.answers      {exchange.server.url} in" in done.stdout


@pytest.mark.parametrize("is_key_good", [True, False])
def test_a_key_is_tried_by_reading_balances_and_nothing_else(
    wired: Shell, exchange: Exchange, is_key_good: bool
) -> None:
    exchange.is_key_good = is_key_good
    wired.environment |= {"BTCTURK_API_KEY": KEY, "BTCTURK_API_SECRET": SECRET}
    done = wired("doctor", "--online", "--json")
    checks = {f"{c['category']}.{c['name']}": c for c in json.loads(done.stdout)["checks"]}
    assert checks["credentials.accepted"]["verdict"] == ("pass" if is_key_good else "fail")
    assert done.returncode == (0 if is_key_good else 1)
    private = [a for a in exchange.server.asked if "x-pck" in a.headers]
    assert {(a.method, a.path) for a in private} == {("GET", "/api/v1/users/balances")}
    assert KEY not in done.stdout + done.stderr
    assert SECRET not in done.stdout + done.stderr


def test_an_arm_check_online_refuses_a_clock_that_is_off(
    wired: Shell, exchange: Exchange, tmp_path: Path
) -> None:
    exchange.ahead = timedelta(seconds=-8)
    done = wired("arm-check", "--online", "--json", "--db", str(tmp_path / "x.db"))
    assert done.returncode == 4
    assert "clock.offset" in json.loads(done.stdout)["failed"]
