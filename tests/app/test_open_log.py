"""The log of a run as a session opens it: beside the database, at its level, with its secrets."""

import json
import logging
from contextlib import ExitStack
from pathlib import Path

from btcbot_core.bootstrap.log import log_path, open_log
from btcbot_core.settings import load
from tests.adapters.processes import mode_of
from tests.canaries import KEY, SECRET

GIVEN = {"BTCTURK_API_KEY": KEY, "BTCTURK_API_SECRET": SECRET, "LOG_LEVEL": "warning"}


def test_it_stands_beside_the_database_that_a_link_leads_to(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    (tmp_path / "link.db").symlink_to(real / "state.db")
    assert log_path(tmp_path / "link.db") == real / "state.db.log"


def test_it_is_closed_with_what_opened_it_and_knows_key_and_secret(tmp_path: Path) -> None:
    before = list(logging.getLogger().handlers)
    database = tmp_path / "state.db"
    with ExitStack() as undo:
        log = open_log(load(environment=GIVEN).settings, database, undo)
        log.logs.say(logging.INFO, "under the level")
        log.logs.say(logging.WARNING, f"key {KEY}", note=f"secret {SECRET}")
    (line,) = log_path(database).read_text(encoding="ascii").splitlines()
    assert json.loads(line)["event"] == "key [REDACTED]"
    assert json.loads(line)["note"] == "secret [REDACTED]"
    assert mode_of(log_path(database)) == 0o600
    assert list(logging.getLogger().handlers) == before
