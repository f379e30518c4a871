"""Unattended: the service manager is told of progress, and our orders are pulled after the end."""

import os
import socket

from tests.live.rig import Bot, Exchange, wait_until

LONG_LIVED = {"TTL_SECONDS": "600"}


def test_a_service_manager_hears_of_every_turn(
    bot: Bot,
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        name = f"btcbot-{bot.folder.name}-{os.getpid()}"  # abstract: no path that could be long
        manager.bind(f"\0{name}")
        manager.settimeout(60)
        bot.settings["NOTIFY_SOCKET"] = f"@{name}"
        bot.start()
        heard = [manager.recv(4096).decode() for _ in range(4)]
        bot.stop()
        while "STOPPING=1" not in heard[-1]:
            heard.append(manager.recv(4096).decode())
    assert heard[0].startswith("READY=1")
    assert any("WATCHDOG=1" in word for word in heard)


def test_after_a_crash_our_orders_are_pulled_and_nobody_elses(
    bot: Bot,
    exchange: Exchange,
) -> None:
    bot.settings |= LONG_LIVED
    bot.start()
    wait_until(lambda: bot.cycles() >= 1)
    refused = bot.ask("cancel-own")
    wait_until(lambda: bot.sent() >= 2)
    bot.kill()
    pulled = bot.ask("cancel-own", "--json")
    assert refused.returncode == 3
    assert pulled.returncode == 0, pulled.stderr
    assert all(order["status"] in ("Canceled", "Closed") for order in exchange.orders())


def test_cancel_own_needs_the_gates_but_not_an_open_kill_switch(
    bot: Bot,
) -> None:
    bot.settings["KILL_SWITCH"] = "true"
    assert bot.ask("cancel-own").returncode == 0
