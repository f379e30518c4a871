"""A day's volumes of the live market, as rebalancing is told them."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from btcbot_core.adapters.choices import KEPT_FOR, LastDay, ToldByDay
from btcbot_core.bootstrap.choices import live_choices
from btcbot_core.bootstrap.market import last_days
from btcbot_core.cycle.stages import STAGE3, STAGE4, Stage
from btcbot_core.domain.errors import ExchangeUnavailableError
from btcbot_core.domain.symbol import Symbol
from btcbot_core.settings import Settings
from tests.btcturk.conftest import OpenWorld
from tests.btcturk.loopback import Asked, Move, data
from tests.btcturk.world import BTCTRY, World, always, book, fixture
from tests.build import d


class Desk:
    """A live market whose tickers can fail."""

    def __init__(self, world: World, *, is_marked_by_trades: bool = False) -> None:
        self.hands = world.hands
        self.is_down = False
        self.market = ToldByDay(world.market, self.days, is_marked_by_trades=is_marked_by_trades)

    def days(self) -> Mapping[Symbol, LastDay]:
        if self.is_down:
            raise ExchangeUnavailableError("no tickers today")
        return {BTCTRY: LastDay(d("2"), d("7.7"))}

    def volumes(self) -> Mapping[Symbol, object]:
        return self.market.snapshot([BTCTRY]).volumes


def test_a_volume_is_the_coins_of_the_day_at_the_last_price(open_world: OpenWorld) -> None:
    world = open_world(always(data(fixture("ticker_BTCTRY_live_2026-09-14.json")["data"])))
    day = last_days(world.market)[BTCTRY]
    assert (day.last, day.volume) == (d("3844648"), d("25.3073659"))
    assert day.volume_try == d("97297913"), "whole lira"


def test_volumes_outlast_a_failing_ticker_for_an_hour_and_no_longer(open_world: OpenWorld) -> None:
    desk = Desk(open_world(always(data(book()))))
    assert desk.volumes() == {BTCTRY: d("15")}
    desk.is_down = True
    desk.hands.forward(KEPT_FOR.total_seconds())
    assert desk.volumes() == {BTCTRY: d("15")}
    desk.hands.forward(timedelta(seconds=1).total_seconds())
    assert desk.volumes() == {}, "what is not known is not made up"
    desk.is_down = False
    assert desk.volumes() == {BTCTRY: d("15")}


def test_without_tickers_nothing_is_marked_by_trades(open_world: OpenWorld) -> None:
    desk = Desk(open_world(always(data(book()))), is_marked_by_trades=True)
    assert desk.market.snapshot([BTCTRY]).lasts == {BTCTRY: d("2")}
    desk.is_down = True
    with pytest.raises(ExchangeUnavailableError):
        desk.volumes()


@pytest.mark.parametrize("stage", [STAGE3, STAGE4], ids=lambda stage: stage.name)
def test_stages_that_need_no_volumes_ask_for_no_tickers(
    open_world: OpenWorld, stage: Stage
) -> None:
    def serve(asked: Asked) -> Move:
        assert asked.path == "/api/v2/orderbook"
        return data(book())

    world = open_world(serve)
    market = live_choices(world.market, lambda: last_days(world.market), stage, Settings())
    assert market.snapshot([BTCTRY]).volumes == {}
