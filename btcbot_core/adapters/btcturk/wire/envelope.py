"""The envelope around nearly every answer, and the rules that say whether it is a yes.

`success` alone proves nothing: answers with `"success": true` and code 1037 were captured
(API.md §1). So the HTTP status is judged first, then the code, then `success`.
"""

from typing import TypeVar

import msgspec

from btcbot_core.adapters.btcturk.errors import (
    NoAnswerError,
    RefusalError,
    UnauthorizedError,
    UnusableAnswerError,
    clean,
)
from btcbot_core.adapters.btcturk.refusals import NO_VERDICT, Refusal, refusal_code

T = TypeVar("T")

ROWS_MAX = 5_000

_GOOD_CODES = (0, "0", "SUCCESS", "")


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What came back: whole, decompressed and bounded, but not yet believed."""

    status: int
    is_json: bool
    body: bytes
    request_id: str
    retry_after_s: float | None = None

    def bad(self, why: str) -> UnusableAnswerError:
        """The error that says that this answer is not to be used."""
        return UnusableAnswerError(f"HTTP {self.status}: {clean(why)}", self.request_id)


class Envelope(msgspec.Struct, frozen=True):
    """`code` is a number or a word, `message` says nothing on success."""

    code: int | str | None = None
    success: bool | None = None
    message: str | None = None
    data: msgspec.Raw = msgspec.Raw(b"null")

    @property
    def is_good(self) -> bool:
        return self.success is True and self.code in _GOOD_CODES

    def is_no(self, refusal: str) -> bool:
        """Whether it says no: what merely fails to say yes does not, nor what says both.

        A known refusal beside `"success": true` is a no all the same: it was captured.
        """
        has_bad_code = self.code is not None and self.code not in _GOOD_CODES
        return self.success is False or (
            has_bad_code and (self.success is None or isinstance(refusal, Refusal))
        )


_ENVELOPE = msgspec.json.Decoder(Envelope)


def data_of(reply: Reply) -> msgspec.Raw:
    """The data of a successful answer.

    Raises RefusalError for a definite no, NoAnswerError where the exchange reports its own
    trouble, and UnusableAnswerError for whatever does not say which of them it is.
    """
    if not reply.is_json:
        raise reply.bad("it is not JSON")
    envelope = parse(reply, reply.body, _ENVELOPE)
    if reply.status == 200 and envelope.is_good:
        return envelope.data
    message = clean(envelope.message or "")
    code = refusal_code(message, envelope.code)
    if not envelope.is_no(code):
        raise reply.bad("its status, code and success contradict each other")
    if code in NO_VERDICT or reply.status >= 500:
        raise NoAnswerError(f"HTTP {reply.status}: {code}: {message}", reply.request_id)
    if not 400 <= reply.status < 500 and reply.status != 200:
        raise reply.bad("its status is neither a yes nor a no")
    refusal = UnauthorizedError if code == Refusal.UNAUTHORIZED else RefusalError
    raise refusal(reply.status, code, message, reply.request_id)


def parse(reply: Reply, body: bytes | msgspec.Raw, shape: msgspec.json.Decoder[T]) -> T:
    """Read a body strictly.

    Raises UnusableAnswerError for whatever it may hold instead: half a body, another type, other
    bytes than UTF-8, brackets nested ten thousand deep.
    """
    try:
        return shape.decode(body)
    except (msgspec.DecodeError, RecursionError, ValueError) as fault:
        raise reply.bad(f"{type(fault).__name__}: {fault}") from fault


def parse_rows(
    reply: Reply, body: bytes | msgspec.Raw, shape: msgspec.json.Decoder[T]
) -> tuple[tuple[T, ...], int]:
    """Read a list row by row: the good rows, and how many were dropped.

    For market data alone. Of an account or an order list, half is worse than nothing.
    """
    rows: list[T] = []
    dropped = 0
    raws = parse(reply, body, _ROWS)
    if len(raws) > ROWS_MAX:
        raise reply.bad(f"{len(raws)} rows are more than there are pairs or trades")
    for raw in raws:
        try:
            rows.append(shape.decode(raw))
        except (msgspec.DecodeError, RecursionError, ValueError):
            dropped += 1
    return tuple(rows), dropped


_ROWS = msgspec.json.Decoder(list[msgspec.Raw])
