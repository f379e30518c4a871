"""How the exchange answers: envelopes, error bodies, spellings of numbers (API.md §1, §8)."""

from decimal import Decimal

import msgspec

from btcbot_core.adapters.paper.model import Rejection
from btcbot_core.domain.money import canonical

Body = dict[str, object] | list[object] | None
_ENCODER = msgspec.json.Encoder(decimal_format="number")

TOO_MANY_REQUESTS = "TOO_MANY_REQUESTS"
UNAUTHORIZED_CODE = 1037


class Answer(msgspec.Struct, frozen=True):
    """A status and a body that is not yet text: a fault may still change it."""

    status: int
    body: Body
    headers: dict[str, str] = {}


class RefusedError(Exception):
    """A request that gets this answer and nothing else."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def encoded(body: Body) -> bytes:
    """The body as JSON; Decimals are numbers, exactly."""
    return b"" if body is None else _ENCODER.encode(body)


def good(data: object, *, message: str | None = None, code: int | str = 0) -> Answer:
    """The envelope of a success."""
    return Answer(200, {"data": data, "success": True, "message": message, "code": code})


def bad(rejection: Rejection, status: int = 400) -> Answer:
    """The envelope of a refusal."""
    body: Body = {"success": False, "message": rejection.message, "code": rejection.code}
    return Answer(status, body)


def order_taken(data: object) -> Answer:
    """POST order has an envelope of its own."""
    body: Body = {
        "httpStatusCode": 200,
        "data": data,
        "success": True,
        "message": "SUCCESS",
        "code": 0,
    }
    return Answer(200, body)


def order_refused(rejection: Rejection) -> Answer:
    body: Body = {
        "httpStatusCode": 400,
        "data": None,
        "success": False,
        "message": rejection.message,
        "code": rejection.code,
    }
    return Answer(400, body)


def unauthorized(why: str) -> Answer:
    """As captured: the body says success while the status and the code say no."""
    body: Body = {
        "success": True,
        "message": f"Unauthorized - {why}",
        "code": UNAUTHORIZED_CODE,
    }
    return Answer(401, body)


def too_many(limit: int, period: str, policy: str, retry_after_s: int | None) -> Answer:
    """429, with the seconds until it is worth trying again."""
    body: Body = {
        "message": TOO_MANY_REQUESTS,
        "success": False,
        "code": 429,
        "details": f"Quota exceeded. Maximum allowed: {limit} per {period}.",
        "limit": str(limit),
        "period": period,
        "policy": policy,
    }
    headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
    return Answer(429, body, headers)


def number(value: Decimal) -> Decimal:
    """A Decimal that is written as a plain JSON number."""
    return Decimal(canonical(value))


def text(value: Decimal) -> str:
    """A number as most of the protocol writes it."""
    return canonical(value)


def normalized(symbol: str, base: str) -> str:
    """`BTCTRY` as `BTC_TRY`."""
    return f"{base}_{symbol.removeprefix(base)}"
