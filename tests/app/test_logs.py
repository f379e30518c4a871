"""The log: one line a record, no secret in any, and no fault of it reaches who logs."""

import json
import logging
import os
import threading
import time
from collections.abc import Iterator
from contextvars import copy_context
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from btcbot_core.app.context import bound, current
from btcbot_core.app.log_file import LineFile
from btcbot_core.app.log_sink import WAITING_MAX, Sink
from btcbot_core.app.logs import LineFormatter, LogOptions, Logs, configure
from btcbot_core.app.redaction import Redactor
from btcbot_core.app.redaction_rules import MASK
from btcbot_core.domain.errors import StoreError
from tests.adapters.processes import another_process, mode_of
from tests.canaries import AWKWARD as SECRET

Line = dict[str, object]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db.log"


@pytest.fixture
def logs(path: Path) -> Iterator[Logs]:
    opened = configure(LogOptions(path=path, level=logging.DEBUG, secrets=(SECRET,)))
    yield opened
    opened.close()


def lines(logs: Logs, path: Path) -> list[Line]:
    assert logs.flush()
    return [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]


# ------------------------------------------------------------------------------------ lines


def test_a_line_says_when_how_grave_and_what_then_the_ids_then_the_facts(
    logs: Logs, path: Path
) -> None:
    with bound(run_id="r1", cycle_id="r1-7"):
        logs.say(logging.WARNING, "order.missing", symbol="BTCTRY", request_id="ab")
    (line,) = lines(logs, path)
    names = ["ts", "level", "event", "run_id", "cycle_id", "request_id", "symbol", "logger"]
    assert list(line) == names
    assert (line["level"], line["event"], line["cycle_id"]) == ("warning", "order.missing", "r1-7")
    assert str(line["ts"]).endswith("Z")


def test_what_is_said_beats_the_context_and_nothing_is_left_out_as_null(
    logs: Logs, path: Path
) -> None:
    with bound(cycle_id="outer", client_order_id="c1"):
        logs.say(logging.INFO, "cycle.done", cycle_id="own", client_order_id=None, mode=None)
    (line,) = lines(logs, path)
    assert line["cycle_id"] == "own"
    assert line["client_order_id"] == "c1"
    assert "mode" not in line


def test_every_logger_of_the_process_ends_in_the_same_file(logs: Logs, path: Path) -> None:
    with bound(cycle_id="r1-7"):
        logging.getLogger("btcbot_core.adapters.btcturk.line").debug(
            "btcturk.reply", extra={"request_id": "ab", "status": 200}
        )
        logging.getLogger("elsewhere").warning("%s of %s", "two", 3)
    first, second = lines(logs, path)
    assert (first["event"], first["request_id"], first["status"]) == ("btcturk.reply", "ab", 200)
    assert (first["cycle_id"], first["logger"]) == ("r1-7", "btcbot_core.adapters.btcturk.line")
    assert second["event"] == "two of 3"


@pytest.mark.parametrize("name", ["httpx", "httpcore", "peewee"])
def test_a_library_that_tells_whole_addresses_is_heard_only_when_it_warns(
    logs: Logs, path: Path, name: str
) -> None:
    logging.getLogger(name).info("GET https://host/x?apiKey=1")
    logging.getLogger(f"{name}.deep").debug("body")
    logging.getLogger(name).warning("slow")
    assert [line["event"] for line in lines(logs, path)] == ["slow"]


@given(st.text(), st.text())
def test_a_record_is_one_line_that_no_terminal_would_obey(words: str, fact: str) -> None:
    record = logging.makeLogRecord({"msg": words.replace("%", ""), "fact": fact})
    shown = LineFormatter(Redactor()).format(record)
    assert shown.isascii()
    assert shown.isprintable()
    assert isinstance(json.loads(shown), dict)


def test_a_thread_carries_the_ids_that_it_is_handed(logs: Logs, path: Path) -> None:
    with bound(cycle_id="r1-7"):
        context = copy_context()
    thread = threading.Thread(
        target=context.run, args=(logging.getLogger("x").warning, "from another thread")
    )
    thread.start()
    thread.join()
    assert lines(logs, path)[0]["cycle_id"] == "r1-7"
    assert current() == {}


def test_a_thread_that_dies_leaves_its_traceback_in_the_log_and_not_on_the_screen(
    logs: Logs, path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def die() -> None:
        raise ValueError(f"no such key: {SECRET}")

    thread = threading.Thread(target=die, name="book-1")
    thread.start()
    thread.join()
    (line,) = lines(logs, path)
    assert (line["event"], line["level"], line["died"]) == ("thread.died", "critical", "book-1")
    assert "in die" in str(line["exception"])
    assert MASK in str(line["exception"])
    assert capfd.readouterr().err == ""


def test_closing_gives_every_logger_back(path: Path) -> None:
    root, hook = logging.getLogger(), threading.excepthook
    before = (list(root.handlers), root.level, logging.getLogger("httpx").level)
    configure(LogOptions(path=path)).close()
    assert (list(root.handlers), root.level, logging.getLogger("httpx").level) == before
    assert threading.excepthook is hook
    assert [thread.name for thread in threading.enumerate() if thread.name == "log"] == []


def test_without_a_path_nothing_is_written_and_nothing_reaches_the_screen(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    logs = configure(LogOptions(path=None))
    logs.say(logging.ERROR, "unheard")
    logging.getLogger("x").error("unheard")
    assert logs.flush()
    logs.close()
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


# ---------------------------------------------------------------------------------- secrets


def test_no_secret_comes_through_message_arguments_facts_ids_or_traceback(
    logs: Logs, path: Path
) -> None:
    logger = logging.getLogger("x")
    with bound(request_id=SECRET):
        logger.warning("key %s", SECRET)
        logger.warning(f"key {SECRET}")
        logger.warning("fact", extra={"fact": {"deep": [SECRET.encode()]}, SECRET: 1})
        try:
            try:
                raise KeyError(SECRET)
            except KeyError as error:
                raise ValueError("outer") from error
        except ValueError:
            logger.exception("failed")
        logs.say(logging.ERROR, SECRET, headers={"X-PCK": "k"})
    assert len(lines(logs, path)) == 5
    text = path.read_text(encoding="ascii")
    assert SECRET not in text
    assert "canary" not in text
    assert "Traceback" in text
    assert '"X-PCK": "[REDACTED]"' in text


@given(st.text(min_size=10, max_size=40), st.text(max_size=20), st.data())
def test_no_random_secret_comes_out_of_the_formatter(
    secret: str, other: str, data: st.DataObject
) -> None:
    assume(len(set(secret)) > 4)
    place = data.draw(st.sampled_from(["msg", "args", "extra", "key", "error"]))
    record = logging.makeLogRecord({"msg": "said"})
    match place:
        case "msg":
            record.msg = f"{other}{secret}{other}"
        case "args":
            record.msg, record.args = "%s and %r", (secret, secret)
        case "extra":
            record.__dict__["fact"] = {"a": [other, secret], secret: {secret}}
        case "key":
            record.__dict__[secret] = other
        case _:
            error = ValueError(secret)
            record.exc_info = (ValueError, error, None)
    harmless = LineFormatter(Redactor()).format(logging.makeLogRecord({"msg": "said"}))
    assume(secret not in harmless)
    line = LineFormatter(Redactor([secret])).format(record)
    assert secret not in line
    assert secret not in repr(json.loads(line))
    assert json.dumps(secret)[1:-1] not in line


class Hostile:
    def __repr__(self) -> str:
        raise RuntimeError(SECRET)


@pytest.mark.parametrize(
    "record",
    [{"msg": "fact", "what": Hostile()}, {"msg": "too few: %s %s", "args": (SECRET,)}],
)
def test_what_cannot_be_redacted_is_withheld_whole(record: dict[str, object]) -> None:
    line = json.loads(LineFormatter(Redactor()).format(logging.makeLogRecord(record)))
    assert line["event"] == "log.withheld"
    assert set(line) == {"ts", "level", "event"}


def test_options_do_not_show_the_secrets_that_they_hold(path: Path) -> None:
    assert SECRET not in repr(LogOptions(path=path, secrets=(SECRET,)))


def test_a_secret_learned_while_running_is_hidden_from_then_on(logs: Logs, path: Path) -> None:
    logs.learn("rotated-key-2")
    logs.say(logging.INFO, "key rotated-key-2")
    assert lines(logs, path)[0]["event"] == f"key {MASK}"


# --------------------------------------------------------------------------------- the file


def test_file_and_folder_are_for_us_alone_whatever_the_umask_says(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "x.log"
    was = os.umask(0)
    try:
        logs = configure(LogOptions(path=path))
    finally:
        os.umask(was)
    logs.close()
    assert (mode_of(path), mode_of(path.parent)) == (0o600, 0o700)


def test_a_file_that_others_could_read_no_longer_is(path: Path) -> None:
    path.write_text("", encoding="utf-8")
    path.chmod(0o644)
    configure(LogOptions(path=path)).close()
    assert mode_of(path) == 0o600


def test_a_link_a_folder_or_a_second_name_is_no_log(tmp_path: Path, path: Path) -> None:
    handlers = list(logging.getLogger().handlers)
    target = tmp_path / "precious"
    target.write_text("mine", encoding="utf-8")
    path.symlink_to(target)
    with pytest.raises(StoreError, match="no log can be written"):
        configure(LogOptions(path=path))
    path.unlink()
    os.link(target, path)
    with pytest.raises(StoreError, match="no plain file of ours"):
        configure(LogOptions(path=path))
    with pytest.raises(StoreError, match="no log can be written"):
        configure(LogOptions(path=tmp_path))
    assert target.read_text(encoding="utf-8") == "mine"
    assert logging.getLogger().handlers == handlers


def test_full_files_are_turned_over_and_the_oldest_goes(path: Path) -> None:
    file = LineFile(path, size_max=100, kept=2)
    for number in range(50):
        file.append(b"%048d\n" % number)
    file.close()
    names = [path, Path(f"{path}.1"), Path(f"{path}.2")]
    assert sorted(path.parent.iterdir()) == names
    kept = b"".join(name.read_bytes() for name in reversed(names)).split()
    assert kept == [b"%048d" % number for number in range(44, 50)]
    assert [mode_of(name) for name in names] == [0o600] * 3


def test_a_line_longer_than_a_file_may_be_is_still_written_whole(path: Path) -> None:
    file = LineFile(path, size_max=10, kept=1)
    file.append(b"x" * 50 + b"\n")
    file.append(b"y\n")
    file.close()
    assert path.read_bytes() == b"y\n"


def test_a_file_that_was_moved_away_is_begun_anew(logs: Logs, path: Path) -> None:
    logs.say(logging.INFO, "before")
    assert logs.flush()
    path.rename(path.with_name("archived"))
    logs.say(logging.INFO, "after")
    assert [line["event"] for line in lines(logs, path)] == ["after"]


FULL_DISK = """
import logging, resource, sys
from pathlib import Path
from btcbot_core.app.logs import LogOptions, configure
path = Path(sys.argv[1])
logs = configure(LogOptions(path=path))
most = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, most[1]))  # a write over it is cut, then refused
for number in range(20):
    logs.say(logging.INFO, "full", number=number)
assert logs.flush(10)
lost = logs.dropped
resource.setrlimit(resource.RLIMIT_FSIZE, most)
logs.say(logging.INFO, "room again")
logs.close()
print(lost, flush=True)
sys.stdin.read()
"""


def test_a_full_disk_loses_whole_lines_and_says_how_many_when_there_is_room_again(
    path: Path,
) -> None:
    with another_process(FULL_DISK, path) as other:
        lost = int(other.line())
        assert other.finish() == 0
    written = [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]
    numbers = [line["number"] for line in written if line["event"] == "full"]
    assert 0 < lost < 20
    assert numbers == list(range(20 - lost))
    assert [line["event"] for line in written[-2:]] == ["room again", "log.dropped"]
    assert written[-1]["lines"] == lost


class StuckFile(LineFile):
    """A file on a disk that hangs until the test lets it go."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, 1_000_000, 1)
        self.go = threading.Event()

    def append(self, line: bytes) -> None:
        self.go.wait(20)
        super().append(line)


def test_a_hanging_disk_keeps_nobody_waiting(path: Path) -> None:
    file = StuckFile(path)
    sink = Sink(LineFormatter(Redactor()), file)
    began_s = time.monotonic()
    for _ in range(WAITING_MAX + 500):
        sink.handle(logging.makeLogRecord({"msg": "x"}))
    sink.finish(0.05)
    assert time.monotonic() - began_s < 10
    assert 490 <= sink.dropped <= 500
    file.go.set()


def test_a_disk_that_answers_again_gets_what_had_waited(path: Path) -> None:
    file = StuckFile(path)
    sink = Sink(LineFormatter(Redactor()), file)
    sink.handle(logging.makeLogRecord({"msg": "waited"}))
    file.go.set()
    assert sink.drain(10)
    sink.finish(10)
    assert json.loads(path.read_text(encoding="ascii"))["event"] == "waited"


def test_a_log_that_was_closed_swallows_what_comes_late(logs: Logs, path: Path) -> None:
    logs.say(logging.INFO, "in time")
    logs.close()
    logs.say(logging.INFO, "late")
    assert [json.loads(t)["event"] for t in path.read_text().splitlines()] == ["in time"]


def test_a_log_that_lost_its_folder_loses_lines_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "x.log"
    logs = configure(LogOptions(path=path))
    path.unlink()
    path.parent.rmdir()
    path.parent.write_text("a file in the folder's place", encoding="utf-8")
    logs.say(logging.INFO, "lost")
    assert logs.flush()
    assert logs.dropped == 1
    logs.close()
