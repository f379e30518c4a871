"""The commands that read runs and tell of them; none of them changes a database."""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from btcbot_core import bootstrap
from btcbot_core.app.choosing import run_named
from btcbot_core.app.exports import Format, lines
from btcbot_core.app.figures import CycleFigures, newest
from btcbot_core.app.parity import Parity, Window, compare
from btcbot_core.app.run_report import make_report
from btcbot_core.bootstrap import reporting
from btcbot_core.cli.output import plain, print_json, print_pairs, say
from btcbot_core.cli.progress import Progress
from btcbot_core.domain.errors import ConfigError, ExitCode
from btcbot_core.domain.reporting import RunReport
from btcbot_core.ports import Store

ALL = "all"
LAST_ROWS = 50


def report(arguments: argparse.Namespace) -> int:
    """Tell what a run came to, on the terminal, as JSON, or as a page; 1 when it cannot be true."""
    page = reporting.page_maker() if arguments.html else None
    with _reader(arguments) as store:
        made = read_report(store, arguments.run)
    if page is not None:
        write_page(Path(arguments.html), page, made)
    if arguments.json:
        print_json(_without_charts(made))
    elif not arguments.html:
        from btcbot_core.cli.render import print_report

        print_report(made)
    for finding in made.findings:
        say(f"does not add up: {finding}")
    return int(ExitCode.NO if made.findings else ExitCode.OK)


def read_report(store: Store, name: str) -> RunReport:
    """What a run came to, read from its first cycle to its last."""
    run = run_named(store, name)
    with store.read() as work, Progress("cycles read") as progress:
        return make_report(work, run, progress)


def write_page(path: Path, page: Callable[[RunReport], str], made: RunReport) -> None:
    """Draw the charts and write it all as one page."""
    if sys.stderr.isatty():
        say("drawing the charts")
    reporting.write_file(path, [page(made)])
    say(f"written: {path}")


def export(arguments: argparse.Namespace) -> int:
    """Write cycles for other programs, to a file or to standard output."""
    form = Format.JSON if arguments.json else Format(arguments.format)
    rows = _rows(arguments)
    text = lines(rows, form, is_defused=not arguments.raw_text)
    if arguments.out:
        reporting.write_file(Path(arguments.out), text)
        say(f"{len(rows)} cycles written: {arguments.out}")
    else:
        sys.stdout.writelines(text)
    return int(ExitCode.OK)


def alerts(arguments: argparse.Namespace) -> int:
    """Name the cycles that an operator should look at."""
    found = [row for row in _rows(arguments) if row.alert_flags]
    if arguments.json:
        told = [{"cycle_id": r.cycle_id, "ts": r.ts, "alerts": r.alert_flags} for r in found]
        print_json({"count": len(told), "cycles": told})
        return int(ExitCode.OK)
    for row in found:
        print(f"{plain(row.cycle_id)}  {row.ts:%Y-%m-%d %H:%M:%S}  {', '.join(row.alert_flags)}")
    if not found:
        say("no alerts")
    return int(ExitCode.OK)


def db_count(arguments: argparse.Namespace) -> int:
    """Count the rows of every table that there is to be."""
    guards = bootstrap.open_guards(arguments.db, arguments.env_file)
    counts = reporting.row_counts(guards.database)
    if arguments.json:
        print_json(counts)
    else:
        print_pairs({name: "n/a" if n is None else n for name, n in counts.items()})
    return int(ExitCode.OK)


def parity(arguments: argparse.Namespace) -> int:
    """Compare two runs; 1 when they differ, and where."""
    window = Window(_instant("--start", arguments.start), _instant("--end", arguments.end))
    with reporting.open_two(Path(arguments.db_a), Path(arguments.db_b)) as (one, other):
        runs = run_named(one, arguments.run_a), run_named(other, arguments.run_b)
        with one.read() as work_a, other.read() as work_b, Progress("cycles compared") as progress:
            found = compare((work_a, runs[0]), (work_b, runs[1]), window, progress)
    if arguments.json:
        print_json(found)
    else:
        _print_parity(found)
    for warning in found.warnings:
        say(f"warning: {warning}")
    return int(ExitCode.OK if found.match else ExitCode.NO)


def _print_parity(found: Parity) -> None:
    print(f"a  {found.fingerprint_a}  {found.a.cycles} cycles of {plain(found.a.run)}")
    print(f"b  {found.fingerprint_b}  {found.b.cycles} cycles of {plain(found.b.run)}")
    if found.match:
        print("match: both decided the same")
        return
    print(f"they part at cycle {found.step} ({found.at}): {plain(found.field) or 'the cycle'}")
    print(f"  a: {plain(found.in_a)}")
    print(f"  b: {plain(found.in_b)}")


def _without_charts(made: RunReport) -> dict[str, object]:
    """A report's figures; the points of its charts are for the page, an export has the cycles."""
    told = msgspec.structs.asdict(made)
    del told["charts"]
    return told


def _rows(arguments: argparse.Namespace) -> Sequence[CycleFigures]:
    window = Window(_instant("--since", arguments.since), _instant("--until", arguments.until))
    count = None if arguments.last == ALL else _count(arguments.last or str(LAST_ROWS))
    if arguments.last is None and window == Window():
        say(f"the last {LAST_ROWS} cycles; --last N or --last all says otherwise")
    is_windowed = window != Window()
    with _reader(arguments) as store:
        run = run_named(store, arguments.run)
        with store.read() as work, Progress("cycles read") as progress:
            found = newest(work, run.id, None if is_windowed else count, progress)
    if not is_windowed:
        return found
    inside = [row for row in found if window.holds(row.ts)]
    return inside if count is None or arguments.last is None else inside[-count:]


@contextmanager
def _reader(arguments: argparse.Namespace) -> Iterator[Store]:
    guards = bootstrap.open_guards(arguments.db, arguments.env_file)
    with closing(bootstrap.open_reader(guards.database)) as store:
        yield store


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not int(text):
        raise ConfigError(f"--last: expected 1 or more, or {ALL}, found {text[:20]!r}")
    return int(text)


def _instant(flag: str, text: str | None) -> datetime | None:
    """An instant of UTC where no zone is named; a day is its first instant."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(
            f"{flag}: expected a time like 2022-11-08T22:37, found {text[:40]!r}"
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
