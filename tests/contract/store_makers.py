"""Small values for the store's tests; only what a test is about needs to be named."""

from datetime import UTC, datetime
from decimal import Decimal

from btcbot_core.cycle.acts import Act, ActRow
from btcbot_core.cycle.cycle import Carried
from btcbot_core.domain.codes import Reason
from btcbot_core.domain.ids import ClientId, CycleId, EventId, RunId
from btcbot_core.domain.records import CycleRow, RunKind, RunRow
from btcbot_core.domain.symbol import Asset, Symbol
from btcbot_core.domain.trading import Intent, Side
from btcbot_core.ledger.book import Ledger
from btcbot_core.ledger.entries import LedgerEvent, LedgerEventKind
from btcbot_core.ledger.flows import Flow

RUN = RunId("r0")
AT = datetime(2022, 11, 8, 12, 0, 0, 123456, UTC)
BTCTRY = Symbol("BTCTRY")
TRY = Asset("TRY")


def a_run(run: str = RUN, *, stage: str = "stage3", seed: int = 7) -> RunRow:
    return RunRow(
        id=RunId(run),
        stage=stage,
        kind=RunKind.REPLAY,
        source="ftx_night",
        settings_digest="d1",
        seed=seed,
        started_at=AT,
    )


def a_cycle(
    step: int = 0, run: RunId = RUN, *, equity: str = "100000", trace: bytes = b"{}"
) -> CycleRow:
    return CycleRow(
        id=CycleId(f"{run}-{step:08d}"),
        run_id=run,
        step=step,
        at=AT,
        mode="NORMAL",
        equity_try=Decimal(equity),
        cash_try=Decimal("99000.5"),
        capital_try=Decimal(100000),
        net_try=Decimal("-1.25"),
        drawdown_ratio=Decimal("0.0000125"),
        orders_open=1,
        intents=2,
        fills=3,
        trace=trace,
    )


def an_act(run: RunId = RUN, *, amount: str = "5000") -> ActRow:
    """A deposit, on what a turn left that was cut."""
    act = Act(who="op", why="bank transfer", at=AT, deed=Flow(TRY, Decimal(amount)))
    return ActRow(run_id=run, step=-1, cycle=CycleId("c"), left=a_state(), act=act)


def an_intent(name: str = "btcb-1", *, price: str = "350000", qty: str = "0.01") -> Intent:
    return Intent(
        client_id=ClientId(name),
        cycle_id=CycleId("r0-00000000"),
        symbol=BTCTRY,
        side=Side.BUY,
        price=Decimal(price),
        qty=Decimal(qty),
        ttl_s=120,
        reason=Reason.CONSERVATIVE_ENTRY,
        decided_at=AT,
    )


def a_fill_event(
    seq: int, fill: str = "f1", *, price: str = "350000", qty: str = "0.01"
) -> LedgerEvent:
    return LedgerEvent(
        id=EventId(f"fill:{fill}"),
        seq=seq,
        kind=LedgerEventKind.FILL,
        cycle_id=CycleId("r0-00000000"),
        at=AT,
        symbol=BTCTRY,
        side=Side.BUY,
        price=Decimal(price),
        qty=Decimal(qty),
        client_id=ClientId("btcb-1"),
        exchange_id="x1",
    )


def a_fee_event(seq: int, fill: str = "f1", *, amount: str = "6.3") -> LedgerEvent:
    return LedgerEvent(
        id=EventId(f"fee:{fill}"),
        seq=seq,
        kind=LedgerEventKind.FEE,
        cycle_id=CycleId("r0-00000000"),
        at=AT,
        asset=TRY,
        amount=Decimal(amount),
    )


def a_state(cash: str = "100000") -> Carried:
    return Carried(ledger=Ledger(quote=TRY, cash_try=Decimal(cash)))
