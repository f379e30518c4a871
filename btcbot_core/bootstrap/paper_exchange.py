"""The paper exchange as a server: a recorded dataset behind BTCTurk's wire protocol."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from btcbot_core.adapters.clock import SystemClock
from btcbot_core.adapters.replay.dataset import load
from btcbot_core.adapters.replay.recording import Recording
from btcbot_core.domain.errors import ConfigError
from btcbot_core.domain.money import NotANumberError, decimal_from
from btcbot_core.domain.symbol import Asset

EXTRA = "the paper exchange needs an extra: pip install 'btcbot[paper]'"


@dataclass(frozen=True, slots=True)
class PaperOptions:
    """What the command was told, as text; everything is checked before a port is taken."""

    dataset: Path
    port: str
    speed: str
    seed: str
    keys: Sequence[str]
    secrets: Sequence[str]
    balances: str
    faults: Path | None
    state: Path | None


def serve_paper(options: PaperOptions, ready: Callable[[int], None]) -> None:
    """Serve until told to stop. Raises ConfigError or DatasetError for what was asked."""
    try:
        from btcbot_core.adapters.paper.server.serving import Options, read_faults, serve
        from btcbot_core.adapters.paper.server.venue import Access
    except ImportError as missing:
        raise ConfigError(f"{EXTRA} ({missing})") from missing

    if len(options.keys) != len(options.secrets):
        raise ConfigError("--key and --secret go together, one of each an account")
    access = Access(
        secrets=dict(zip(options.keys, options.secrets, strict=True)),
        balances=_balances(options.balances),
    )
    served = Options(
        port=_whole("--port", options.port, 65_535),
        access=access,
        speed=_speed(options.speed),
        seed=_whole("--seed", options.seed, 2**31),
        faults="" if options.faults is None else read_faults(options.faults),
        state=options.state,
    )
    serve(Recording(load(options.dataset)), served, SystemClock(), ready)


def _balances(text: str) -> Mapping[Asset, Decimal]:
    """`TRY=100000,BTC=0.1`."""
    balances: dict[Asset, Decimal] = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        name, _, amount = item.partition("=")
        try:
            balances[Asset(name.strip().upper())] = decimal_from(amount.strip())
        except NotANumberError as error:
            raise ConfigError(f"--balances: {name}: {error}") from error
    if not balances or any(amount < 0 for amount in balances.values()):
        raise ConfigError("--balances: expected amounts such as TRY=100000,BTC=0.1")
    return balances


def _speed(text: str) -> Fraction:
    try:
        return Fraction(decimal_from(text))
    except NotANumberError as error:
        raise ConfigError(f"--speed: {error}") from error


def _whole(flag: str, text: str, most: int) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > most:
        raise ConfigError(f"{flag}: expected a whole number up to {most}, found {text[:20]!r}")
    return int(text)
