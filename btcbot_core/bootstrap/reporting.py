"""What reports need of the world: files, the page, row counts, two databases side by side."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from btcbot_core.adapters.files import write_whole
from btcbot_core.bootstrap.guards import open_reader
from btcbot_core.domain.errors import ConfigError
from btcbot_core.domain.reporting import RunReport
from btcbot_core.ports import Store


@contextmanager
def open_two(first: Path, second: Path) -> Iterator[tuple[Store, Store]]:
    """Two databases for reading; nothing is created where there is none.

    Raises ConfigError for one that is absent or empty: two voids are not the same run.
    """
    for path in (first, second):
        if not path.is_file() or not path.stat().st_size:
            raise ConfigError(f"there is no run to compare at {path}: no database, or an empty one")
    with closing(open_reader(first)) as one, closing(open_reader(second)) as other:
        yield one, other


def write_file(path: Path, chunks: Iterable[str]) -> None:
    """Write a report or an export, whole or not at all. Raises ConfigError where it cannot be."""
    try:
        write_whole(path, chunks)
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or error
        raise ConfigError(f"{str(path)!r:.200} cannot be written ({said}): name another") from error


def page_maker() -> Callable[[RunReport], str]:
    """What makes one page of a report: ask before long work, use it after.

    Raises ConfigError where the drawing library is not installed.
    """
    try:
        from btcbot_core.adapters.report.page import page
    except ModuleNotFoundError as error:
        if error.name is None or not error.name.startswith("matplotlib"):
            raise
        raise ConfigError("--html: drawing needs `pip install btcbot[report]`") from error
    return page


def row_counts(path: Path) -> dict[str, int | None]:
    """Rows by table name; None where the database has no such table."""
    from btcbot_core.adapters.sqlite.counting import count_rows

    return count_rows(path)
