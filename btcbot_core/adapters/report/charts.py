"""A run's charts as SVG pictures, each in a wide and a narrow cut.

Pictures, not scripts: a page of them needs no leave to run anything (docs/adr/0010).
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import BytesIO

import matplotlib
import msgspec
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from btcbot_core.domain.reporting import ChartPoint, Charts, Pin
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import Side

PAIRS_MAX = 12
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WIDE_INCHES, NARROW_INCHES = 10.4, 4.4
_INK, _PALE, _GRID = "#1f2933", "#9fb3c8", "#e4e7eb"
_GAIN, _LOSS, _WARN = "#0b7a75", "#b23a48", "#b7791f"
_SERIES = ("#3d5a80", "#e07a5f", "#81b29a", "#f2cc8f", "#8d6a9f", "#5c946e", "#c44536", "#2f4858")
_MODES = {"NORMAL": _GAIN, "REDUCE_RISK_ONLY": _WARN, "OBSERVE_ONLY": _LOSS}
_STYLE = {
    "svg.hashsalt": "btcbot",  # equal runs give equal pictures
    "svg.fonttype": "path",
    "text.parse_math": False,  # a dollar sign in a name is a dollar sign
    "font.size": 9.0,
    "axes.edgecolor": _PALE,
    "axes.labelcolor": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": _GRID,
    "text.color": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "legend.frameon": False,
    "figure.facecolor": "white",
}
_MARKERS = {
    ("filled", Side.BUY): ("^", _GAIN, "bought"),
    ("filled", Side.SELL): ("v", _LOSS, "sold"),
    ("canceled", Side.BUY): ("x", _PALE, "canceled"),
    ("canceled", Side.SELL): ("x", _PALE, "canceled"),
    ("rejected", Side.BUY): ("X", _WARN, "rejected"),
    ("rejected", Side.SELL): ("X", _WARN, "rejected"),
}


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """A chart in both cuts, and in words for those who cannot see it."""

    title: str
    words: str
    wide: bytes
    narrow: bytes


def pictures(charts: Charts, quote: str) -> tuple[Picture, ...]:
    """All charts of a run, in the order of the page."""
    points = charts.points
    pairs = _pairs(points)
    words = (
        f"{len(points)} points from {points[0].at:%Y-%m-%d %H:%M} to {points[-1].at:%Y-%m-%d %H:%M}"
    )
    left_out = f"; {len(pairs) - PAIRS_MAX} pairs are not shown" if len(pairs) > PAIRS_MAX else ""
    orders = f"orders on prices of {min(len(pairs), PAIRS_MAX)} pairs{left_out}"
    if charts.pins_left_out:
        orders += f"; the oldest {charts.pins_left_out} pins are left out"
    drawn: tuple[tuple[str, str, Callable[[bool], Figure]], ...] = (
        ("Equity and drawdown", words, lambda wide: _money(points, quote, wide=wide)),
        ("Modes", _modes_words(charts), lambda wide: _modes(charts, wide=wide)),
        ("Exposure per pair", words, lambda wide: _exposure(points, pairs, quote, wide=wide)),
        ("Orders on the price", orders, lambda wide: _orders(charts, pairs, wide=wide)),
        ("Costs", words, lambda wide: _costs(points, quote, wide=wide)),
    )
    with matplotlib.rc_context(_STYLE):
        return tuple(
            Picture(title=title, words=told, wide=_svg(draw(True)), narrow=_svg(draw(False)))
            for title, told, draw in drawn
        )


def _money(points: Sequence[ChartPoint], quote: str, *, wide: bool) -> Figure:
    figure = _figure(wide=wide, tall=3.9)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    at = [_day(point.at) for point in points]
    low, high = _numbers(p.equity_low for p in points), _numbers(p.equity_high for p in points)
    above.fill_between(at, low, high, color=_PALE, alpha=0.5, linewidth=0)
    above.plot(at, _numbers(p.equity for p in points), color=_SERIES[0], linewidth=1.3)
    above.set_ylabel(f"equity {_clean(quote)}")
    _thousands(above)
    fallen = [-float(point.drawdown_ratio) * 100 for point in points]
    below.fill_between(at, fallen, 0, color=_LOSS, alpha=0.55, linewidth=0)
    below.set_ylabel("drawdown %")
    _times(below)
    return figure


def _modes(charts: Charts, *, wide: bool) -> Figure:
    names = [name for name in _MODES if any(span.mode == name for span in charts.spans)]
    names += sorted({span.mode for span in charts.spans} - set(names))
    figure = _figure(wide=wide, tall=0.7 + 0.35 * len(names))
    axes = figure.subplots()
    for row, name in enumerate(names):
        for span in (span for span in charts.spans if span.mode == name):
            start, end = _day(span.start), _day(span.end)
            width = max(end - start, 1e-4)
            axes.broken_barh([(start, width)], (row - 0.35, 0.7), color=_MODES.get(name, _WARN))
    axes.set_yticks(range(len(names)), [_clean(name) for name in names])
    axes.grid(visible=False, axis="y")
    _times(axes)
    return figure


def _modes_words(charts: Charts) -> str:
    changes = len(charts.spans) + charts.spans_left_out - 1
    words = f"the mode changed {'once' if changes == 1 else f'{changes:,} times'}"
    return f"{words}; the oldest spans are left out" if charts.spans_left_out else words


def _exposure(
    points: Sequence[ChartPoint], pairs: Sequence[Symbol], quote: str, *, wide: bool
) -> Figure:
    figure = _figure(wide=wide, tall=3.0)
    axes = figure.subplots()
    held = [s for s in pairs if any(s in point.exposure for point in points)]
    if held:
        layers = [_numbers(p.exposure.get(s, Decimal(0)) for p in points) for s in held]
        colors = [_SERIES[n % len(_SERIES)] for n in range(len(held))]
        labels = [_clean(s) for s in held]
        axes.stackplot(
            [_day(p.at) for p in points], layers, labels=labels, colors=colors, alpha=0.9
        )
        _legend(axes, columns=6 if wide else 3)
    axes.set_ylabel(f"held {_clean(quote)}")
    _thousands(axes)
    _times(axes)
    return figure


def _orders(charts: Charts, pairs: Sequence[Symbol], *, wide: bool) -> Figure:
    shown = pairs[:PAIRS_MAX] or (Symbol("no pair"),)
    columns = 2 if wide and len(shown) > 1 else 1
    rows = -(-len(shown) // columns)
    figure = _figure(wide=wide, tall=1.7 * rows + 0.4)
    grid = figure.subplots(rows, columns, sharex=True, squeeze=False)
    flat = [axes for row in grid for axes in row]
    for axes, symbol in zip(flat, shown, strict=False):
        priced = [
            (_day(p.at), float(p.prices[symbol])) for p in charts.points if symbol in p.prices
        ]
        axes.plot([at for at, _ in priced], [y for _, y in priced], color=_INK, linewidth=0.8)
        _add_pins(axes, [pin for pin in charts.pins if pin.symbol == symbol])
        axes.set_title(_clean(symbol), loc="left", fontsize=9)
        _times(axes)
        _thousands(axes)
    for axes in flat[len(shown) :]:
        axes.set_visible(False)
    labels = dict(zip(*reversed(flat[0].get_legend_handles_labels()), strict=True))
    for axes in flat[1 : len(shown)]:
        labels |= dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    if labels:
        figure.legend(list(labels.values()), list(labels), loc="outside upper right", ncols=4)
    return figure


def _add_pins(axes: Axes, pins: Sequence[Pin]) -> None:
    for (kind, side), (shape, color, name) in _MARKERS.items():
        found = [pin for pin in pins if pin.kind == kind and pin.side is side]
        if found:
            prices = _numbers(pin.price for pin in found)
            at = [_day(pin.at) for pin in found]
            axes.scatter(at, prices, marker=shape, color=color, s=18, label=name, zorder=3)


def _costs(points: Sequence[ChartPoint], quote: str, *, wide: bool) -> Figure:
    figure = _figure(wide=wide, tall=2.2)
    axes = figure.subplots()
    at = [_day(point.at) for point in points]
    axes.plot(at, _numbers(p.fees for p in points), color=_SERIES[1], label="fees")
    axes.plot(at, _numbers(p.slippage for p in points), color=_SERIES[4], label="slippage")
    axes.set_ylabel(f"paid so far, {_clean(quote)}")
    _legend(axes, columns=2)
    _thousands(axes)
    _times(axes)
    return figure


def _pairs(points: Sequence[ChartPoint]) -> list[Symbol]:
    """Pairs that were held first, then all that had a price."""
    held = dict.fromkeys(symbol for point in points for symbol in point.exposure)
    priced = dict.fromkeys(symbol for point in points for symbol in point.prices)
    return list(held | priced)


def _figure(*, wide: bool, tall: float) -> Figure:
    inches = WIDE_INCHES if wide else NARROW_INCHES
    return Figure(figsize=(inches, tall if wide else tall * 1.1), layout="constrained")


def _svg(figure: Figure) -> bytes:
    out = BytesIO()
    figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return out.getvalue()


def _times(axes: Axes) -> None:
    locator = AutoDateLocator(tz=UTC, minticks=3, maxticks=7)
    axes.xaxis_date(tz=UTC)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=UTC))


def _day(at: datetime) -> float:
    """Where an instant stands on a time axis: days since the library's epoch."""
    return (at - _EPOCH) / timedelta(days=1)


def _thousands(axes: Axes) -> None:
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))


def _legend(axes: Axes, columns: int) -> None:
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=columns, borderaxespad=0.2)


def _numbers(values: Iterable[Decimal]) -> list[float]:
    return [float(value) for value in values]


def _clean(text: str) -> str:
    """Letters that every font has: a name from outside may hold anything."""
    return "".join(c if c.isascii() and c.isprintable() else "?" for c in text)[:40]
