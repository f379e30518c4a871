"""A run's report as one self-contained page: no script, nothing fetched, everything escaped."""

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from hashlib import sha256
from html import escape

from btcbot_core.adapters.report.charts import Picture, pictures
from btcbot_core.domain.money import canonical
from btcbot_core.domain.reporting import Rollup, RunReport

CENT = Decimal("0.01")
ROLLUPS_MAX = 60
COLUMNS_MAX = 4
"""What still stands side by side on a telephone."""
_CLASSES = {"meaning": "words", "from": "d"}

_CSS = """
:root { color-scheme: light; --ink: #1f2933; --pale: #52606d; --line: #e4e7eb; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 68rem; padding: 1rem; color: var(--ink); background: #fff;
  font: 15px/1.45 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.35rem; margin: 0; } h2 { font-size: 1.05rem; margin: 1.8rem 0 .4rem; }
p { margin: .2rem 0; } .pale { color: var(--pale); }
.findings { border-left: 4px solid #b23a48; padding: .3rem .8rem; background: #fdf1f2; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(10.5rem, 1fr)); gap: .6rem;
  margin: .6rem 0; }
dl div { border: 1px solid var(--line); border-radius: 6px; padding: .4rem .6rem; }
dt { color: var(--pale); font-size: .8rem; } dd { margin: 0; font-variant-numeric: tabular-nums; }
figure { margin: 0; } img { display: block; width: 100%; height: auto; }
figcaption { color: var(--pale); font-size: .8rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .25rem .6rem .25rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; overflow-wrap: normal; }
th.n, td.n { text-align: right; } th.n, td.n, td.d { white-space: nowrap; }
progress { width: 7rem; height: .6rem; accent-color: #3d5a80; }
@media (max-width: 600px) { progress { width: 3rem; } .words { display: none; }
  .stacks thead { display: none; }
  .stacks tr { display: grid; grid-template-columns: 1fr 1fr; column-gap: 1rem;
    padding: .4rem 0; border-bottom: 1px solid var(--line); }
  .stacks td { display: flex; justify-content: space-between; padding: 0; border: 0; }
  .stacks td::before { content: attr(data-name); color: var(--pale); }
}
"""


def page(report: RunReport) -> str:
    """The whole document. Equal reports give equal pages."""
    run, keys = report.run, report.keys
    title = f"btcbot: {run.stage}, run {run.id}"
    sections = (
        _findings(report.findings),
        f"<h2>Key figures</h2>{_key_table(report)}",
        *(_figure(picture) for picture in pictures(report.charts, report.quote)),
        _why_not(report),
        _cycle_table("Cycles by mode", "mode", report.modes),
        _cycle_table("Cycles without a trade", "because", report.no_trades),
        _rollups("By day", report.days),
        _rollups("By week", report.weeks),
    )
    about = f"{run.kind} on {run.source}; {run.outcome or 'not finished'}; seed {run.seed}"
    when = f"{keys.first_at:%Y-%m-%d %H:%M} to {keys.last_at:%Y-%m-%d %H:%M} UTC"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy()}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{escape(title)}</title>\n<style>{_CSS}</style>\n</head>\n<body>\n"
        f"<h1>{escape(title)}</h1>\n<p>{escape(about)}</p>\n"
        f'<p class="pale">{escape(when)}, '
        f"{keys.cycles:,} cycles, settings {escape(run.settings_digest)}</p>\n"
        + "\n".join(filter(None, sections))
        + "\n</body>\n</html>\n"
    )


def _policy() -> str:
    """Nothing may be fetched or run; our one style sheet is allowed by its hash."""
    digest = b64encode(sha256(_CSS.encode()).digest()).decode()
    return (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none';"
        " form-action 'none'"
    )


def _findings(findings: Sequence[str]) -> str:
    if not findings:
        return ""
    lines = "".join(f"<p>{escape(finding)}</p>" for finding in findings)
    return f'<div class="findings"><strong>This does not add up.</strong>{lines}</div>'


def _key_table(report: RunReport) -> str:
    keys, quote = report.keys, report.quote
    amounts = (
        "equity",
        "capital",
        "net",
        "gross",
        "realized",
        "unrealized",
        "fees",
        "slippage",
        "turnover",
    )
    told = [(f"{name} {quote}", _money(getattr(keys, f"{name}_try"))) for name in amounts]
    told += [
        ("return", _percent(keys.return_ratio)),
        ("max drawdown", _percent(keys.max_drawdown_ratio)),
        ("orders", f"{keys.orders:,}"),
        ("fills", f"{keys.fills:,} ({keys.buys:,} buys, {keys.sells:,} sells)"),
        ("canceled, rejected", f"{keys.canceled:,}, {keys.rejected:,}"),
        ("last mode", keys.mode),
    ]
    # A mode is one long word: it may break at its underscores, not within a part.
    broken = ((name, escape(value).replace("_", "_<wbr>")) for name, value in told)
    cells = (f"<div><dt>{escape(name)}</dt><dd>{value}</dd></div>" for name, value in broken)
    return f"<dl>{''.join(cells)}</dl>"


def _figure(picture: Picture) -> str:
    narrow, wide = (_data_url(svg) for svg in (picture.narrow, picture.wide))
    words = escape(picture.words)
    return (
        f"<h2>{escape(picture.title)}</h2>\n<figure><picture>"
        f'<source media="(max-width: 600px)" srcset="{narrow}">'
        f'<img src="{wide}" alt="{escape(picture.title)}: {words}"></picture>'
        f"<figcaption>{words}</figcaption></figure>"
    )


def _why_not(report: RunReport) -> str:
    most = max((why.count for why in report.why_not), default=1)
    rows = [
        (
            escape(why.reason),
            f"{why.count:,}",
            f'<progress value="{why.count}" max="{most}"></progress>',
            escape(why.meaning),
        )
        for why in report.why_not
    ]
    return _table("Why it did not trade", ("reason", "times", "", "meaning"), rows)


def _cycle_table(title: str, name: str, counts: Mapping[str, int]) -> str:
    """Counts of cycles with their shares; nothing where there are none to count."""
    if not counts:
        return ""
    total = sum(counts.values())
    rows = [
        (
            escape(each),
            f"{count:,}",
            f'<progress value="{count}" max="{total}"></progress>',
            _percent(Decimal(count) / total),
        )
        for each, count in counts.items()
    ]
    return _table(title, (name, "cycles", "", "share"), rows)


def _rollups(title: str, rollups: Sequence[Rollup]) -> str:
    names = ("from", "cycles", "net", "fees", "turnover", "fills", "equity", "drawdown")
    rows = [
        (
            str(row.start),
            f"{row.cycles:,}",
            _money(row.net_try),
            _money(row.fees_try),
            _money(row.turnover_try),
            f"{row.fills:,}",
            _money(row.equity_try),
            _percent(row.max_drawdown_ratio),
        )
        for row in rollups[:ROLLUPS_MAX]
    ]
    left = len(rollups) - len(rows)
    return _table(title, names, rows) + (f'<p class="pale">{left} older rows</p>' if left else "")


def _table(title: str, names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Cells are HTML already; what is second or later and looks like a number stands right.

    On a narrow screen a table of many columns becomes a stack of named figures a row.
    """
    head = "".join(f"<th{_side(n, name)}>{escape(name)}</th>" for n, name in enumerate(names))
    body = "".join(
        "<tr>"
        + "".join(
            f'<td{_side(n, names[n])} data-name="{escape(names[n])}">{cell}</td>'
            for n, cell in enumerate(row)
        )
        + "</tr>"
        for row in rows
    )
    stacks = ' class="stacks"' if len(names) > COLUMNS_MAX else ""
    return (
        f'<h2>{escape(title)}</h2><div class="scroll"><table{stacks}><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _side(column: int, name: str) -> str:
    if name in _CLASSES:
        return f' class="{_CLASSES[name]}"'
    return ' class="n"' if column and name else ""


def _data_url(svg: bytes) -> str:
    return f"data:image/svg+xml;base64,{b64encode(svg).decode()}"


def _money(value: Decimal) -> str:
    return f"{value.quantize(CENT):,}" if abs(value) >= CENT or not value else canonical(value)


def _percent(ratio: Decimal) -> str:
    return f"{(ratio * 100).quantize(CENT)} %"
