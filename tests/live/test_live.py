"""Live trading, rehearsed: the storm, the gates, the kill, a second instance, orders by hand."""

import json
import signal
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from btcbot_core.adapters.control import ask, control_path
from btcbot_core.app.control import Question
from tests.canaries import KEY, SECRET
from tests.live.rig import (
    Bot,
    Exchange,
    assert_nothing_lost_and_nothing_twice,
    wait_until,
)
from tests.live.storm import Storm, weather


def test_through_a_storm_and_kills_exchange_and_ledger_agree(tmp_path: Path) -> None:
    weather(tmp_path, Storm(seed=4, kills=2))


def test_live_orders_are_sent_filled_and_booked(bot: Bot, exchange: Exchange) -> None:
    bot.start()
    wait_until(lambda: len(bot.rows("SELECT 1 FROM orders WHERE status = 'filled'")) >= 3)
    code, told = bot.stop()
    assert code == 0
    assert "armed by the environment" in told
    bot.settings["KILL_SWITCH"] = "true"
    bot.start()
    seen = bot.cycles()
    wait_until(lambda: bot.cycles() > seen + 2 and not bot.active())
    bot.stop()
    assert_nothing_lost_and_nothing_twice(exchange, bot)


@pytest.mark.parametrize(
    "closed",
    [
        {"KILL_SWITCH": "true"},
        {"LIVE_TRADING": "false"},
        {"LIVE_TRADING_ACK": "i_understand"},
        {"KILL_SWITCH": "true", "LIVE_TRADING": "false", "LIVE_TRADING_ACK": ""},
    ],
)
def test_a_closed_gate_ends_a_single_cycle_with_every_reason(
    bot: Bot, exchange: Exchange, closed: dict[str, str]
) -> None:
    bot.settings |= closed
    done = bot.ask("run", "--once")
    assert done.returncode == 4
    assert all(name in done.stderr for name in closed)
    assert exchange.orders() == []


def by_command(bot: Bot) -> None:
    assert bot.ask("kill", "--reason", "test").returncode == 0


def by_file(bot: Bot) -> None:
    bot.db.with_name("live.db.kill").touch()


def by_signal(bot: Bot) -> None:
    assert bot.process is not None
    bot.process.send_signal(signal.SIGUSR1)


@pytest.mark.parametrize("kill", [by_command, by_file, by_signal])
def test_a_kill_pulls_our_orders_sends_none_and_survives_a_restart(
    bot: Bot, exchange: Exchange, kill: Callable[[Bot], None]
) -> None:
    bot.settings |= {"TTL_SECONDS": "600", "ENTRY_MAX_SPREAD_RATIO": "1"}
    bot.start()
    wait_until(lambda: bot.sent() >= 2)
    kill(bot)
    killed_at = bot.cycles()
    wait_until(lambda: bot.cycles() > killed_at + 2 and not bot.active())
    count = len(exchange.orders())
    bot.kill()
    bot.start()
    seen = bot.cycles()
    wait_until(lambda: bot.cycles() > seen + 3)
    bot.stop()
    assert len(exchange.orders()) == count
    assert all(order["status"] in ("Canceled", "Closed") for order in exchange.orders())
    assert_nothing_lost_and_nothing_twice(exchange, bot)
    status = json.loads(bot.ask("status", "--json").stdout)
    assert status["killed"]["is_set"]


def test_a_second_bot_on_the_database_or_the_key_never_writes(
    bot: Bot, exchange: Exchange, tmp_path: Path
) -> None:
    bot.start()
    wait_until(lambda: bot.cycles() >= 1)
    same_database = bot.ask("run", "--once")
    other = Bot(tmp_path, exchange)
    other_database = other.ask("run", "--once", "--db", str(tmp_path / "other.db"))
    for second in (same_database, other_database):
        assert second.returncode == 3
        assert bot.process is not None
        assert f"pid {bot.process.pid}" in second.stderr


def test_orders_by_hand_are_left_alone_and_freeze_nothing(bot: Bot, exchange: Exchange) -> None:
    import ccxt

    hand = ccxt.btcturk({"apiKey": KEY, "secret": SECRET})
    for kind in ("public", "private", "graph"):
        path = hand.urls["api"][kind].split(".com")[1]
        hand.urls["api"][kind] = exchange.url + path
    placed = hand.create_order("BTC/TRY", "limit", "buy", 0.001, 200_000)
    elsewhere = hand.create_order("AVAX/TRY", "limit", "buy", 10, 100)
    bot.start()
    wait_until(lambda: len(bot.rows("SELECT 1 FROM orders WHERE status = 'filled'")) >= 2)
    hand.create_order("ETH/TRY", "market", "buy", 500, None)  # quote currency, as there
    hand.create_order("XRP/TRY", "market", "buy", 700, None)  # which the bot does not trade
    booked = "SELECT 1 FROM ledger_events WHERE note LIKE 'by hand%' AND kind = "
    wait_until(lambda: bool(bot.rows(f"{booked}'fill'")), 90)
    wait_until(lambda: bool(bot.rows(f"{booked}'capital'")), 90)
    status = json.loads(bot.ask("status", "--json").stdout)
    shown = {order["exchange_id"]: order["symbol"] for order in status["other_orders"]}
    assert shown == {placed["id"]: "BTCTRY", elsewhere["id"]: "AVAXTRY"}
    assert not status["killed"]["is_set"]
    assert "AVAXTRY buy 10 of 10 at 100  not in our books" in bot.ask("status").stdout
    bot.ask("kill", "--reason", "test")
    seen = bot.cycles()
    wait_until(lambda: bot.cycles() > seen + 2 and not bot.active())
    bot.stop()
    resting = [*hand.fetch_open_orders("BTC/TRY"), *hand.fetch_open_orders("AVAX/TRY")]
    assert [(o["id"], o["filled"]) for o in resting] == [(placed["id"], 0), (elsewhere["id"], 0)]
    assert exchange.balances().keys() == {*bot.books(), "XRP"}
    assert {asset: exchange.balances()[asset] for asset in bot.books()} == bot.books()


def test_a_second_terminal_arms_with_the_typed_phrase_only(bot: Bot, tmp_path: Path) -> None:
    import msgspec

    bot.settings["KILL_SWITCH"] = "true"
    bot.start()
    wait_until(lambda: bot.cycles() >= 1)
    path = tmp_path / "btcbot" / control_path(bot.db).name

    def say(**words: object) -> dict[str, object]:
        question = msgspec.json.encode(Question(**words))  # type: ignore[arg-type]
        answer: dict[str, object] = json.loads(ask(path, question))
        return answer

    selected = say(verb="select")
    arming = selected["arming"]
    assert isinstance(arming, dict)
    refused = say(verb="arm", who="t", why="test", minutes=5, phrase=arming["phrase"])
    assert "KILL_SWITCH" in str(refused["error"])
    wrong = say(verb="arm", who="t", why="test", minutes=5, phrase="ARM")
    assert "phrase" in str(wrong["error"])
    assert Decimal(bot.cycles()) >= 1
