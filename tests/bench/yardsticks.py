"""What plain Python does on this machine at this hour: the yardsticks beside the other figures.

CPU time, the median of several rounds: a shared machine says little by the clock.
"""

import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import msgspec

from btcbot_core.domain.money import canonical

ROUNDS, TIMES, ROWS = 5, 20_000, 5_000
RECORD = b"x" * 1_200
"""About what a quiet cycle's trace is long."""


class Eight(msgspec.Struct, frozen=True):
    """A value of the usual size."""

    a: Decimal
    b: Decimal
    c: str
    d: str
    e: int
    f: int
    g: object
    h: object


def report() -> None:
    """Print microseconds of CPU for each yardstick."""
    price, qty = Decimal("3000179.47"), Decimal("0.01234567")
    cent = Decimal("0.01")
    told = {"targets": {"BTCTRY": "0.30", "ETHTRY": "0.30"}, "reasons": ["ok"] * 60, "n": [1] * 99}
    encode = msgspec.json.Encoder().encode
    single: dict[str, Callable[[], object]] = {
        "Decimal a + b": lambda: price + qty,
        "Decimal quantize": lambda: price.quantize(cent),
        "canonical text of a Decimal": lambda: canonical(price),
        "Struct of 8 fields": lambda: Eight(price, qty, "BTCTRY", "buy", 1, 2, None, None),
        "JSON of about 700 bytes": lambda: encode(told),
        "SHA-256 of a quiet cycle's length": lambda: sha256(RECORD).hexdigest(),
    }
    for name, act in single.items():
        _tell(name, lambda act=act: _repeat(act), TIMES)  # type: ignore[misc]  # bound now
    _tell("row of a quiet cycle's length into SQLite", _insert, ROWS)


def _repeat(act: Callable[[], object]) -> None:
    for _ in range(TIMES):
        act()


def _insert() -> None:
    """WAL, NORMAL, one statement for all in one transaction, as a batch does it."""
    with tempfile.TemporaryDirectory() as folder:
        store = sqlite3.connect(Path(folder) / "y.db", isolation_level=None)
        store.execute("PRAGMA journal_mode=WAL")
        store.execute("PRAGMA synchronous=NORMAL")
        store.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, body BLOB)")
        store.execute("BEGIN")
        store.executemany("INSERT INTO t VALUES(?, ?)", ((n, RECORD) for n in range(ROWS)))
        store.execute("COMMIT")
        store.close()


def _tell(name: str, act: Callable[[], None], count: int) -> None:
    each = []
    for _ in range(ROUNDS):
        began_s = time.process_time()
        act()
        each.append((time.process_time() - began_s) / count * 1e6)
    print(f"  {name:<44} {statistics.median(each):8.2f} us")
