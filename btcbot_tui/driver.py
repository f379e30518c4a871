"""The terminal driver: the kill key is taken where keys are read, and no terminal can stop us.

What Textual's own driver does not do, and why we need it:
- The kill key skips the event loop, whose queue it would share with every repaint.
- A terminal that stalls does not block the loop; one that vanishes leads to an orderly end.
- Ctrl+Z is refused: a stopped process is a bot that stands still in silence, with orders open.
"""

import logging
import os
import selectors
import signal
import termios
import tty
from codecs import getincrementaldecoder
from threading import Thread
from typing import Any, Protocol, runtime_checkable

from rich.cells import cell_len
from textual import constants, events
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Size
from textual.message import Message

from btcbot_tui.keymap import KILL
from btcbot_tui.writer import TerminalWriter

log = logging.getLogger(__name__)

STDERR = 2
"""Where Textual draws: standard output may be a pipe."""

READ_SIZE = 4096
POLL_S = 0.1
INPUT_JOIN_S = 0.5
KITTY_FLAGS = 0b00011001
"""Disambiguate escape codes, report all keys, report associated text."""

ENTER = "\x1b[?1049h"
MOUSE_OFF = "\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1016l"
MODES_ON = "\x1b[?25l\x1b[?1004h"
RESTORE = f"\x1b[0m\x1b[?2004l\x1b[?7h\x1b[?2048l{MOUSE_OFF}\x1b[<u\x1b[?1049l\x1b[?25h\x1b[?1004l"

ASCII = str.maketrans(
    {
        "│": "|",
        "─": "-",
        "▸": ">",
        "▾": "v",
        "▴": "^",
        "■": "#",
        "▲": "!",
        "…": "~",
        "—": "-",
        "░": ".",
        "█": "#",
        "▇": "#",
        "▆": "*",
        "▅": "*",
        "▄": "=",
        "▃": "=",
        "▂": "-",
        "▁": "_",
        "↑": "^",
        "↓": "v",
        "�": "?",
    }
)


@runtime_checkable
class Operator(Protocol):
    """What the driver needs of the app beyond Textual's: three calls, safe from any thread."""

    is_ascii: bool

    def kill_now(self) -> None: ...

    def terminal_gone(self) -> None: ...

    def suspend_refused(self) -> None: ...


class SafeDriver(LinuxDriver):
    """Textual's Linux driver with our own output, our own input loop and no way to suspend."""

    def __init__(
        self,
        app: App[Any],  # Textual's own signature
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        if not isinstance(app, Operator):
            raise TypeError(f"expected a console, found {type(app).__name__}")
        self._operator: Operator = app
        self._output: TerminalWriter | None = None
        self._is_gone = False

    # Output

    def write(self, data: str) -> None:
        if self._output is not None:
            self._output.write(to_ascii(data) if self._operator.is_ascii else data)

    # Starting and stopping

    def start_application_mode(self) -> None:
        """Take the terminal over: Textual's order of sequences, with our writer and reader."""
        for number in (signal.SIGTTOU, signal.SIGTTIN):
            signal.signal(number, signal.SIG_IGN)
        self._output = TerminalWriter(STDERR, self._drained, self._gone)
        self._output.start()
        signal.signal(signal.SIGWINCH, self._resized)
        self._send_size()
        self._enter()
        self._key_thread = Thread(target=self._listen, name="console-input", daemon=True)
        self._key_thread.start()

    def stop_application_mode(self) -> None:
        """Give the terminal back. Tried for a bounded time: it may not take our words any more."""
        self.disable_input()
        self._set_attributes(self.attrs_before)
        if self._output is not None:
            self._output.finish(RESTORE)
            self._output = None

    def abandon(self) -> None:
        """Give the terminal back from whatever thread, right before the process goes."""
        self._set_attributes(self.attrs_before)
        if self._output is not None:
            self._output.finish(RESTORE)

    def disable_input(self) -> None:
        if self.exit_event.is_set():
            return
        signal.signal(signal.SIGWINCH, signal.SIG_DFL)
        self.exit_event.set()
        if self._key_thread is not None:
            self._key_thread.join(INPUT_JOIN_S)
        try:
            termios.tcflush(self.fileno, termios.TCIFLUSH)
        except termios.error as error:
            log.debug("input not flushed: %s", error)

    def close(self) -> None:
        """Everything was done when application mode stopped."""

    def _enter(self) -> None:
        self.write(ENTER)
        self._enable_mouse_support()
        try:
            attributes = termios.tcgetattr(self.fileno)
        except termios.error as error:
            log.debug("no terminal attributes: %s", error)
        else:
            self.attrs_before = self.attrs_before or [*attributes[:6], list(attributes[6])]
            attributes[tty.LFLAG] = self._patch_lflag(attributes[tty.LFLAG])
            attributes[tty.IFLAG] = self._patch_iflag(attributes[tty.IFLAG])
            attributes[tty.CC][termios.VMIN] = 1
            self._set_attributes(attributes)
        self.write(MODES_ON)
        if not constants.DISABLE_KITTY_KEY:
            self.write(f"\x1b[>{KITTY_FLAGS}u")
        self._request_terminal_sync_mode_support()
        self._query_in_band_window_resize()
        self._enable_bracketed_paste()
        self._disable_line_wrap()

    def _set_attributes(self, attributes: list[Any] | None) -> None:
        """Terminal attributes are termios' own untyped list."""
        if attributes is None:
            return
        try:
            termios.tcsetattr(self.fileno, termios.TCSANOW, attributes)
        except termios.error as error:
            log.debug("terminal attributes not set: %s", error)

    # Input

    def process_message(self, message: Message) -> None:
        """Runs on the input thread. The kill key is acted on here and goes no further."""
        if isinstance(message, events.Key) and message.key in KILL.keys:
            self._operator.kill_now()
            return
        super().process_message(message)

    def _listen(self) -> None:
        try:
            self._read_keys()
        except OSError as error:
            log.info("terminal gone: %s", error)
            self._gone()
        except Exception as error:  # noqa: BLE001 - a guard: without input there is no console
            self._app.call_later(self._app._handle_exception, error)

    def _read_keys(self) -> None:
        """Read and parse until told to end. An empty read is the end of the terminal."""
        parser = XTermParser(self._debug)
        decode = getincrementaldecoder("utf-8")("replace").decode
        with selectors.DefaultSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if selector.select(POLL_S):
                    data = os.read(self.fileno, READ_SIZE)
                    if not data:
                        raise OSError("end of input")
                    for message in parser.feed(decode(data)):
                        self.process_message(message)
                for message in parser.tick():
                    self.process_message(message)

    # The terminal's own doings

    def _gone(self) -> None:
        if not self._is_gone and not self.exit_event.is_set():
            self._is_gone = True
            self._operator.terminal_gone()

    def _drained(self) -> None:
        """A terminal that had stalled reads again: what it shows is old, so paint everything."""
        self._loop.call_soon_threadsafe(self._repaint)

    def _repaint(self) -> None:
        if self._app.screen_stack:
            self._app.screen.refresh(layout=True)

    def _resized(self, *_: object) -> None:
        if not self._in_band_window_resize:
            self._loop.call_soon_threadsafe(self._send_size)

    def _send_size(self) -> None:
        size = Size(*self._get_terminal_size())
        self._app.post_message(events.Resize(size, size))

    # Suspension

    @property
    def can_suspend(self) -> bool:
        return False

    def _sigtstp_application(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._operator.suspend_refused)

    def _sigcont_application(self, *_: object) -> None:
        """Continued after a stop that nobody can refuse. A hang-up sends this signal too."""
        self._loop.call_soon_threadsafe(self._come_back)

    def _come_back(self) -> None:
        if self._output is None or self._is_gone or not os.isatty(self.fileno):
            return
        self._enter()
        self._repaint()


def to_ascii(text: str) -> str:
    """For terminals without line drawing: one plain character in each cell of every other one."""
    if text.isascii():
        return text
    return "".join(
        char if char.isascii() else "?" * cell_len(char) for char in text.translate(ASCII)
    )
