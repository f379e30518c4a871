"""A backtest as a life to be struck: two batches of cycles, fills among them, and its end state."""

import sqlite3
from contextlib import closing
from hashlib import sha256
from pathlib import Path

from btcbot_core.adapters.replay.synthetic import Recipe
from btcbot_core.adapters.sqlite.batched import CYCLES_A_BATCH
from btcbot_core.adapters.sqlite.store import SqliteStore
from btcbot_core.app.fingerprint import read_fingerprint
from btcbot_core.bootstrap.backtest import BacktestOptions, open_backtest
from tests.story.rebalancing import made_up

NAME = "backtest"
_TABLES = ("ledger_events", "orders", "order_events", "checkpoints")
"""All that a run is judged by beside its cycles; when it was started differs by nature."""


def prepare(folder: Path) -> None:
    """The dataset of the life; its database is yet to be made."""
    folder.mkdir(parents=True)
    recipe = Recipe(minutes=CYCLES_A_BATCH + 40, volatility_bps=40)
    made_up(folder / "data", recipe, STAGE7_DRIFT_BAND_BPS="100", STAGE7_ADAPT="true")


def live(folder: Path) -> None:
    """Run it from wherever it stands to its end. Raises BotError."""
    opened = open_backtest(BacktestOptions(folder / "data", folder / "out.db"))
    try:
        opened.backtest.run()
    finally:
        opened.close()


def end_state(folder: Path) -> tuple[str, ...]:
    """What each cycle came to, and every row beside them."""
    store = SqliteStore(folder / "out.db", mode="ro", is_checked=True)
    try:
        with store.read() as work:
            run = work.runs.all()[-1].id
            cycles = read_fingerprint(work, run).value
    finally:
        store.close()
    with closing(sqlite3.connect(folder / "out.db")) as database:
        rows = [
            database.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall() for table in _TABLES
        ]
    return (cycles, *(sha256(repr(each).encode()).hexdigest() for each in rows))
