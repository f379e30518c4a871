"""Output to a terminal that reads slowly, not at all, or is gone: nobody waits for it."""

import os
import select
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from btcbot_tui.writer import PENDING_BYTES_MAX, TerminalWriter

CHUNK = "x" * 8_191 + "\n"
WAIT_S = 5.0


class Pipe:
    """A pipe in a terminal's place: it fills up, is read, and closes."""

    def __init__(self) -> None:
        self.reader, self.writer = os.pipe()
        self.drained = threading.Event()
        self.gone = threading.Event()
        self.output = TerminalWriter(self.writer, self.drained.set, self.gone.set)
        self.output.start()

    def read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            data += os.read(self.reader, size - len(data))
        return data

    def fill(self) -> None:
        """Write until the terminal takes no more and the writer waits for it."""
        for _ in range(500):
            self.output.write(CHUNK)
        until_s = time.monotonic() + WAIT_S
        while select.select([], [self.writer], [], 0)[1] and time.monotonic() < until_s:
            time.sleep(0.001)

    def read_all(self) -> bytes:
        """Until the other side closes."""
        data = b""
        while piece := os.read(self.reader, 65_536):
            data += piece
        return data

    def read_until_drained(self) -> bytes:
        data = b""
        while not self.drained.is_set():
            if select.select([self.reader], [], [], 0.01)[0]:
                data += os.read(self.reader, 65_536)
        while select.select([self.reader], [], [], 0)[0]:
            data += os.read(self.reader, 65_536)
        return data

    def close(self) -> None:
        for handle in (self.reader, self.writer):
            with suppress(OSError):
                os.close(handle)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    made = Pipe()
    yield made
    made.close()


def test_what_is_written_comes_out_in_order(pipe: Pipe) -> None:
    for number in range(100):
        pipe.output.write(f"{number:03d}")
    assert pipe.read(300) == b"".join(f"{n:03d}".encode() for n in range(100))


def test_a_full_terminal_makes_nobody_wait_and_drops_whole_writes(pipe: Pipe) -> None:
    began_s = time.monotonic()
    pipe.fill()
    assert time.monotonic() - began_s < 10
    assert pipe.output.dropped > 0
    seen = pipe.read_until_drained()
    assert len(seen) % len(CHUNK) == 0, "no write is cut"
    assert len(seen) < 500 * len(CHUNK)


def test_a_terminal_that_reads_again_is_told_once_and_then_written_to(pipe: Pipe) -> None:
    pipe.fill()
    pipe.read_until_drained()
    pipe.output.write("now")
    assert pipe.read(3) == b"now"


def test_one_write_larger_than_the_bound_is_taken_when_nothing_waits(pipe: Pipe) -> None:
    big = "y" * (PENDING_BYTES_MAX * 2)
    pipe.output.write(big)
    assert pipe.read(len(big)) == big.encode()
    assert pipe.output.dropped == 0


def test_the_last_words_come_last_and_what_waited_is_forgotten(pipe: Pipe) -> None:
    pipe.fill()
    read: list[bytes] = []
    reading = threading.Thread(target=lambda: read.append(pipe.read_all()))
    assert not pipe.output.finish("bye", 0)
    reading.start()
    pipe.output.join(WAIT_S)
    pipe.output.write("too late")
    os.close(pipe.writer)
    reading.join(WAIT_S)
    assert read[0].endswith(b"\nbye")
    assert len(read[0]) < PENDING_BYTES_MAX


def test_a_terminal_that_does_not_read_cannot_hold_the_end(pipe: Pipe) -> None:
    pipe.fill()
    began_s = time.monotonic()
    assert not pipe.output.finish("bye", 0.1)
    assert time.monotonic() - began_s < 10


def test_a_terminal_that_is_gone_is_told_once_and_written_to_no_more(pipe: Pipe) -> None:
    os.close(pipe.reader)
    pipe.output.write("hello")
    assert pipe.gone.wait(WAIT_S)
    pipe.output.write("anybody?")
    assert not pipe.output.finish("bye", WAIT_S)


def test_what_no_encoding_can_say_is_written_as_a_question_mark(pipe: Pipe) -> None:
    pipe.output.write("a\ud800b")
    assert pipe.read(3) == b"a?b"
