"""What a session does, in its log: the cycle's line, the orders' lines, acts, and its end."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from btcbot_core.adapters.latch import FileLatch
from btcbot_core.app.context import current
from btcbot_core.app.cycle_log import CycleLog
from btcbot_core.app.frames import Outcome, ResetKill
from btcbot_core.app.logs import LogOptions, Logs, configure
from btcbot_core.app.redaction_rules import MASK
from btcbot_core.app.session import Session
from btcbot_core.domain.errors import ExchangeUnavailableError
from btcbot_core.domain.kill import KillState
from btcbot_core.domain.trading import AnswerKind
from tests.canaries import AWKWARD as SECRET
from tests.story.worlds import RUN, Rig

Line = dict[str, object]


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


@pytest.fixture
def logs(tmp_path: Path) -> Iterator[Logs]:
    opened = configure(LogOptions(path=tmp_path / "x.log", secrets=(SECRET,)))
    yield opened
    opened.close()


def watched(rig: Rig, logs: Logs, steps: int) -> Session:
    session = rig.session(steps)
    session.observe(CycleLog(logs))
    return session


def lines(rig: Rig, logs: Logs, event: str = "") -> list[Line]:
    assert logs.flush()
    text = (rig.folder / "x.log").read_text(encoding="ascii")
    parsed: list[Line] = [json.loads(line) for line in text.splitlines()]
    return [line for line in parsed if str(line["event"]).startswith(event)]


def test_a_run_begins_and_ends_with_a_line_and_has_one_for_each_cycle(rig: Rig, logs: Logs) -> None:
    watched(rig, logs, 3).run()
    said = [line["event"] for line in lines(rig, logs) if not str(line["event"]).startswith("ord")]
    assert said == ["session.started", *["cycle.done"] * 3, "session.ended"]
    started, *_, ended = lines(rig, logs)
    assert (started["run_id"], started["stage"], started["kind"]) == (RUN, "stage3", "replay")
    assert started["gates_closed"] == ["KILL_SWITCH", "DRY_RUN", "LIVE_TRADING", "LIVE_TRADING_ACK"]
    assert (ended["outcome"], ended["turns"], ended["level"]) == ("data_end", 3, "info")


def test_the_line_of_a_cycle_tells_mode_money_counts_time_and_the_age_of_the_data(
    rig: Rig, logs: Logs
) -> None:
    watched(rig, logs, 1).run()
    (done,) = lines(rig, logs, "cycle.done")
    assert done["cycle_id"] == f"{RUN}-00000000"
    assert (done["mode"], done["equity"], done["net"]) == ("NORMAL", "10000", "0")
    assert (done["intents"], done["cancels"], done["fills"], done["orders_open"]) == (1, 0, 0, 1)
    assert (done["rejects"], done["unknown"], done["data_age_s"]) == (0, 0, "0")
    assert done["took_ms"] == 0.0
    assert "why" not in done


def test_each_thing_that_happens_to_an_order_has_a_line_with_its_ids(rig: Rig, logs: Logs) -> None:
    watched(rig, logs, 1).run()
    rig.exchange.fill("x1")
    watched(rig, logs, 2).run()
    told = lines(rig, logs, "order.")
    assert [line["event"] for line in told[:3]] == [
        "order.planned",
        "order.accepted",
        "order.filled",
    ]
    sent = rig.exchange.submits[0]
    assert {line["client_order_id"] for line in told[:3]} == {sent.client_id}
    assert [line["cycle_id"] for line in told[:3]] == [
        f"{RUN}-00000000",
        f"{RUN}-00000000",
        f"{RUN}-00000001",
    ]
    filled = told[2]
    assert (filled["order_id"], filled["symbol"], filled["after"]) == ("x1", "BTCTRY", "filled")
    assert filled["fee"] == "0 TRY"


def test_an_order_without_an_answer_is_an_error(rig: Rig, logs: Logs) -> None:
    rig.exchange.answer = AnswerKind.UNKNOWN
    rig.exchange.is_visible = False
    watched(rig, logs, 1).run()
    (line,) = lines(rig, logs, "order.unknown")
    assert (line["level"], line["after"]) == ("error", "unknown")


def test_lines_of_an_adapter_carry_run_cycle_and_order(rig: Rig, logs: Logs) -> None:
    rig.exchange.before = lambda: logging.getLogger("adapter").warning("line.slow")
    watched(rig, logs, 1).run()
    line = next(line for line in lines(rig, logs, "line.slow") if "client_order_id" in line)
    assert (line["run_id"], line["cycle_id"]) == (RUN, f"{RUN}-00000000")
    assert line["client_order_id"] == rig.exchange.submits[0].client_id
    assert current() == {}


def test_a_kill_and_a_reset_are_told_with_who_and_why(rig: Rig, logs: Logs) -> None:
    session = watched(rig, logs, 3)
    session.kill("operator@desk", "too fast")
    session.command(ResetKill("operator@desk", "looked at it"))
    session.run()
    kill, reset = lines(rig, logs, "act.")
    assert (kill["event"], kill["who"], kill["why"]) == ("act.kill", "operator@desk", "too fast")
    assert (reset["event"], reset["why"]) == ("act.reset", "looked at it")
    first = lines(rig, logs, "cycle.done")[0]
    assert first["mode"] == "OBSERVE_ONLY"
    assert first["killed"] is True
    assert "mode:kill_switch_active" in str(first["why"])


class Speechless(FileLatch):
    """As it looks while another thread has just set it and has not come to its words."""

    asked = 0

    def state(self) -> KillState:
        self.asked += 1
        return KillState(True) if self.asked == 1 else super().state()


def test_a_kill_waits_for_its_words_before_it_is_journalled(rig: Rig, logs: Logs) -> None:
    rig.latch = Speechless(rig.folder / "state.db.kill", rig.clock)
    session = watched(rig, logs, 3)
    session.kill("operator@desk", "too fast")
    session.run()
    (kill,) = lines(rig, logs, "act.")
    assert (kill["who"], kill["why"]) == ("operator@desk", "too fast")


def test_a_skipped_cycle_is_a_warning_with_its_cause(rig: Rig, logs: Logs) -> None:
    rig.exchange.failure = ExchangeUnavailableError("no line")
    watched(rig, logs, 1).run()
    (line,) = lines(rig, logs, "cycle.skipped")
    assert (line["level"], line["words"]) == ("warning", "no line")
    assert line["error"] == "ExchangeUnavailableError"


def test_what_ends_a_run_leaves_its_traceback_redacted(rig: Rig, logs: Logs) -> None:
    rig.exchange.failure = RuntimeError(f"bad key {SECRET}")
    session = watched(rig, logs, 1)
    session.run()
    (failed,) = lines(rig, logs, "session.failed")
    assert (failed["level"], failed["error"]) == ("error", "InvariantBrokenError")
    assert f"RuntimeError: bad key {MASK}" in str(failed["exception"])
    assert "tests/story/worlds.py" in str(failed["exception"])
    (ended,) = lines(rig, logs, "session.ended")
    assert (ended["level"], ended["outcome"]) == ("error", "failed")
    assert SECRET not in (rig.folder / "x.log").read_text(encoding="ascii")


class BrokenLogs(Logs):
    """A log that fails on every line."""

    def say(self, level: int, event: str, **facts: object) -> None:
        raise ValueError(f"no line today: {level} {event} {facts}")


def test_a_log_that_fails_on_every_line_costs_no_cycle(rig: Rig) -> None:
    broken = BrokenLogs(LogOptions(path=None), None)
    session = watched(rig, broken, 2)
    session.run()
    broken.close()
    assert session.latest.outcome is Outcome.DATA_END
    assert session.latest.pulse.turns == 2
    assert broken.dropped >= 4
