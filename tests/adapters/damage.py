"""Damage as a failing disk does it: bytes of a page turn into others."""

import sqlite3
from pathlib import Path

PAGE = 4096


def damage_table(path: Path, table: str) -> None:
    """Overwrite the head of the table's first page."""
    connection = sqlite3.connect(path)
    query = "SELECT rootpage FROM sqlite_master WHERE name = ?"
    (page,) = connection.execute(query, (table,)).fetchone()
    connection.close()
    with path.open("r+b") as file:
        file.seek((page - 1) * PAGE)
        file.write(b"\xa5" * 200)
