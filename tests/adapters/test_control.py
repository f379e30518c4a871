"""The control socket: for our own user, in small bounded pieces."""

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from btcbot_core.adapters.control import (
    FRAME_BYTES_MAX,
    ControlServer,
    NoRunnerError,
    ask,
    control_path,
)
from btcbot_core.domain.errors import StoreError


def echo(question: bytes) -> bytes:
    return b"you said " + question


def test_a_question_is_answered(tmp_path: Path) -> None:
    server = ControlServer(tmp_path / "c.sock", echo)
    try:
        assert ask(tmp_path / "c.sock", b"hello") == b"you said hello"
        assert ask(tmp_path / "c.sock", b"again") == b"you said again"
    finally:
        server.close()


def test_nobody_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(NoRunnerError, match="no runner answers"):
        ask(tmp_path / "c.sock", b"hello")


def test_a_question_without_end_is_dropped_and_the_next_is_served(tmp_path: Path) -> None:
    server = ControlServer(tmp_path / "c.sock", echo)
    try:
        with pytest.raises(NoRunnerError):
            ask(tmp_path / "c.sock", b"x" * (FRAME_BYTES_MAX * 3))
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.connect(str(tmp_path / "c.sock"))  # says nothing and hangs up
        assert ask(tmp_path / "c.sock", b"hello") == b"you said hello"
    finally:
        server.close()


STRANGER = """
import os, socket, sys

os.chdir(sys.argv[1])
os.setgid(65534)
os.setuid(65534)
line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
line.connect("c.sock")
try:
    line.sendall(b"hello\\n")
    print(line.recv(4096))
except (BrokenPipeError, ConnectionResetError):
    print(b"")  # hung up before it could speak
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can speak as somebody else")
def test_another_user_is_not_answered_even_with_folder_and_socket_wide_open(tmp_path: Path) -> None:
    server = ControlServer(tmp_path / "c.sock", echo)
    tmp_path.chmod(0o777)
    (tmp_path / "c.sock").chmod(0o666)
    try:
        told = subprocess.run(
            [sys.executable, "-c", STRANGER, str(tmp_path)],
            capture_output=True,
            text=True,
            check=True,
        )
        assert told.stdout == "b''\n"
        assert ask(tmp_path / "c.sock", b"hello") == b"you said hello"
    finally:
        server.close()


def test_the_socket_is_ours_alone_under_any_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        server = ControlServer(tmp_path / "c.sock", echo)
    finally:
        os.umask(before)
    try:
        assert stat.S_IMODE((tmp_path / "c.sock").stat().st_mode) == 0o600
    finally:
        server.close()
    assert not (tmp_path / "c.sock").exists()


def test_a_leftover_of_a_dead_runner_is_replaced(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(str(tmp_path / "c.sock"))
    server = ControlServer(tmp_path / "c.sock", echo)
    try:
        assert ask(tmp_path / "c.sock", b"x") == b"you said x"
    finally:
        server.close()


def test_the_folder_of_the_socket_must_be_ours_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    path = control_path(tmp_path / "x.db")
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert path != control_path(tmp_path / "y.db")
    path.parent.chmod(0o755)
    with pytest.raises(StoreError, match="not ours alone"):
        control_path(tmp_path / "x.db")


def test_a_deep_folder_is_no_hindrance(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    server = ControlServer(deep / "c.sock", echo)
    try:
        assert ask(deep / "c.sock", b"x") == b"you said x"
    finally:
        server.close()
