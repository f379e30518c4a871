"""Faults by script or by chance: what goes wrong at which endpoint, and when (docs/faults-format).

Pure and shared by both doors: a plan is asked at every request and answers what goes wrong with
it. Equal scripts, seeds and requests give equal faults.
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from random import Random

import msgspec

from btcbot_core.adapters.paper.endpoints import Endpoint
from btcbot_core.domain.errors import ConfigError
from btcbot_core.domain.money import ONE, ZERO, NotANumberError, decimal_from

LINES_MAX = 1000
CHANCE_PARTS = 1_000_000


class FaultKind(StrEnum):
    # The way there and back
    DELAY = "delay"
    TIMEOUT_BEFORE = "timeout-before"
    TIMEOUT_AFTER = "timeout-after"
    RESET = "reset"
    # Answers instead of the right one
    TOO_MANY = "429"
    STATUS = "status"
    HTML_AFTER = "html-after"
    UNAUTHORIZED = "unauthorized"
    MAINTENANCE = "maintenance"
    REVOKED = "revoked"
    # Orders and trades
    CANCEL_THEN_FILL = "cancel-then-fill"
    HIDE_ORDERS = "hide-orders"
    LATE_FILLS = "late-fills"
    DUPLICATE_FILLS = "duplicate-fills"
    REORDER_FILLS = "reorder-fills"
    # Market data
    FROZEN_BOOK = "frozen-book"
    CROSSED_BOOK = "crossed-book"
    NAN_PRICE = "nan-price"
    NEGATIVE_PRICE = "negative-price"
    MISSING_PAIR = "missing-pair"
    SCALE = "scale"
    # Time
    CLOCK = "clock"


_AMOUNTS = {
    FaultKind.DELAY: True,
    FaultKind.RESET: True,
    FaultKind.TOO_MANY: False,
    FaultKind.STATUS: True,
    FaultKind.HIDE_ORDERS: True,
    FaultKind.LATE_FILLS: True,
    FaultKind.SCALE: True,
    FaultKind.CLOCK: True,
}
"""Which kinds take an amount (seconds, bytes, a status, digits), and whether they must have one."""


class Fault(msgspec.Struct, frozen=True):
    """One thing that goes wrong. `amount` is in the kind's own unit; −1 where none was given."""

    kind: FaultKind
    amount: Decimal = Decimal(-1)
    word: str = ""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """When a fault strikes: at which endpoint, which of its requests, and in which seconds."""

    endpoint: Endpoint | None
    """None is every endpoint."""
    fault: Fault
    first: int = 1
    last: int | None = None
    every: int = 1
    after_s: Decimal = ZERO
    until_s: Decimal | None = None
    chance: Decimal = ONE

    def is_time(self, elapsed_s: Decimal) -> bool:
        return self.after_s <= elapsed_s and (self.until_s is None or elapsed_s < self.until_s)

    def is_turn(self, ordinal: int) -> bool:
        """Whether it is meant for this request, the first being 1."""
        if ordinal < self.first or (self.last is not None and ordinal > self.last):
            return False
        return (ordinal - self.first) % self.every == 0


class FaultPlan:
    """Rules, how often each endpoint was asked, and the chance that decides."""

    def __init__(self, rules: Sequence[Rule], seed: int = 0) -> None:
        self._rules = tuple(rules)
        self._counts: dict[Endpoint, int] = {}
        self._random = Random(seed)  # noqa: S311 - chance must repeat, not surprise

    def draw(self, endpoint: Endpoint, elapsed_s: Decimal) -> tuple[Fault, ...]:
        """What goes wrong with this request, in the script's order. Counts it."""
        if not self._rules:
            return ()
        ordinal = self._counts[endpoint] = self._counts.get(endpoint, 0) + 1
        return tuple(
            rule.fault
            for rule in self._rules
            if rule.endpoint in (None, endpoint)
            and rule.is_time(elapsed_s)
            and rule.is_turn(ordinal)
            and self._happens(rule.chance)
        )

    def standing(self, kind: FaultKind, elapsed_s: Decimal) -> Fault | None:
        """A fault that is a state and not an event, such as a clock that is off; counts nothing."""
        for rule in self._rules:
            if rule.fault.kind is kind and rule.is_time(elapsed_s):
                return rule.fault
        return None

    def _happens(self, chance: Decimal) -> bool:
        return chance >= ONE or self._random.randrange(CHANCE_PARTS) < chance * CHANCE_PARTS


NO_FAULTS = FaultPlan(())


def parse_faults(text: str) -> list[Rule]:
    """Read a script, one rule a line. Raises ConfigError that names every bad line."""
    rules, problems = [], []
    lines = text.splitlines()[: LINES_MAX + 1]
    if len(lines) > LINES_MAX:
        raise ConfigError(f"faults: expected at most {LINES_MAX} lines")
    for number, line in enumerate(lines, start=1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        try:
            rules.append(_rule(words))
        except ValueError as wrong:
            problems.append(f"faults line {number}: {wrong}")
    if problems:
        raise ConfigError(*problems)
    return rules


_NTH = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?", re.ASCII)
_SECONDS = re.compile(r"([0-9.]{1,12})(ms|s|m|h)?", re.ASCII)
_UNITS = {"ms": Decimal("0.001"), "s": ONE, "m": Decimal(60), "h": Decimal(3600), None: ONE}


def _rule(words: list[str]) -> Rule:
    """`endpoint [condition…] fault[=amount]`."""
    if len(words) < 2:
        raise ValueError(f"expected an endpoint and a fault, found {words[0][:40]!r}")
    changes: dict[str, object] = {}
    for word in words[1:-1]:
        changes |= _condition(word)
    rule = Rule(endpoint=_endpoint(words[0]), fault=_fault(words[-1]))
    return msgspec.structs.replace(rule, **changes)


def _endpoint(word: str) -> Endpoint | None:
    if word == "*":
        return None
    try:
        return Endpoint(word.lower())
    except ValueError:
        known = ", ".join(Endpoint)
        raise ValueError(f"expected * or one of {known}, found {word[:40]!r}") from None


def _condition(word: str) -> dict[str, object]:
    name, _, value = word.partition("=")
    if name == "nth" and (found := _NTH.fullmatch(value)) and int(found[1]) > 0:
        return {"first": int(found[1]), "last": int(found[2] or found[1])}
    if name == "from" and value.isdecimal() and int(value) > 0:
        return {"first": int(value)}
    if name == "every" and value.isdecimal() and int(value) > 0:
        return {"every": int(value)}
    if name == "after":
        return {"after_s": _seconds(value)}
    if name == "until":
        return {"until_s": _seconds(value)}
    if name == "chance" and ZERO <= (chance := _number(value)) <= ONE:
        return {"chance": chance}
    raise ValueError(f"expected nth, from, every, after, until or chance, found {word[:40]!r}")


def _fault(word: str) -> Fault:
    name, is_set, value = word.partition("=")
    try:
        kind = FaultKind(name)
    except ValueError:
        raise ValueError(f"expected a fault, found {name[:40]!r}") from None
    if kind is FaultKind.MISSING_PAIR and value.isalnum() and value.isascii():
        return Fault(kind, word=value.upper())
    if kind not in _AMOUNTS or kind is FaultKind.MISSING_PAIR:
        if is_set or kind is FaultKind.MISSING_PAIR:
            raise ValueError(f"expected {name} with no or another value, found {word[:40]!r}")
        return Fault(kind)
    if not is_set and _AMOUNTS[kind]:
        raise ValueError(f"expected {name}=…, found {word[:40]!r}")
    return Fault(kind, _amount(kind, value)) if is_set else Fault(kind)


def _amount(kind: FaultKind, value: str) -> Decimal:
    if kind in (FaultKind.DELAY, FaultKind.HIDE_ORDERS, FaultKind.LATE_FILLS, FaultKind.TOO_MANY):
        return _seconds(value)
    if kind is FaultKind.CLOCK:
        sign = -ONE if value.startswith("-") else ONE
        return sign * _seconds(value.lstrip("+-"))
    number = _number(value)
    bounds = {
        FaultKind.RESET: (0, 1_000_000),
        FaultKind.STATUS: (400, 599),
        FaultKind.SCALE: (-8, 8),
    }
    low, high = bounds[kind]
    if number != number.to_integral_value() or not low <= number <= high:
        raise ValueError(f"expected {kind}={low} to {high}, found {value[:40]!r}")
    return number


def _seconds(value: str) -> Decimal:
    found = _SECONDS.fullmatch(value)
    if found is None:
        raise ValueError(f"expected a time such as 1.5s, found {value[:40]!r}")
    return _number(found[1]) * _UNITS[found[2]]


def _number(value: str) -> Decimal:
    try:
        return decimal_from(value)
    except NotANumberError as wrong:
        raise ValueError(str(wrong)) from wrong
