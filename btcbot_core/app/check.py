"""A readiness check: one question about the facts, one verdict, and what to do about it."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from enum import StrEnum
from itertools import islice

import msgspec

from btcbot_core.app.facts import Facts, OnlineFact, RunFact, StoreFact

SHOWN_MAX = 8
"""How many of a list are shown; the rest is a number."""


class Verdict(StrEnum):
    PASS = "pass"  # noqa: S105 - no password
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """A question with its answer: what was seen, what that means, and what to do about it."""

    category: str
    name: str
    verdict: Verdict
    observed: str
    meaning: str = ""
    remedy: str = ""


class Ask(msgspec.Struct, frozen=True):
    """A question whose answer is being found."""

    category: str
    name: str
    is_for_live: bool

    def ok(self, observed: str, meaning: str = "") -> Check:
        return self._answer(Verdict.PASS, observed, meaning, "")

    def skip(self, observed: str, remedy: str = "") -> Check:
        return self._answer(Verdict.SKIP, observed, "", remedy)

    def warn(self, observed: str, meaning: str, remedy: str) -> Check:
        return self._answer(Verdict.WARN, observed, meaning, remedy)

    def fail(self, observed: str, meaning: str, remedy: str) -> Check:
        return self._answer(Verdict.FAIL, observed, meaning, remedy)

    def grave(self, observed: str, meaning: str, remedy: str) -> Check:
        """A fault where orders may cost money, else a warning."""
        verdict = Verdict.FAIL if self.is_for_live else Verdict.WARN
        return self._answer(verdict, observed, meaning, remedy)

    def _answer(self, verdict: Verdict, observed: str, meaning: str, remedy: str) -> Check:
        return Check(
            category=self.category,
            name=self.name,
            verdict=verdict,
            observed=observed,
            meaning=meaning,
            remedy=remedy,
        )


Question = Callable[[Facts], Check]


def question(category: str, name: str) -> Callable[[Callable[[Ask, Facts], Check]], Question]:
    """Give a function of the facts its place among the checks."""

    def placed(answer: Callable[[Ask, Facts], Check]) -> Question:
        return lambda facts: answer(Ask(category, name, facts.is_for_live), facts)

    return placed


def of_online(
    category: str, name: str
) -> Callable[[Callable[[Ask, Facts, OnlineFact], Check]], Question]:
    """A question that only the exchange's own answers answer."""

    def placed(answer: Callable[[Ask, Facts, OnlineFact], Check]) -> Question:
        def asked(ask: Ask, facts: Facts) -> Check:
            if facts.online is None:
                return ask.skip("not asked", "add --online")
            if facts.online.problem:
                return ask.skip("the exchange does not answer")
            return answer(ask, facts, facts.online)

        return question(category, name)(asked)

    return placed


def of_store(
    category: str, name: str
) -> Callable[[Callable[[Ask, Facts, StoreFact], Check]], Question]:
    """A question about a database that can be read."""

    def placed(answer: Callable[[Ask, Facts, StoreFact], Check]) -> Question:
        def asked(ask: Ask, facts: Facts) -> Check:
            if facts.store is None:
                return ask.skip("no database yet")
            if facts.store.problem:
                return ask.skip("the database cannot be read")
            return answer(ask, facts, facts.store)

        return question(category, name)(asked)

    return placed


def of_run(
    category: str, name: str
) -> Callable[[Callable[[Ask, Facts, RunFact], Check]], Question]:
    """A question about the latest run of the database."""

    def placed(answer: Callable[[Ask, Facts, RunFact], Check]) -> Question:
        def asked(ask: Ask, facts: Facts, store: StoreFact) -> Check:
            if store.run is None:
                return ask.skip("it cannot be read" if store.run_problem else "no run yet")
            return answer(ask, facts, store.run)

        return of_store(category, name)(asked)

    return placed


def some(items: Iterable[object]) -> str:
    """A list for a line: its first members, and how many more there are."""
    every = [str(item) for item in items]
    more = len(every) - SHOWN_MAX
    return ", ".join(islice(every, SHOWN_MAX)) + (f" and {more} more" if more > 0 else "")


def age_words(age: timedelta) -> str:
    """An age in the largest unit that still says something."""
    seconds = int(age.total_seconds())
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def size_words(count: int) -> str:
    """A number of bytes in the largest unit that still says something."""
    for unit, power in (("GiB", 30), ("MiB", 20), ("KiB", 10)):
        if count >= 1 << power:
            return f"{count / (1 << power):.1f} {unit}"
    return f"{count} bytes"
