"""An older copy under a bot that trades: no order leaves, no name is used twice (D09, O16)."""

import shutil
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from tests.live.rig import Bot, Exchange, wait_until

ENDS = ("", "-wal", "-shm", ".witness")


def put(folder: Path, into: Path, ends: Iterable[str]) -> None:
    """The database's files as they are in one folder, in another."""
    for end in ends:
        (into / f"live.db{end}").unlink(missing_ok=True)
        if (folder / f"live.db{end}").exists():
            shutil.copy(folder / f"live.db{end}", into)


def test_a_bot_on_an_older_copy_stops_and_a_new_run_goes_on(
    bot: Bot, exchange: Exchange, tmp_path: Path
) -> None:
    older = tmp_path / "older"
    older.mkdir()
    bot.start()
    wait_until(lambda: bot.sent() >= 1)
    bot.stop()
    put(bot.folder, older, ENDS)
    known = bot.sent()
    bot.start()
    wait_until(lambda: bot.sent() >= known + 3)
    bot.stop()
    names = {order["orderClientId"] for order in exchange.orders()}

    put(older, bot.folder, ENDS[:3])  # the database alone: its witness says what it has forgotten
    assert bot.ask("run", "--once").returncode == 5

    put(older, bot.folder, ENDS)  # the whole folder: only the exchange can say
    seen = bot.cycles()
    bot.start()
    wait_until(lambda: bot.cycles() >= seen + 5)
    bot.stop()
    assert {order["orderClientId"] for order in exchange.orders()} == names
    trace = bot.ask("status", "--trace", "last").stdout
    assert "mode: mode:books_behind btcb-" in trace

    done = bot.ask("restored", "--reason", "the disk died", "--word", "RESTORED")
    assert done.returncode == 0, done.stderr
    assert bot.ask("cancel-own").returncode == 0
    bot.start()
    wait_until(lambda: len(exchange.orders()) > len(names))
    assert bot.stop()[0] == 0
    placed = Counter(order["orderClientId"] for order in exchange.orders())
    assert set(placed.values()) == {1}
    assert names < set(placed)
