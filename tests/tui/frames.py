"""Makers for what a console is shown: one frame as an operator would meet it, and others."""

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from msgspec.structs import replace

from btcbot_core.app.arming import ArmCheck, ArmingView
from btcbot_core.app.frames import (
    Command,
    Frame,
    Note,
    NoteLevel,
    Outcome,
    Pulse,
    Role,
    World,
)
from btcbot_core.app.lease import LeaseLimits, LeaseView
from btcbot_core.cycle.cycle import Carried, Cycle
from btcbot_core.cycle.rebalance import Rebalance
from btcbot_core.domain.account import Portfolio, Position
from btcbot_core.domain.codes import AnomalyCode, Reason, Severity
from btcbot_core.domain.decisions import Action, Decision, RiskMode
from btcbot_core.domain.gates import Gates
from btcbot_core.domain.ids import ClientId, CycleId, RunId
from btcbot_core.domain.kill import KillState
from btcbot_core.domain.market import BookSource, MarketSnapshot, Quote
from btcbot_core.domain.policy import Policy
from btcbot_core.domain.rebalancing import Params
from btcbot_core.domain.records import RunKind
from btcbot_core.domain.symbol import Asset, Symbol
from btcbot_core.domain.trading import Order, OrderStatus, Side
from btcbot_core.ledger.book import Ledger
from btcbot_core.risk.anomalies import Anomaly
from btcbot_core.risk.budget_rules import CALM, BudgetCaps, BudgetDecision
from btcbot_core.risk.degrade import Degrade, Override
from btcbot_core.risk.flags import Figures
from btcbot_core.risk.verdict import Caps, ModeReason, RiskVerdict
from btcbot_core.strategy.portfolio import Allocation, Target
from btcbot_core.strategy.universe import Candidate, Exclusion, Selection, UniverseState

AT = datetime(2022, 11, 8, 14, 2, 11, tzinfo=UTC)
RUN = RunId("r5f0c2a91d37be846")
D = Decimal

BTC, ETH, XRP = Symbol("BTCTRY"), Symbol("ETHTRY"), Symbol("XRPTRY")
AVAX, LTC, USDT = Symbol("AVAXTRY"), Symbol("LTCTRY"), Symbol("USDTTRY")
PAIRS = (BTC, ETH, XRP, AVAX, LTC, USDT)

PHASES = (
    "gather",
    "reconcile",
    "book",
    "mark",
    "propose",
    "judge",
    "expire",
    "plan",
    "intend",
    "dispatch",
    "settle",
    "measure",
    "commit",
)

_PRICES: Mapping[Symbol, tuple[str, str]] = {
    BTC: ("372100", "372480"),
    ETH: ("27344", "27371"),
    XRP: ("8.4120", "8.4205"),
    AVAX: ("318.42", "318.74"),
    LTC: ("1201.5", "1202.7"),
    USDT: ("18.71", "18.73"),
}


def a_world(
    role: Role = Role.DEMO, kind: RunKind = RunKind.REPLAY, total_steps: int | None = 996
) -> World:
    return World(
        role=role,
        kind=kind,
        stage="stage3",
        steps=PHASES,
        source="ftx_night, recorded 8-9 November 2022",
        book="modelled 5 bps",
        database="btcbot_state.db",
        quote="TRY",
        total_steps=total_steps,
    )


def an_order(
    symbol: Symbol,
    side: Side,
    price: str,
    qty: str,
    *,
    age_s: int = 41,
    status: OrderStatus = OrderStatus.OPEN,
    filled: str = "0",
    reason: Reason = Reason.CONSERVATIVE_ENTRY,
) -> Order:
    created_at = AT - timedelta(seconds=age_s)
    number = f"{abs(hash_of(symbol, side, price)):031x}"[:31]
    return Order(
        client_id=ClientId(f"btcb-{number}"),
        exchange_id=f"7{number[:9]}" if status is not OrderStatus.UNKNOWN else None,
        cycle_id=CycleId(f"{RUN}-00000311"),
        symbol=symbol,
        side=side,
        price=D(price),
        qty=D(qty),
        ttl_s=120,
        reason=reason,
        status=status,
        created_at=created_at,
        updated_at=created_at,
        filled_qty=D(filled),
        rests_since=created_at,
    )


def hash_of(*parts: str) -> int:
    """The same number in every process, which the built-in hash of a text is not."""
    total = 0
    for char in "|".join(parts):
        total = total * 131 + ord(char)
    return total


def some_orders() -> dict[ClientId, Order]:
    orders = (
        an_order(BTC, Side.BUY, "371900", "0.01344"),
        an_order(
            ETH,
            Side.SELL,
            "27610",
            "0.1203",
            age_s=70,
            status=OrderStatus.PARTIAL,
            filled="0.0481",
            reason=Reason.TAKE_PROFIT,
        ),
        an_order(AVAX, Side.BUY, "318.10", "15.718", age_s=2),
    )
    return {order.client_id: order for order in orders}


def some_quotes(at: datetime = AT, age_ms: int = 800) -> dict[Symbol, Quote]:
    stamped = at - timedelta(milliseconds=age_ms)
    return {
        symbol: Quote(symbol, D(bid), D(ask), stamped, BookSource.MODELLED)
        for symbol, (bid, ask) in _PRICES.items()
    }


def a_portfolio() -> Portfolio:
    positions = {
        BTC: Position(symbol=BTC, qty=D("0.0121"), cost_try=D("4489.91"), mark=D("372290")),
        ETH: Position(symbol=ETH, qty=D("0.31"), cost_try=D("8398.52"), mark=D("27357.5")),
        LTC: Position(symbol=LTC, qty=D("4.1"), cost_try=D("5010.2"), mark=D("1202.1")),
    }
    unrealized = sum((p.unrealized_try for p in positions.values()), D(0))
    realized, fees, slippage = D("198.2"), D("41.2043"), D("13.107")
    net = realized + unrealized - fees
    held = sum((p.value_try for p in positions.values()), D(0))
    return Portfolio(
        cash_try=D(100_000) + net - held,
        capital_try=D(100_000),
        equity_try=D(100_000) + net,
        realized_try=realized,
        unrealized_try=unrealized,
        fees_try=fees,
        slippage_try=slippage,
        gross_try=realized + unrealized + slippage,
        net_try=net,
        peak_try=D(100_912),
        drawdown_ratio=(D(912) - net) / D(100_912),
        positions=positions,
    )


def some_decisions() -> tuple[Decision, ...]:
    return (
        Decision(
            symbol=AVAX,
            action=Action.PLACE,
            reason=Reason.PLACED,
            side=Side.BUY,
            price=D("318.10"),
            qty=D("15.718"),
        ),
        Decision(
            symbol=XRP,
            action=Action.BLOCK,
            reason=Reason.COOLDOWN,
            side=Side.BUY,
            observed=D(46),
            limit=D(60),
            unit="s",
        ),
        Decision(
            symbol=USDT,
            action=Action.BLOCK,
            reason=Reason.MIN_NOTIONAL,
            side=Side.BUY,
            observed=D("92.10"),
            limit=D("99.91"),
            unit="TRY",
        ),
        Decision(symbol=BTC, action=Action.HOLD, reason=Reason.HOLD_OPEN_ORDER, side=Side.BUY),
        Decision(
            symbol=LTC,
            action=Action.HOLD,
            reason=Reason.HOLD_UNDER_THRESHOLD,
            observed=D("-16.1"),
            limit=D("66"),
            unit="bps",
        ),
    )


def a_verdict(mode: RiskMode = RiskMode.NORMAL, *reasons: ModeReason) -> RiskVerdict:
    return RiskVerdict(
        mode=mode,
        reasons=reasons or (ModeReason(mode, Reason.MODE_OK),),
        orders_left=1,
        cash_left_try=D("82177.04"),
        notional_left_try=D("5000.02"),
    )


def a_cycle(step: int = 311, at: datetime = AT) -> Cycle:
    return Cycle(
        id=CycleId(f"{RUN}-{step:08d}"),
        run_id=RUN,
        step=step,
        at=at,
        policy=Policy(),
        symbols=PAIRS,
        market=MarketSnapshot(at=at, quotes=some_quotes(at)),
        carried=Carried(ledger=Ledger(quote=Asset("TRY")), orders=some_orders()),
        portfolio=a_portfolio(),
        verdict=a_verdict(),
        decisions=some_decisions(),
    )


def a_pulse(turns: int = 312, phase: str = "", pace_s: float = 1.0) -> Pulse:
    return Pulse(turns=turns, phase=phase, took_ms=0.84, took_p95_ms=1.92, pace_s=pace_s)


def some_equity(count: int = 240) -> tuple[Decimal, ...]:
    """A walk that rises, dips and recovers; the same one in every process."""
    values, value, state = [], D(100_000), 7
    for i in range(count):
        state = (state * 1103515245 + 12345) % 2**31
        value += D(state % 101 - (58 if 90 < i < 150 else 46)) / 10
        values.append(value)
    return tuple(values)


def a_frame(
    seq: int = 312,
    world: World | None = None,
    cycle: Cycle | None = None,
    pulse: Pulse | None = None,
) -> Frame:
    """A quiet moment of the demo: three orders, three positions, five decisions."""
    return Frame(
        seq=seq,
        world=world or a_world(),
        gates=Gates(),
        pulse=pulse or a_pulse(),
        cycle=cycle or a_cycle(),
        equity=some_equity(),
    )


def before_the_first_cycle() -> Frame:
    return Frame(seq=0, world=a_world(), gates=Gates())


PHRASE = "ARM 311-1 host"
LIMITS = LeaseLimits(
    max_order_try=D(3_000),
    max_exposure_try=D(10_000),
    max_open_orders=5,
    symbols=(BTC, ETH, XRP),
)


def some_checks(*failing: str) -> tuple[ArmCheck, ...]:
    """What must hold before anything is armed; what is named does not."""
    seen = {
        "KILL_SWITCH": "false",
        "DRY_RUN": "false",
        "LIVE_TRADING": "true",
        "LIVE_TRADING_ACK": "I_UNDERSTAND",
        "kill latch": "off",
        "balances known": "4 assets",
        "ledger open": "19 events",
        "data fresh": "0.8s of 15s",
        "unknown orders": "0",
        "no error": "none",
    }
    return tuple(ArmCheck(name, name not in failing, told) for name, told in seen.items())


def disarmed(
    phrase: str = "", *failing: str, because: str = "never armed since the start"
) -> Frame:
    """A live run on which everything holds but what is named; with a phrase once one was asked."""
    return replace(
        a_frame(world=a_world(Role.HOST, RunKind.LIVE, None)),
        gates=Gates(dry_run=False, kill_switch=False, live_trading=True, acknowledged=True),
        arming=ArmingView(
            is_possible=True,
            lease=LeaseView(ended_because=because),
            checks=some_checks(*failing),
            phrase=phrase,
            phrase_left_s=58 if phrase else 0,
            limits=LIMITS,
        ),
    )


def armed(left_s: int | None = 1_694, *, is_awaited: bool = False) -> Frame:
    """A live run whose gates are open and whose lease lasts."""
    frame = disarmed()
    lease = LeaseView(is_armed=True, who="ops", why="canary", left_s=left_s)
    arming = replace(frame.arming, lease=lease, attempts=1, is_first_act_awaited=is_awaited)
    return replace(frame, arming=arming)


def anomalous(*found: Anomaly, frame: Frame | None = None) -> Frame:
    """A cycle that found something odd; by default three things, one of them an error."""
    found = found or (
        Anomaly(AnomalyCode.STALE_MARKET_DATA, Severity.WARN, "41", "30", "ETHTRY"),
        Anomaly(AnomalyCode.PNL_DIVERGENCE, Severity.ERROR, "412", "200"),
        Anomaly(AnomalyCode.EXCHANGE_LATENCY_SPIKE, Severity.WARN, "2840", "2000"),
    )
    frame = frame or armed()
    cycle = replace(frame.cycle or a_cycle(), anomalies=found)
    return replace(frame, cycle=cycle)


def rebalancing() -> Frame:
    """Three pairs hold what two targets ask for; a fourth was weighed and left out."""
    equity = a_portfolio().equity_try
    targets = tuple(Target(pair, equity / 20, D(0)) for pair in (BTC, ETH))
    candidates = (
        *(Candidate(pair, total=91_300) for pair in (BTC, ETH)),
        Candidate(AVAX, exclusions=(Exclusion.SPREAD,)),
    )
    caps = BudgetCaps(order_notional_try=D(3000), orders=2, symbol_exposure_try=D(5000))
    thought = Rebalance(
        params=Params(),
        version=1,
        figures=Figures(),
        decision=BudgetDecision(mode=RiskMode.NORMAL, caps=caps, state=CALM),
        selection=Selection((BTC, ETH), candidates, UniverseState()),
        allocation=Allocation(targets=targets),
    )
    return a_frame(cycle=replace(a_cycle(), rebalance=thought))


def degraded() -> Frame:
    """Under a risk budget: a drawdown, exposure over its limit, and the ladder at its top."""
    frame = anomalous()
    cycle = frame.cycle or a_cycle()
    over = Override(2, AT + timedelta(minutes=9), "ops", "news")
    ladder = Degrade(level=3, cooldown_until=AT + timedelta(seconds=1_799), override=over)
    reason = ModeReason(RiskMode.OBSERVE_ONLY, Reason.DEGRADED, "level 3")
    caps = Caps(
        order_notional_try=D(3_000),
        positions_left_try=D(0),
        gross_left_try=D(0),
        min_profit_bps=D(58),
    )
    verdict = replace(a_verdict(RiskMode.OBSERVE_ONLY, reason), caps=caps)
    carried = replace(cycle.carried, degrade=ladder)
    return replace(frame, cycle=replace(cycle, verdict=verdict, carried=carried))


def killed(frame: Frame | None = None) -> Frame:
    frame = frame or a_frame()
    reason = ModeReason(RiskMode.OBSERVE_ONLY, Reason.KILL_SWITCH_ACTIVE)
    cycle = frame.cycle or a_cycle()
    return replace(
        frame,
        kill=KillState(True, AT - timedelta(minutes=3), "ops", "bad fills"),
        cycle=replace(cycle, is_killed=True, verdict=a_verdict(RiskMode.OBSERVE_ONLY, reason)),
    )


def stale(age_s: int = 75) -> Frame:
    """A dry run on live data whose newest quote is too old, one pair without any."""
    frame = a_frame(world=a_world(Role.HOST, RunKind.DRY_RUN, None))
    quotes = some_quotes(AT, age_s * 1_000)
    del quotes[LTC]
    market = MarketSnapshot(
        at=AT, quotes=quotes, problems={LTC: "no answer from the exchange for 4 minutes"}
    )
    blocked = dict.fromkeys((BTC, ETH), Reason.DATA_STALE)
    verdict = replace(a_verdict(), blocked=blocked)
    return replace(frame, cycle=replace(a_cycle(), market=market, verdict=verdict))


def unknown_order() -> Frame:
    frame = a_frame()
    cycle = frame.cycle or a_cycle()
    lost = an_order(XRP, Side.BUY, "8.40", "595.2", status=OrderStatus.UNKNOWN, age_s=95)
    orders = {**cycle.carried.orders, lost.client_id: lost}
    return replace(frame, cycle=replace(cycle, carried=replace(cycle.carried, orders=orders)))


def ended(outcome: Outcome = Outcome.DATA_END, message: str = "") -> Frame:
    return replace(a_frame(), outcome=outcome, message=message)


HOSTILE = (
    "\x1b]52;c;cHduZWQ=\x07",
    "\x1b[2J\x1b[1;1H",
    "\x9b31m",
    "[@click=app.quit]quit[/]",
    "[/foo]",
    "[bold red]x",
    "abc\u202edef",
    "a\u200bb\u2066c",
    "\x00\x08\x7f",
    "e\u0301\u0301\u0301\u0301\u0301\u0301",
    "line one\nline two\r\ttab",
)
"""What an exchange, a dataset or a message could hold to do something to a terminal."""


def hostile(text: str) -> Frame:
    """A frame that carries the text wherever a string from outside is shown."""
    symbol = Symbol(text)
    quote = Quote(symbol, D(1), D(2), AT, BookSource.LIVE)
    order = replace(
        an_order(BTC, Side.BUY, "1", "1"),
        symbol=symbol,
        exchange_id=text,
        client_id=ClientId(text),
    )
    base = a_cycle()
    position = Position(symbol=symbol, qty=D(1), cost_try=D(1), mark=D(1), is_mark_missing=True)
    decision = Decision(
        symbol=symbol, action=Action.BLOCK, reason=Reason.COOLDOWN, observed=D(1), unit=text
    )
    spoken = ModeReason(RiskMode.OBSERVE_ONLY, Reason.KILL_SWITCH_ACTIVE, text, text)
    cycle = replace(
        base,
        id=CycleId(text),
        symbols=(symbol, BTC),
        market=MarketSnapshot(at=AT, quotes={symbol: quote}, problems={BTC: text}),
        carried=replace(base.carried, orders={order.client_id: order}),
        portfolio=replace(
            base.portfolio, positions={symbol: position}, unconverted_fees={Asset(text): D(1)}
        ),
        verdict=replace(
            a_verdict(RiskMode.OBSERVE_ONLY, spoken), blocked={symbol: Reason.DATA_STALE}
        ),
        decisions=(decision,),
    )
    frame = a_frame(cycle=cycle, pulse=replace(a_pulse(), last_error=text, phase=text))
    return replace(
        frame,
        world=replace(frame.world, source=text, book=text, stage=text, steps=(text, "b")),
        kill=KillState(True, AT, text, text),
        message=text,
        outcome=Outcome.FAILED,
    )


def some_notes() -> tuple[Note, ...]:
    def note(seconds: int, level: NoteLevel, text: str) -> Note:
        return Note(AT - timedelta(seconds=seconds), level, text)

    return (
        note(120, NoteLevel.INFO, "run r5f0c2a91d37be846 on ftx_night, 996 steps"),
        note(71, NoteLevel.INFO, "order.placed ETHTRY sell 0.1203 at 27,610"),
        note(60, NoteLevel.INFO, "order.partial ETHTRY sell 0.0481 of 0.1203"),
        note(41, NoteLevel.INFO, "order.placed BTCTRY buy 0.01344 at 371,900"),
        note(12, NoteLevel.WARNING, "market.gap LTCTRY: no candle for two minutes"),
        note(2, NoteLevel.INFO, "order.placed AVAXTRY buy 15.718 at 318.10"),
    )


class StillFeed:
    """A feed that shows what it is told to, and keeps what it was asked for."""

    def __init__(self, frame: Frame | None = None, notes: Sequence[Note] = ()) -> None:
        self.frame = frame or a_frame()
        self.commands: list[Command] = []
        self.kills: list[tuple[str, str]] = []
        self.disarms: list[str] = []
        self._notes = deque(notes)

    @property
    def latest(self) -> Frame:
        return self.frame

    def note(self, note: Note) -> None:
        self._notes.append(note)

    def drain(self) -> Sequence[Note]:
        notes = tuple(self._notes)
        self._notes.clear()
        return notes

    def command(self, command: Command) -> None:
        self.commands.append(command)

    def kill(self, who: str, why: str) -> None:
        self.kills.append((who, why))
        if not self.frame.kill.is_set:
            self.frame = replace(self.frame, kill=KillState(True, AT, who, why))

    def disarm(self, who: str) -> None:
        self.disarms.append(who)
