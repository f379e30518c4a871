"""The driver stands on names of Textual's that are its own: they must be where we left them."""

import inspect

import pytest
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver

from btcbot_tui.driver import ASCII, RESTORE, Operator, SafeDriver, to_ascii
from tests.tui.frames import StillFeed
from tests.tui.stories import a_console

DRIVER_NAMES = (
    "_enable_mouse_support",
    "_enable_bracketed_paste",
    "_disable_line_wrap",
    "_request_terminal_sync_mode_support",
    "_query_in_band_window_resize",
    "_patch_lflag",
    "_patch_iflag",
    "_get_terminal_size",
    "_sigtstp_application",
    "_sigcont_application",
    "start_application_mode",
    "stop_application_mode",
    "disable_input",
    "close",
)
INSTANCE_NAMES = ("fileno", "exit_event", "_key_thread", "attrs_before", "_in_band_window_resize")


@pytest.mark.parametrize("name", DRIVER_NAMES)
def test_textual_s_driver_still_has_the_method_that_we_use_or_replace(name: str) -> None:
    assert callable(getattr(LinuxDriver, name))


@pytest.mark.parametrize("name", INSTANCE_NAMES)
def test_textual_s_driver_still_sets_the_attribute_that_we_use(name: str) -> None:
    assert f"self.{name}" in inspect.getsource(LinuxDriver.__init__)


def test_textual_s_driver_still_hands_every_event_to_process_message() -> None:
    assert "self.process_message(event)" in inspect.getsource(LinuxDriver.run_input_thread)
    assert list(inspect.signature(Driver.process_message).parameters) == ["self", "message"]
    assert "self._loop" in inspect.getsource(Driver.__init__)


def test_textual_s_parser_still_feeds_and_ticks() -> None:
    parser = XTermParser(False)
    assert [getattr(message, "key", "") for message in parser.feed("\x0b")] == ["ctrl+k"]
    assert list(parser.tick()) == []


@pytest.mark.parametrize("name", ["_fatal_error", "_handle_exception", "_close_messages_no_wait"])
def test_textual_s_app_still_has_the_method_that_our_guard_uses(name: str) -> None:
    assert callable(getattr(App, name))


def test_a_console_is_what_the_driver_expects() -> None:
    console = a_console(StillFeed())
    assert isinstance(console, Operator)
    assert console.get_driver_class() is SafeDriver


def test_everything_that_is_switched_on_is_switched_off_again() -> None:
    source = inspect.getsource(LinuxDriver) + inspect.getsource(inspect.getmodule(SafeDriver))  # type: ignore[arg-type]
    switched_on = {
        mode
        for mode in ("1049", "1000", "1003", "1015", "1006", "1004", "2004", "2048", "1016")
        if f"\\x1b[?{mode}h" in source
    }
    assert {mode for mode in switched_on if f"\x1b[?{mode}l" not in RESTORE} == set()
    assert "\x1b[?25h" in RESTORE
    assert "\x1b[?7h" in RESTORE
    assert "\x1b[<u" in RESTORE


def test_plain_characters_keep_every_cell() -> None:
    assert to_ascii("■ KILLED │ ▲ 漢 ▁█ é") == "# KILLED | ! ?? _# ?"
    assert all(len(plain) == 1 and plain.isascii() for plain in ASCII.values())
