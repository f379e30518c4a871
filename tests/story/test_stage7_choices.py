"""What a run may choose: its marks, its fills, guessed rules, a limit on concentration."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from btcbot_core import bootstrap
from btcbot_core.adapters.choices import CompletedRules
from btcbot_core.adapters.replay.synthetic import Recipe
from btcbot_core.app.choosing import run_named
from btcbot_core.app.verify import verify_run
from btcbot_core.bootstrap.choices import guessed_rules
from btcbot_core.domain.codes import Reason
from btcbot_core.domain.decisions import RiskMode
from btcbot_core.domain.market import MarketSnapshot
from btcbot_core.domain.rules import PairRules
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import Side
from btcbot_core.ports import unheard
from btcbot_core.settings import Settings
from tests.build import BTC, at, d, rules
from tests.story.rebalancing import PAIRS, made_up, run


def verified(database: Path) -> bool:
    store = bootstrap.open_reader(database)
    try:
        return verify_run(store, run_named(store), unheard).is_equal
    finally:
        store.close()


def test_pairs_are_valued_at_their_last_trades_where_that_is_chosen(tmp_path: Path) -> None:
    recipe = Recipe(symbols=PAIRS, minutes=60, volatility_bps=30, spread_bps=20)
    last = made_up(tmp_path / "d", recipe, STAGE7_MARK_PRICE_SOURCE="last")
    for path in (last / "orderbook").iterdir():
        header, *rows = path.read_text(encoding="ascii").splitlines()
        cells = (row.split(",") for row in rows)  # asks move off, so that mids do too
        wide = [f"{t},{bid},{d(ask) * d('1.001'):.2f}" for t, bid, ask in cells]
        path.write_text("\n".join((header, *wide)) + "\n", encoding="ascii")
    told = run(last, tmp_path / "a.db")
    assert any(
        cycle.carried.marks[symbol] != quote.mid
        for cycle in told.cycles
        for symbol, quote in cycle.market.quotes.items()
    )
    for cycle in told.cycles:
        for symbol, price in cycle.market.lasts.items():
            assert cycle.carried.marks[symbol] == price
    assert told.summary.fills
    assert verified(tmp_path / "a.db")
    mid = made_up(tmp_path / "e", recipe)
    assert not any(cycle.market.lasts for cycle in run(mid, tmp_path / "b.db").cycles)


def test_an_order_fills_at_the_slipped_mid_where_that_is_chosen_and_never_past_its_limit(
    tmp_path: Path,
) -> None:
    recipe = Recipe(symbols=PAIRS, minutes=60, volatility_bps=30, spread_bps=50)
    model = made_up(tmp_path / "d", recipe, SIM_FILL_MODEL="mark_slippage", TTL_SECONDS="60")
    told = run(model, tmp_path / "a.db")
    limits = {i.client_id: i.price for c in told.cycles for i in c.intents}
    fills = [fill for cycle in told.cycles for fill in cycle.fills]
    sent = {intent.client_id for intent in told.cycles[0].intents}
    assert sent
    assert {fill.client_id for fill in told.cycles[1].fills} == sent
    for fill in fills:
        assert fill.client_id is not None
        limit = limits[fill.client_id]
        assert fill.price <= limit if fill.side is Side.BUY else fill.price >= limit


def test_too_much_in_few_pairs_allows_only_sells(tmp_path: Path) -> None:
    dataset = made_up(
        tmp_path / "d", Recipe(symbols=PAIRS, minutes=60),
        STAGE7_CONCENTRATION_TOP_N="1", STAGE7_MAX_CONCENTRATION_RATIO="0.2",
    )  # fmt: skip
    told = run(dataset, tmp_path / "a.db")
    found = [
        (cycle.step, reason)
        for cycle in told.cycles
        for reason in cycle.verdict.reasons
        if reason.reason is Reason.CONCENTRATION and reason.observed
    ]
    assert found
    step, reason = found[0]
    assert d(reason.observed) >= d("0.2") == d(reason.limit)
    assert told.cycles[step].verdict.mode is RiskMode.REDUCE_RISK_ONLY
    assert not [i for c in told.cycles[step:] for i in c.intents if i.side is Side.BUY]


class Listed:
    """A market that states these rules and shows nothing."""

    def __init__(self, known: Mapping[Symbol, PairRules]) -> None:
        self._known = known

    def snapshot(self, symbols: Sequence[Symbol]) -> MarketSnapshot:
        return MarketSnapshot(at=at(), quotes={}, problems=dict.fromkeys(symbols, "none"))

    def rules(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, PairRules]:
        return {symbol: self._known[symbol] for symbol in symbols if symbol in self._known}


@pytest.mark.parametrize("known", [{}, {BTC: rules()}], ids=["none at all", "of one pair"])
def test_missing_rules_are_guessed_unless_all_of_them_are_missing(
    known: dict[Symbol, PairRules],
) -> None:
    """An exchange that states nothing has failed; a guess would trade on its silence."""
    market = CompletedRules(Listed(known), lambda symbol: guessed_rules(symbol, Settings()))
    found = market.rules(PAIRS)
    assert set(found) == (set(PAIRS) if known else set())
    if known:
        assert (found[BTC], found[PAIRS[1]].is_modelled) == (known[BTC], True)
        guess = found[PAIRS[1]]
        assert (guess.tick_size, guess.lot_step, guess.min_notional) == (
            d("0.01"),
            d("1e-8"),
            d("10"),
        )
        assert (guess.base, guess.quote) == ("ETH", "TRY")
    assert market.snapshot(PAIRS).problems
