"""How one value is read from text: strictly, and with words for what is wrong."""

import base64
import binascii
import re
from decimal import Decimal
from typing import Annotated

from pydantic import (
    BeforeValidator,
    Field,
    SecretStr,
)

from btcbot_core.domain.arm import is_loopback
from btcbot_core.domain.codes import AnomalyCode
from btcbot_core.domain.money import ZERO, NotANumberError, decimal_from
from btcbot_core.domain.policy import (
    StrategyName,
)
from btcbot_core.domain.symbol import NotASymbolError, Symbol, symbol_from

SECRETS = frozenset({"BTCTURK_API_KEY", "BTCTURK_API_SECRET"})
"""Names whose values are never shown, and which no file may hold that others can read."""
SECRET_BYTES_MIN = 12

SCORES = ("liquidity", "spread", "volatility")
NO_CAP = Decimal(10) ** 15
"""More quote currency than anybody has."""

_API_KEY = re.compile(r"[!-~]{6,128}", re.ASCII)


def read_decimal(value: object) -> object:
    if isinstance(value, Decimal):
        return value
    try:
        return decimal_from(str(value).strip())
    except NotANumberError as error:
        raise ValueError(str(error)) from error


def empty_is_none(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def upper_case(value: object) -> object:
    return value.strip().upper() if isinstance(value, str) else value


def read_symbols(value: object) -> object:
    """`BTC_TRY,ETH_TRY`, `["BTC_TRY"]` or `[BTC_TRY]`; blanks dropped, first of equals wins."""
    if not isinstance(value, str):
        return value
    items = [item.strip().strip("\"'") for item in value.strip().strip("[]").split(",")]
    try:
        found = dict.fromkeys(symbol_from(item) for item in items if item and item != "null")
    except NotASymbolError as error:
        raise ValueError(str(error)) from error
    if not found:
        raise ValueError("expected at least one pair")
    return tuple(found)


def read_url(text: str) -> str:
    """Only https leaves this machine; plain http may reach a paper exchange on it."""
    url = text.strip().rstrip("/")
    if url and not (url.startswith("https://") or is_loopback(url)):
        raise ValueError("expected https://, or http:// to this machine")
    return url


def read_api_key(key: SecretStr) -> SecretStr:
    text = key.get_secret_value().strip()
    if text and not _API_KEY.fullmatch(text):
        raise ValueError("expected 6 to 128 printable letters, no spaces")
    return SecretStr(text)


def read_api_secret(secret: SecretStr) -> SecretStr:
    """The exchange gives base64; what is none would only be found out by a refused signature."""
    text = secret.get_secret_value().strip()
    try:
        is_whole = len(base64.b64decode(text, validate=True)) >= SECRET_BYTES_MIN
    except (binascii.Error, ValueError):
        is_whole = False
    if text and not is_whole:
        raise ValueError(
            f"expected base64 of at least {SECRET_BYTES_MIN} bytes, as the exchange gave it"
        )
    return SecretStr(text)


def read_symbols_or_none(value: object) -> object:
    """As `read_symbols`; nothing at all is nothing."""
    return () if isinstance(value, str) and not value.strip() else read_symbols(value)


def read_score_weights(text: str) -> tuple[Decimal, Decimal, Decimal]:
    """`liquidity:0.5,spread:0.3,volatility:0.2`; each named once, none negative, shares of one."""
    found = dict.fromkeys(SCORES, ZERO)
    named = list[str]()
    for item in filter(None, (part.strip() for part in text.split(","))):
        name, _, weight = item.partition(":")
        share = read_decimal(weight)
        if name not in found or name in named or not isinstance(share, Decimal) or share < ZERO:
            raise ValueError(f"expected each of {', '.join(SCORES)} at most once, 0 or more")
        named.append(name)
        found[name] = share
    if not any(found.values()):
        raise ValueError("expected weights of which one is over 0")
    return found["liquidity"], found["spread"], found["volatility"]


def score_weights_text(text: str) -> str:
    read_score_weights(text)
    return text


def read_codes(value: object) -> object:
    """Anomaly codes separated by commas; none means every one of them."""
    if not isinstance(value, str):
        return value
    named = [item.strip().upper() for item in value.split(",") if item.strip()]
    odd = [item for item in named if item not in AnomalyCode.__members__]
    if odd:
        raise ValueError(f"no such code: {', '.join(odd)}")
    return tuple(AnomalyCode(item) for item in named) or tuple(AnomalyCode)


def read_strategies(value: object) -> object:
    """Names of strategies separated by commas, in the order in which they are asked."""
    if not isinstance(value, str):
        return value
    named = [item.strip().lower() for item in value.split(",") if item.strip()]
    known = tuple(StrategyName)
    if not named or len(set(named)) < len(named) or any(item not in known for item in named):
        raise ValueError(f"expected one or more of {', '.join(known)}, each once")
    return tuple(StrategyName(item) for item in named)


def read_three_counts(value: object) -> object:
    """Three whole numbers over 0, separated by commas."""
    if not isinstance(value, str):
        return value
    items = [item.strip() for item in value.split(",")]
    if len(items) != 3 or any(not item.isdecimal() or int(item) < 1 for item in items):
        raise ValueError("expected three whole numbers over 0, as in 4,4,8")
    return tuple(int(item) for item in items)


def read_weights(text: str, universe: tuple[Symbol, ...]) -> dict[Symbol, Decimal]:
    """`BTCTRY:0.6,ETHTRY:0.4`, made to add up to one when they nearly do (within 5 %)."""
    weights: dict[Symbol, Decimal] = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        name, _, weight = item.partition(":")
        try:
            symbol, share = symbol_from(name), decimal_from(weight.strip())
        except ValueError as error:
            raise ValueError(f"PORTFOLIO_TARGETS: {error}") from error
        if share <= ZERO or symbol not in universe or symbol in weights:
            raise ValueError(
                f"PORTFOLIO_TARGETS: {item}: expected a weight over 0 for each pair of SYMBOLS once"
            )
        weights[symbol] = share
    total = sum(weights.values(), ZERO)
    if weights and abs(total - 1) >= Decimal("0.05"):
        raise ValueError(f"PORTFOLIO_TARGETS: expected weights that add up to 1, found sum {total}")
    if abs(total - 1) <= Decimal("0.000001"):
        return weights
    return {symbol: share / total for symbol, share in weights.items()}


Money = Annotated[Decimal, BeforeValidator(read_decimal), Field(ge=ZERO)]
PositiveMoney = Annotated[Decimal, BeforeValidator(read_decimal), Field(gt=ZERO)]
Bps = Annotated[Decimal, BeforeValidator(read_decimal), Field(ge=ZERO, le=10_000)]
CostBps = Annotated[Decimal, BeforeValidator(read_decimal), Field(ge=ZERO, le=1_000)]
"""What a trade may cost; a tenth of it is beyond any exchange."""
Ratio = Annotated[Decimal, BeforeValidator(read_decimal), Field(ge=ZERO, le=1)]
PositiveBps = Annotated[Decimal, BeforeValidator(read_decimal), Field(gt=ZERO, le=10_000)]
PositiveRatio = Annotated[Decimal, BeforeValidator(read_decimal), Field(gt=ZERO, le=1)]
EmptyIsNone = BeforeValidator(empty_is_none)
Count = Annotated[int, Field(ge=0)]
Seconds = Annotated[int, Field(ge=0, le=31_536_000)]
