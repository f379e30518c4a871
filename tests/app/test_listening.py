"""What is asked, and how often: the exchange rations its answers."""

from collections import Counter
from datetime import datetime

import msgspec
import pytest

from btcbot_core.adapters.memory.store import MemoryStore
from btcbot_core.app.listening import ELSEWHERE_MAX, SWEEP_EVERY, Listener
from btcbot_core.cycle.cycle import Carried, Heard
from btcbot_core.domain.ids import ClientId
from btcbot_core.domain.policy import Policy
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import Answer, Order
from btcbot_core.ledger.book import Ledger
from btcbot_core.oms.forgotten import Forgotten
from tests.build import BTC, TRY, a_fill, a_view, an_intent, an_order, at, d
from tests.story.worlds import RUN, HandClock, HandExchange

PAIRS = (BTC, Symbol("ETHTRY"), Symbol("SOLTRY"))


class Asked:
    """A listener after its first sweep, and what it asks from then on."""

    def __init__(self) -> None:
        self.exchange = HandExchange(HandClock())
        self.listener = Listener(self.exchange, MemoryStore(), RUN)
        self.orders: dict[Symbol, Order] = {}
        self.mismatch_cycles = 0
        self.forgotten: tuple[Forgotten, ...] = ()
        self.sweep()
        self.listener.used()

    def sweep(self, seconds: int = 0, pairs: tuple[Symbol, ...] = PAIRS) -> Heard:
        self.exchange.asked = Counter()
        carried = Carried(
            ledger=Ledger(quote=TRY),
            orders={order.client_id: order for order in self.orders.values()},
            mismatch_cycles=self.mismatch_cycles,
            forgotten=self.forgotten,
        )
        heard, _ = self.listener.sweep(carried, pairs, at(seconds), Policy())
        return heard

    def order(self, symbol: Symbol) -> str:
        """An order of ours that rests on the exchange."""
        sent = an_order(name=f"btcb-{symbol}", symbol=symbol)
        answer: Answer = self.exchange.submit(
            msgspec.structs.replace(an_intent(sent.client_id), symbol=symbol)
        )
        assert answer.exchange_id is not None
        self.orders[symbol] = msgspec.structs.replace(sent, exchange_id=answer.exchange_id)
        return answer.exchange_id


@pytest.fixture
def asked() -> Asked:
    return Asked()


def test_a_quiet_account_is_asked_about_nothing_until_its_time(asked: Asked) -> None:
    asked.sweep(1)
    assert asked.exchange.asked == {}
    heard = asked.sweep(int(SWEEP_EVERY.total_seconds()))
    assert asked.exchange.asked == {"open_orders": 1, "fills": 1}
    assert heard.asked == tuple(sorted(PAIRS))


def test_resting_orders_cost_one_question_however_many_pairs_they_are_on(asked: Asked) -> None:
    for symbol in PAIRS:
        asked.order(symbol)
    heard = asked.sweep(1)
    assert asked.exchange.asked == {"open_orders": 1}
    assert len(heard.views) == len(PAIRS)


def test_trades_are_asked_for_once_the_list_tells_of_them(asked: Asked) -> None:
    placed = asked.order(BTC)
    asked.exchange.fill(placed, d("0.1"))
    heard = asked.sweep(1)
    assert asked.exchange.asked["fills"] == 1
    assert [fill.exchange_id for fill in heard.fills] == [placed]


def test_trades_are_asked_for_when_an_order_left_the_list(asked: Asked) -> None:
    placed = asked.order(BTC)
    asked.exchange.fill(placed)
    assert [fill.exchange_id for fill in asked.sweep(1).fills] == [placed]


def test_trades_are_asked_for_when_balances_did_not_agree(asked: Asked) -> None:
    asked.mismatch_cycles = 1
    asked.sweep(1)
    assert asked.exchange.asked["fills"] == 1


def test_everything_is_asked_every_turn_while_our_books_are_behind(asked: Asked) -> None:
    """An order that is in no book is in no count of ours either: nothing else would ask for it."""
    asked.forgotten = (Forgotten(BTC, ClientId("btcb-unknown")),)
    assert asked.sweep(1).asked == tuple(sorted(PAIRS))
    assert asked.exchange.asked == {"open_orders": 1, "fills": 1}


def test_what_was_asked_for_a_turn_that_came_to_nothing_is_asked_again(asked: Asked) -> None:
    due = int(SWEEP_EVERY.total_seconds())
    asked.sweep(due)
    asked.sweep(due + 1)
    assert asked.exchange.asked["fills"] == 1
    asked.exchange.held_back = frozenset({"fills"})
    asked.sweep(due + 2)
    asked.listener.used()  # the turn went on without its answers
    asked.exchange.held_back = frozenset()
    asked.sweep(due + 3)
    asked.listener.used()
    assert asked.exchange.asked["fills"] == 1
    asked.sweep(due + 4)
    assert asked.exchange.asked["fills"] == 0


@pytest.mark.parametrize("when", [at(-3600), at(3600)])
def test_a_clock_that_was_set_puts_off_no_sweep(asked: Asked, when: datetime) -> None:
    asked.sweep(int((when - at()).total_seconds()))
    assert asked.exchange.asked["fills"] == 1


def test_only_the_pair_with_news_is_unheard_while_trades_are_held_back(asked: Asked) -> None:
    for symbol in PAIRS:
        placed = asked.order(symbol)
    asked.exchange.fill(placed)
    asked.exchange.held_back = frozenset({"fills"})
    heard = asked.sweep(1)
    assert heard.unheard == PAIRS[-1:]
    assert len(heard.views) == len(PAIRS)
    asked.exchange.held_back = frozenset()
    assert [fill.exchange_id for fill in asked.sweep(2).fills] == [placed]


def by_hand(asked: Asked, symbol: str, fee_asset: str = "TRY") -> str:
    """A trade beside us, a second after the books opened."""
    trade = a_fill(symbol=symbol, fee_asset=fee_asset, exchange_id="h")
    return asked.exchange.by_hand(trade).id


def test_trades_elsewhere_cost_no_question_more_and_only_what_is_ours_of_them_is_told(
    asked: Asked,
) -> None:
    due = int(SWEEP_EVERY.total_seconds())
    moved = by_hand(asked, "AVAXTRY"), by_hand(asked, "BTCUSDT", "USDT")
    by_hand(asked, "AVAXUSDT", "USDT")
    asked.exchange.clock.now_ = at(due)
    heard = asked.sweep(due)
    assert asked.exchange.asked == {"open_orders": 1, "fills": 1}
    assert {fill.id for fill in heard.fills} == set(moved)
    assert heard.asked == tuple(sorted(PAIRS))


@pytest.mark.parametrize("pairs", [PAIRS, PAIRS[:1]])
def test_orders_elsewhere_are_listed_when_it_is_time_and_only_the_first_few(
    asked: Asked, pairs: tuple[Symbol, ...]
) -> None:
    for number in range(ELSEWHERE_MAX + 5):
        name = "btcb-other-books" if number == ELSEWHERE_MAX + 4 else None
        view = msgspec.structs.replace(a_view(f"h{number}", name), symbol=Symbol("AVAXTRY"))
        asked.exchange.orders[view.exchange_id] = view
    heard = asked.sweep(int(SWEEP_EVERY.total_seconds()), pairs)
    assert heard.is_listed
    assert len(heard.views) == ELSEWHERE_MAX
    assert heard.views[0].client_id == "btcb-other-books"
    asked.listener.used()
    asked.order(BTC)
    between = asked.sweep(int(SWEEP_EVERY.total_seconds()) + 1, pairs)
    assert (between.is_listed, [view.symbol for view in between.views]) == (False, [BTC])
