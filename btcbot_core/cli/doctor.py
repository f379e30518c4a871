"""`doctor` and `arm-check`: is everything as it should be, and may this bot go live?"""

import argparse

import msgspec

from btcbot_core.app.check import Check, Verdict
from btcbot_core.app.doctor import Report, examine
from btcbot_core.app.facts import Facts
from btcbot_core.bootstrap.doctor import DoctorOptions, gather_facts
from btcbot_core.cli.output import plain, print_json
from btcbot_core.domain.errors import ExitCode

_MARKS = {
    Verdict.PASS: "ok  ",
    Verdict.WARN: "WARN",
    Verdict.FAIL: "FAIL",
    Verdict.SKIP: "-   ",
}


def doctor(arguments: argparse.Namespace) -> int:
    """Examine everything; 1 when a check failed, with --strict also when one warned."""
    report = _examine(arguments, is_for_live=False)
    is_bad = report.failed or (arguments.strict and report.warned)
    return int(ExitCode.NO if is_bad else ExitCode.OK)


def arm_check(arguments: argparse.Namespace) -> int:
    """Examine everything as before live trading; 4 when a check failed."""
    report = _examine(arguments, is_for_live=True)
    return int(ExitCode.GATE_CLOSED if report.failed else ExitCode.OK)


def _examine(arguments: argparse.Namespace, *, is_for_live: bool) -> Report:
    options = DoctorOptions(
        db=arguments.db,
        env_file=arguments.env_file,
        is_online=arguments.online,
        is_for_live=is_for_live,
    )
    facts = gather_facts(options)
    report = examine(facts)
    if arguments.json:
        print_json(_as_json(facts, report))
    else:
        _print(arguments.command, report)
    return report


def _as_json(facts: Facts, report: Report) -> dict[str, object]:
    return {
        "verdict": report.verdict,
        "is_for_live": facts.is_for_live,
        "database": facts.database,
        "at": facts.now,
        "failed": [f"{check.category}.{check.name}" for check in report.failed],
        "warned": [f"{check.category}.{check.name}" for check in report.warned],
        "checks": [msgspec.structs.asdict(check) for check in report.checks],
    }


def _print(command: str, report: Report) -> None:
    width = max(len(f"{check.category}.{check.name}") for check in report.checks)
    for check in report.checks:
        name = f"{check.category}.{check.name}"
        hint = f" ({check.remedy})" if check.verdict is Verdict.SKIP and check.remedy else ""
        print(plain(f"{_MARKS[check.verdict]}  {name:<{width}}  {check.observed}{hint}"))
        if check.verdict in (Verdict.WARN, Verdict.FAIL):
            print(plain(f"      {'':<{width}}  {check.meaning}; to do: {check.remedy}"))
    print(plain(f"{command}: {_summary(report)}"))


def _summary(report: Report) -> str:
    if report.failed:
        return f"{len(report.failed)} failed ({_names(report.failed)})"
    if report.warned:
        return f"nothing failed, {len(report.warned)} to look at ({_names(report.warned)})"
    return "all is well"


def _names(checks: tuple[Check, ...]) -> str:
    return ", ".join(f"{check.category}.{check.name}" for check in checks)
