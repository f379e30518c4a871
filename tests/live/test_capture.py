"""Recording the exchange's public data: a dataset that loads, resumes and owns up to its gaps."""

import json
from pathlib import Path
from typing import Any

from btcbot_core.adapters.replay.dataset import load
from tests.live.rig import Exchange
from tests.warm import Program, bare_environment


def test_what_was_recorded_loads_and_goes_on_where_it_ended(
    tmp_path: Path, exchange: Exchange
) -> None:
    folder = tmp_path / "recording"
    first = _record(folder, exchange)
    before = _rows(folder / "orderbook" / "BTCTRY.csv")
    again = _record(folder, exchange)

    assert first["rows"] > 0
    assert again["rows"] > 0
    assert load(folder).symbols == ("BTCTRY", "ETHTRY")
    rows = _rows(folder / "orderbook" / "BTCTRY.csv")
    assert rows == sorted(set(rows))
    assert rows[: len(before)] == before
    assert len(rows) > len(before)


def test_an_outage_is_marked_as_a_gap_and_not_filled_in(tmp_path: Path) -> None:
    folder = tmp_path / "recording"
    exchange = Exchange(tmp_path, "orderbook from=5 status=502")
    exchange.start()
    try:
        said = _record(folder, exchange)
    finally:
        exchange.stop()

    assert said["gaps"] >= 1
    gaps = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))["gaps"]
    assert all(gap["start"] < gap["end"] and "502" in gap["why"] for gap in gaps)


def _record(folder: Path, exchange: Exchange) -> dict[str, Any]:
    settings = folder.parent / "capture.env"
    settings.write_text(f"BTCTURK_BASE_URL={exchange.url}\n", encoding="utf-8")
    arguments = [
        *("replay-capture", "--dataset", str(folder), "--symbols", "BTCTRY,ETHTRY", "--json"),
        *("--seconds", "4", "--interval-seconds", "0.5", "--env-file", str(settings)),
    ]
    told = Program("btcbot_core", tuple(arguments), folder.parent, bare_environment({})).result()
    assert told.returncode == 0, told.stderr
    said: dict[str, Any] = json.loads(told.stdout)
    return said


def _rows(path: Path) -> list[str]:
    return [line.partition(",")[0] for line in path.read_text("ascii").splitlines()[1:]]
