"""For the whole suite: what the tests left behind holds no key and no secret."""

from collections.abc import Generator, Iterator

import pytest
from hypothesis import settings

from tests.canaries import leaking, leaks

# Equal code draws equal examples, on a slow machine too. To look for new ones:
# `pytest tests/property --hypothesis-profile=fresh`.
settings.register_profile("suite", deadline=None, derandomize=True)
settings.register_profile("fresh", deadline=None, derandomize=False)
settings.load_profile("suite")


@pytest.fixture(scope="session", autouse=True)
def nothing_left_behind_holds_a_secret(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Databases, logs, exports, pages, screens and states: every file that a test has written."""
    yield
    assert [str(path) for path in leaking(tmp_path_factory.getbasetemp())] == []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What the tests and the programs in them printed holds none either."""
    report = yield
    if leaks((report.capstdout + report.capstderr).encode(errors="surrogateescape")):
        report.outcome = "failed"
        report.longrepr = "a key or a secret was printed"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The figures of the proofs, under the dots."""
    from tests.proofs import proofs  # only here: a single test shall start at once

    for line in proofs(terminalreporter.stats.get("passed", ())):
        terminalreporter.write_line(line)
