"""The whole error tree: an exception means that this cycle, or this command, cannot go on.

What a market, an exchange or a risk rule may rightly answer is a value, never one of these.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a process says when it ends (DEC-7)."""

    OK = 0
    NO = 1
    USAGE = 2
    ANOTHER_INSTANCE = 3
    GATE_CLOSED = 4
    STORE_UNUSABLE = 5
    MISMATCH = 6
    EXCHANGE_UNUSABLE = 7
    KILLED = 8
    INVARIANT_BROKEN = 9


class BotError(Exception):
    """Something that ends a command. `str()` of it is the line the operator reads."""

    exit_code = ExitCode.NO


class ConfigError(BotError):
    """Settings, flags or their combination are wrong; holds every problem found, not the first."""

    exit_code = ExitCode.USAGE

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class DatasetError(BotError):
    """A recorded dataset cannot be used; names the file and line."""

    exit_code = ExitCode.USAGE


class AnotherInstanceError(BotError):
    """A second process wants what one may hold: the database or the account."""

    exit_code = ExitCode.ANOTHER_INSTANCE


class GateClosedError(BotError):
    """A live write was asked for and a gate is closed; names every closed gate."""

    exit_code = ExitCode.GATE_CLOSED


class StoreError(BotError):
    """The database cannot be opened, read or written."""

    exit_code = ExitCode.STORE_UNUSABLE


class StoreBusyError(StoreError):
    """Another process holds the database's write lock; the cycle is skipped, not lost."""


class ExchangeUnavailableError(BotError):
    """The exchange did not answer a read, after the adapter's own retries. May pass."""

    exit_code = ExitCode.EXCHANGE_UNUSABLE


class HeldBackError(ExchangeUnavailableError):
    """The exchange's limits do not let this be asked now. Nothing is wrong: it comes later."""


class ExchangeRefusedError(BotError):
    """The exchange understood and refuses: a bad key, a bad request. Will not pass by itself."""

    exit_code = ExitCode.EXCHANGE_UNUSABLE


class KeyRefusedError(ExchangeRefusedError):
    """The exchange does not take our key, its signature or its stamp."""


class BadAnswerError(ExchangeUnavailableError):
    """The exchange answered something that does not parse; never half-used."""


class InvariantBrokenError(BotError):
    """A bug of ours. The bot halts and repairs nothing."""

    exit_code = ExitCode.INVARIANT_BROKEN
