"""Lines to the exchange: with a key or without, to the real one or to a paper exchange here."""

from random import Random, SystemRandom

from btcbot_core.adapters.btcturk.auth import Credentials
from btcbot_core.adapters.btcturk.client import BtcturkClient
from btcbot_core.adapters.btcturk.line import ClientOptions
from btcbot_core.adapters.clock import SystemClock
from btcbot_core.domain.errors import ConfigError
from btcbot_core.domain.symbol import Asset, base_and_quote
from btcbot_core.settings import Settings


def public_client(settings: Settings) -> BtcturkClient:
    """A client without a key: it can read what everybody may, and nothing else."""
    return BtcturkClient(_addresses(settings), SystemClock(), _chance())


def private_client(settings: Settings, credentials: Credentials) -> BtcturkClient:
    """A client that may read our account; what it may write, gates and lease decide."""
    return BtcturkClient(_addresses(settings), SystemClock(), _chance(), credentials)


def credentials_of(settings: Settings) -> Credentials:
    """The key pair. Raises ConfigError naming what is missing, never a value."""
    key, secret = settings.btcturk_api_key, settings.btcturk_api_secret
    named = {"BTCTURK_API_KEY": key, "BTCTURK_API_SECRET": secret}
    missing = [name for name, value in named.items() if not value.get_secret_value()]
    if missing:
        raise ConfigError(f"live trading needs {' and '.join(missing)}")
    return Credentials(key.get_secret_value(), secret.get_secret_value())


def quote_of(settings: Settings) -> Asset:
    """The one quote currency of all pairs."""
    quotes = {base_and_quote(symbol)[1] for symbol in settings.symbols}
    if len(quotes) > 1:
        found = ", ".join(sorted(quotes))
        raise ConfigError(f"SYMBOLS: expected one quote currency, found {found}")
    return quotes.pop()


def _chance() -> Random:
    # Jitter need not be repeatable on a live line.
    return Random(SystemRandom().getrandbits(64))  # noqa: S311 - spreads retries, no secret


def _addresses(settings: Settings) -> ClientOptions:
    """Where the exchange is: a paper exchange answers for both of its hosts at one address."""
    usual = ClientOptions()
    base = settings.btcturk_base_url
    graph = settings.btcturk_graph_url or (usual.graph_url if base == usual.base_url else base)
    return ClientOptions(base_url=base, graph_url=graph)
