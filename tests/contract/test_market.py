"""What rebalancing needs of every market: of each pair with a quote, what was traded of it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from btcbot_core.adapters.paper.tape import ObservedMarket
from btcbot_core.adapters.replay.clock import ReplayTimeline, clock_of
from btcbot_core.adapters.replay.dataset import load
from btcbot_core.adapters.replay.market import ReplayMarket
from btcbot_core.adapters.replay.synthetic import Recipe, write_dataset
from btcbot_core.bootstrap.choices import live_choices, recorded_choices
from btcbot_core.bootstrap.market import last_days
from btcbot_core.cycle.stages import STAGE7
from btcbot_core.domain.symbol import Symbol
from btcbot_core.ports import MarketDataPort
from btcbot_core.settings import Settings
from tests.btcturk.loopback import Asked, Move, data, refusal
from tests.btcturk.world import World, book, fixture

BTC, GONE = Symbol("BTCTRY"), Symbol("GONETRY")

Open = Callable[[Settings, Path, ExitStack], MarketDataPort]


def recorded(settings: Settings, folder: Path, _: ExitStack) -> MarketDataPort:
    dataset = load(write_dataset(folder / "d", Recipe(symbols=(BTC,), minutes=5)))
    clock = clock_of(dataset)
    ReplayTimeline(dataset, clock).advance(2)
    return recorded_choices(ReplayMarket(dataset, clock), STAGE7, settings)


def live(settings: Settings, _: Path, undo: ExitStack) -> MarketDataPort:
    ticker = fixture("ticker_BTCTRY_live_2026-09-14.json")["data"]

    def serve(asked: Asked) -> Move:
        if asked.path == "/api/v2/ticker":
            return data(ticker)
        return data(book()) if asked.params["pairSymbol"] == BTC else refusal("NO_PAIR", 1026)

    world = World(serve)
    undo.callback(world.close)
    return live_choices(world.market, lambda: last_days(world.market), STAGE7, settings)


def dry_run(settings: Settings, folder: Path, undo: ExitStack) -> MarketDataPort:
    return ObservedMarket(live(settings, folder, undo))


@pytest.fixture(params=[recorded, live, dry_run], ids=lambda opened: opened.__name__)
def opened(request: pytest.FixtureRequest) -> Open:
    made: Open = request.param
    return made


@pytest.fixture
def undo() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.mark.parametrize(
    "settings",
    [
        Settings(),
        Settings(stage7_mark_price_source="last"),
        Settings(stage7_rules_require_metadata=False),
    ],
    ids=["as it is", "marked by trades", "with guessed rules"],
)
def test_a_snapshot_tells_what_was_traded_of_every_pair_that_has_a_quote(
    opened: Open, settings: Settings, tmp_path: Path, undo: ExitStack
) -> None:
    snapshot = opened(settings, tmp_path, undo).snapshot((BTC, GONE))
    assert set(snapshot.quotes) == set(snapshot.volumes) == {BTC}
    assert snapshot.volumes[BTC] > 0
    assert (set(snapshot.lasts) == {BTC}) is (settings.stage7_mark_price_source == "last")
