"""Asks the exchange whether it is there: its clock, its rules, its books, and our key if we may."""

from collections.abc import Mapping
from contextlib import ExitStack
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from btcbot_core.adapters.btcturk.account import BtcturkAccount
from btcbot_core.adapters.btcturk.client import BtcturkClient
from btcbot_core.adapters.btcturk.market import BtcturkMarket
from btcbot_core.adapters.btcturk.probe import probe
from btcbot_core.adapters.btcturk.rules import fetch_rules
from btcbot_core.app.facts import BookFact, OnlineFact
from btcbot_core.app.logs import LogOptions, configure
from btcbot_core.bootstrap.lines import credentials_of, private_client, public_client
from btcbot_core.bootstrap.log import secrets_of
from btcbot_core.domain.errors import ConfigError, ExchangeRefusedError, ExchangeUnavailableError
from btcbot_core.domain.rules import PairRules
from btcbot_core.domain.symbol import Symbol
from btcbot_core.settings import Settings
from btcbot_core.settings import load as load_settings

CENT = Decimal("0.01")


def ask_exchange(env_file: Path | None) -> tuple[OnlineFact, Decimal]:
    """What the exchange answers to everybody, and how old a quote may be by the settings."""
    settings = load_settings(None, None, env_file).settings
    return online_fact(settings, with_account=False), _age_max_s(settings)


def online_fact(settings: Settings, *, with_account: bool) -> OnlineFact:
    """What the exchange answers; with an account also whether it takes our key. Only reads."""
    address = settings.btcturk_base_url
    with ExitStack() as undo:
        # What the adapter has to say comes with the answer; nothing is to reach the screen.
        logs = configure(LogOptions(path=None, secrets=secrets_of(settings)))
        undo.callback(logs.close)
        client, has_key = _client(settings, with_account=with_account)
        undo.callback(client.close)
        market = BtcturkMarket(client)
        undo.callback(market.close)
        try:
            clock, rules = probe(client), fetch_rules(client)
            seen = market.snapshot(settings.symbols)
        except (ExchangeUnavailableError, ExchangeRefusedError) as error:
            return OnlineFact(address=address, problem=str(error))
        return OnlineFact(
            address=address,
            round_trip_ms=clock.round_trip_ms,
            offset_ms=clock.offset_ms,
            without_rules=tuple(s for s in settings.symbols if s not in rules),
            halted=_halted(settings.symbols, rules),
            books=tuple(
                BookFact(
                    symbol=symbol,
                    age_s=_age_s(quote.at, seen.at) if quote else None,
                    problem=seen.problems.get(symbol, "" if quote else "no book"),
                )
                for symbol in settings.symbols
                for quote in (seen.quotes.get(symbol),)
            ),
            account_problem=_account_problem(client) if has_key else None,
        )


def _client(settings: Settings, *, with_account: bool) -> tuple[BtcturkClient, bool]:
    if with_account:
        try:
            return private_client(settings, credentials_of(settings)), True
        except ConfigError:
            # What is missing of the key is another check's to say.
            return public_client(settings), False
    return public_client(settings), False


def _account_problem(client: BtcturkClient) -> str:
    try:
        BtcturkAccount(client).balances()
    except (ExchangeUnavailableError, ExchangeRefusedError) as error:
        return str(error)
    return ""


def _halted(symbols: tuple[Symbol, ...], rules: Mapping[Symbol, PairRules]) -> tuple[Symbol, ...]:
    return tuple(s for s in symbols if s in rules and not rules[s].is_trading)


def _age_s(at: datetime, now: datetime) -> Decimal:
    return Decimal(str((now - at).total_seconds())).quantize(CENT)


def _age_max_s(settings: Settings) -> Decimal:
    return Decimal(settings.max_market_data_age_ms) / 1000
