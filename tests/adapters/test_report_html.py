"""The report's page: whole in itself, inert whatever the names in it are, readable anywhere."""

import base64
import re
import shutil
import subprocess
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

from btcbot_core import bootstrap
from btcbot_core.app.choosing import run_named
from btcbot_core.app.run_report import make_report
from btcbot_core.bootstrap.reporting import page_maker
from btcbot_core.domain.reporting import RunReport, WhyNot
from btcbot_core.domain.symbol import Symbol
from btcbot_core.ports import unheard
from tests.app.recorded import run_night

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'-alert(1)-'",
    "</style><script>alert(1)</script>",
    "<svg/onload=alert(1)>",
    "javascript:alert(1)",
    "$\\frac{1}{0}$ \x1b]52;c;x\x07 \u202e",
    "https://evil.example/x.png",
)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ALLOWED = {
    "meta",
    "html",
    "head",
    "body",
    "title",
    "style",
    "h1",
    "h2",
    "p",
    "div",
    "dl",
    "dt",
    "dd",
}
ALLOWED |= {"figure", "figcaption", "picture", "source", "img", "table", "thead", "tbody", "tr"}
ALLOWED |= {"th", "td", "progress", "strong"}


@dataclass
class Seen(HTMLParser):
    """What a browser would make of the page."""

    tags: list[str] = field(default_factory=list)
    attributes: list[tuple[str, str]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    style: str = ""

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1] == "style" and not self.style:
            self.style = data
        self.words.append(data)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> RunReport:
    database = run_night(tmp_path_factory.mktemp("night"), 200)
    with closing(bootstrap.open_reader(database)) as store:
        run = run_named(store)
        with store.read() as work:
            return make_report(work, run, unheard)


@pytest.fixture(scope="module")
def page(report: RunReport) -> str:
    return page_maker()(report)


def seen_in(page: str) -> Seen:
    seen = Seen()
    seen.feed(page)
    seen.close()
    return seen


def test_the_page_is_whole_in_itself(page: str) -> None:
    seen = seen_in(page)
    assert set(seen.tags) == {tag for tag in seen.tags if tag in ALLOWED}
    links = [value for name, value in seen.attributes if name in ("src", "srcset", "href")]
    assert len(links) == 2 * seen.tags.count("img") == 10
    assert all(link.startswith("data:image/svg+xml;base64,") for link in links)
    assert not [name for name, _ in seen.attributes if name.startswith("on") or name == "style"]


def test_its_policy_lets_nothing_in_and_nothing_run(page: str) -> None:
    seen = seen_in(page)
    policy = next(value for name, value in seen.attributes if "default-src" in value)
    digest = base64.b64encode(sha256(seen.style.encode()).digest()).decode()
    assert policy.split("; ") == [
        "default-src 'none'",
        "img-src data:",
        f"style-src 'sha256-{digest}'",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    assert page.index("Content-Security-Policy") < page.index("<style>")


def test_the_pictures_hold_no_script_and_fetch_nothing(page: str) -> None:
    for encoded in re.findall(r"data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)", page):
        svg = base64.b64decode(encoded).decode()
        assert "<script" not in svg
        assert not re.search(r"\son[a-z]+=", svg)
        linked = re.findall(r'(?:href|src)="([^"]*)"', svg)
        assert all(link.startswith("#") for link in linked)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_inert(report: RunReport, page: str, name: str) -> None:
    run = msgspec.structs.replace(report.run, source=name, outcome=name, settings_digest=name)
    points = tuple(
        msgspec.structs.replace(
            point,
            exposure={Symbol(name): value for value in point.exposure.values()},
            prices={Symbol(name): value for value in point.prices.values()},
        )
        for point in report.charts.points
    )
    spoiled = msgspec.structs.replace(
        report,
        run=run,
        quote=name,
        modes={name: 3},
        no_trades={name: 2},
        why_not=(WhyNot(name, 2, name),),
        findings=(name,),
        charts=msgspec.structs.replace(report.charts, points=points),
    )
    seen = seen_in(page_maker()(spoiled))
    assert set(seen.tags) <= ALLOWED
    assert {attribute for attribute, _ in seen.attributes} == {
        attribute for attribute, _ in seen_in(page).attributes
    }
    assert name in "".join(seen.words)


def test_equal_reports_give_equal_pages(report: RunReport, page: str) -> None:
    assert page_maker()(report) == page


def test_everything_that_was_asked_for_is_there(page: str) -> None:
    words = " ".join(seen_in(page).words)
    for title in (
        "Key figures",
        "Equity and drawdown",
        "Modes",
        "Exposure per pair",
        "Orders on the price",
        "Costs",
        "Why it did not trade",
        "By day",
    ):
        assert title in words


def test_a_table_of_many_columns_names_its_figures_for_a_narrow_screen(page: str) -> None:
    by_day = page[page.index("By day") :]
    assert '<table class="stacks">' in by_day
    assert 'data-name="turnover"' in by_day


@pytest.mark.skipif(not any(map(shutil.which, BROWSERS)), reason="no chromium is installed")
@pytest.mark.parametrize("width", [1280, 400])
def test_a_browser_shows_it_without_a_complaint(page: str, tmp_path: Path, width: int) -> None:
    browser = next(filter(None, map(shutil.which, BROWSERS)))
    place, shot = tmp_path / "report.html", tmp_path / "shot.png"
    place.write_text(page, encoding="utf-8")
    flags = ("--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr")
    kept = (f"--user-data-dir={tmp_path / 'browser'}", "--disable-background-networking")
    size = (f"--window-size={width},3000", f"--screenshot={shot}")
    done = subprocess.run(
        [browser, *flags, *kept, *size, place.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert shot.exists(), done.stderr
    assert "CONSOLE" not in done.stderr
    assert "Refused to" not in done.stderr
    assert shot.stat().st_size > 50_000  # an empty page packs to far less
