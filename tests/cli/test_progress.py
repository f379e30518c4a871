"""The bar of long work: how far, how fast, how long still."""

import io

from rich.console import Console

from btcbot_core.cli.bar import Bar


def test_the_bar_tells_how_far_how_fast_and_how_long_still() -> None:
    now_s, drawn = 0.0, io.StringIO()
    console = Console(
        file=drawn, force_terminal=True, width=80, legacy_windows=False, get_time=lambda: now_s
    )
    bar = Bar("cycles run", console)
    for done in range(0, 16_000, 1_000):
        bar.draw(done, 30_000)
        now_s += 0.25
    bar.close()
    last = drawn.getvalue().rpartition("cycles run")[2]
    assert "15000/30000" in last
    assert "4,000/s" in last
    assert "0:00:04" in last
