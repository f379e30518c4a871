"""The checker: knows what the exchange saw and what the operator did, never the bot's own mind."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from pathlib import Path

from btcbot_core.adapters.paper.model import Change, OrderChanged, PaperEvent, PaperTrade
from btcbot_core.domain.decisions import RiskMode
from btcbot_core.domain.ids import ClientId
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import Answer, AnswerKind, Fill, Intent, Order, OrderView, Side
from btcbot_core.risk.degrade import RUNGS, Degrade
from tests.canaries import leaking, leaks
from tests.simulation.virtual import T0, VirtualTime

PREFIX = "btcb-"
PROBES_MIN = 3
ABSENT_S_MIN = 120
REQUESTS_MAX = 200
"""In one turn. Three pairs and a handful of orders need far fewer, whatever goes wrong."""
_STRICTNESS = (RiskMode.NORMAL, RiskMode.REDUCE_RISK_ONLY, RiskMode.OBSERVE_ONLY)


class Violated(BaseException):
    """An invariant is broken. Nothing in the bot may answer it."""

    def __init__(self, rule: str, words: str, at_s: float) -> None:
        super().__init__(f"{rule} at {at_s:.0f} s: {words}")
        self.rule = rule
        self.words = words
        self.at_s = at_s


@dataclass
class Operator:
    """What the operator did, and what he therefore may rely on."""

    is_killed: bool = False
    is_armed: bool = False
    """Since this start, by him or by the environment as it was set up."""
    armed_until_s: float = float("inf")
    gate_closed_until_s: float = -1.0


@dataclass
class Waiting:
    """An order that was sent and of which the bot has not heard since."""

    symbol: Symbol
    probes: int = 0
    first_s: float = 0.0
    is_gone: bool = False
    """Whether the evidence of DEC-16 was complete once; what comes to light later undoes none."""


@dataclass
class Checker:
    time: VirtualTime
    operator: Operator = field(default_factory=Operator)
    sent: dict[str, Intent] = field(default_factory=dict)
    placed: dict[str, int] = field(default_factory=dict)
    """Exchange ids of our orders by client id."""
    by_hand: set[int] = field(default_factory=set)
    pulled_by_hand: set[int] = field(default_factory=set)
    trades: dict[str, PaperTrade] = field(default_factory=dict)
    """Ours, by id."""
    hand_trades: dict[str, PaperTrade] = field(default_factory=dict)
    """Everybody else's on the account."""
    waiting: dict[str, Waiting] = field(default_factory=dict)
    is_budgeted: bool = False
    """Whether the bot runs under a risk budget: then an unknown order stops all BUYs."""
    acts: list[str] = field(default_factory=list)
    """What the event log durably says since this start, of those that tighten and loosen."""
    requests: int = 0
    events: int = 0

    def __post_init__(self) -> None:
        self._digest = blake2b(digest_size=8)
        self._unsaved: dict[str, Waiting] = {}
        self._unknown_before: frozenset[str] = frozenset()
        self._posts: list[Intent] = []
        self._promised = (RiskMode.NORMAL, T0)

    @property
    def fingerprint(self) -> str:
        """Equal stories give equal ones."""
        return self._digest.hexdigest()

    def broken(self, rule: str, words: str) -> Violated:
        return Violated(rule, words, self.time.true_s)

    def note(self, words: str) -> None:
        self.events += 1
        self._digest.update(f"{self.time.true_s:.3f} {words}\n".encode())

    # ---------------------------------------------------------------- seen from the exchange

    def on_event(self, event: PaperEvent) -> None:
        """Every order and trade of the account, ours or by hand."""
        if isinstance(event, PaperTrade):
            self._on_trade(event)
        else:
            self._on_order(event)

    def _on_order(self, event: OrderChanged) -> None:
        order, name = event.order, event.order.ticket.client_id
        self.note(f"{event.change} {order.id} {name} {order.status} {order.left}")
        is_ours = name.startswith(PREFIX)
        if event.change is Change.OPENED and is_ours:
            if name in self.placed:
                raise self.broken("I1", f"{name} was accepted twice")
            self.placed[name] = order.id
        elif event.change is Change.OPENED:
            self.by_hand.add(order.id)

    def _on_trade(self, trade: PaperTrade) -> None:
        self.note(f"trade {trade.id} {trade.side} {trade.price} {trade.qty} {trade.cost}")
        is_ours = trade.client_id.startswith(PREFIX)
        (self.trades if is_ours else self.hand_trades)[str(trade.id)] = trade

    # ------------------------------------------------------- seen by the operator, and kept

    def on_said(self, text: str) -> None:
        """What the operator reads holds no key and no secret."""
        if leaks(text.encode(errors="surrogateescape")):
            raise self.broken("I8", "a key or a secret was said to the operator")

    def on_files(self, folder: Path) -> None:
        """Nor does anything that a process left behind: database, log, kill file, whatever."""
        if found := [path.name for path in leaking(folder)]:
            raise self.broken("I8", f"a key or a secret is in {', '.join(found)}")

    # -------------------------------------------------------------------- seen on the line

    def on_request(self) -> None:
        self.requests += 1
        if self.requests > REQUESTS_MAX:
            raise self.broken("I9", f"more than {REQUESTS_MAX} requests in one turn")

    def on_turn(self) -> None:
        self.requests = 0
        self._unknown_before = frozenset(self.waiting)
        self._posts.clear()

    def on_balances(self) -> None:
        now = self.time.now()
        for name, waiting in self.waiting.items():
            moved = any(t.client_id == name and t.at <= now for t in self.trades.values())
            if self._is_released(waiting) and not moved:
                waiting.is_gone = True

    def on_post(self, intent: Intent, is_latched: bool) -> None:
        """An order is written to the socket: nothing may speak against it at this instant."""
        self.note(f"post {intent.client_id} {intent.symbol} {intent.side}")
        now_s, operator = self.time.true_s, self.operator
        if intent.client_id in self.sent:
            raise self.broken("I1", f"{intent.client_id} was sent twice")
        if operator.is_killed or is_latched:
            raise self.broken("I4", f"{intent.client_id} was sent after a kill")
        if now_s < operator.gate_closed_until_s:
            raise self.broken("I4", f"{intent.client_id} was sent through a closed gate")
        if not operator.is_armed or now_s >= operator.armed_until_s:
            raise self.broken("I4", f"{intent.client_id} was sent while not armed")
        self._check_log(intent)
        self._check_unknown(intent)
        self._check_exposure(intent)
        self._posts.append(intent)
        self.sent[intent.client_id] = intent
        self.waiting[intent.client_id] = Waiting(intent.symbol)

    def _check_unknown(self, intent: Intent) -> None:
        """No order on a pair of which one is unknown, unless evidence decided (DEC-16)."""
        for name, waiting in list(self.waiting.items()):
            if waiting.symbol != intent.symbol:
                continue
            if not self._is_released(waiting):
                words = f"{intent.client_id} was sent while {name} was unknown"
                raise self.broken("DEC-16", f"{words} ({waiting.probes} looks in vain)")
            if not waiting.is_gone:
                words = f"{intent.client_id} was sent, though {name} had moved the balances"
                raise self.broken("DEC-16", words)
            del self.waiting[name]

    def _check_log(self, intent: Intent) -> None:
        """What loosened stands in the event log before it counts (I5)."""
        latched = [act for act in self.acts if act in ("kill", "reset")]
        armed = [act for act in self.acts if act in ("arm", "disarm", "kill")]
        if latched[-1:] == ["kill"]:
            raise self.broken("I5", f"{intent.client_id} was sent, and no reset is in the log")
        if armed[-1:] != ["arm"]:
            raise self.broken("I5", f"{intent.client_id} was sent, and no arming is in the log")

    def _check_exposure(self, intent: Intent) -> None:
        """Under a risk budget an unknown order of any pair lets nothing through that adds risk."""
        if not self.is_budgeted or intent.side is not Side.BUY:
            return
        for name in self._unknown_before & self.waiting.keys():
            if not self._is_released(self.waiting[name]):
                words = f"{intent.client_id} adds risk while {name} is unknown"
                raise self.broken("I4", words)

    def _is_released(self, waiting: Waiting) -> bool:
        """Whether enough looks in vain over enough time say that an order is not there."""
        waited_s = self.time.true_s - waiting.first_s
        return waiting.probes >= PROBES_MIN and waited_s >= ABSENT_S_MIN - 1

    def on_acts(self, acts: Iterable[str]) -> None:
        """The event log has them now, durably."""
        self.acts.extend(acts)

    def on_start(self) -> None:
        """A process starts: it holds no leave to send, whatever was before."""
        self.acts = [act for act in self.acts if act in ("kill", "reset")][-1:]

    def on_shown(self, mode: RiskMode, at: datetime, ladder: Degrade) -> None:
        """A finished cycle as the operator sees it: what was sent fits its mode, and no mode that
        was promised for a while ended before, by whatever fault."""
        if mode is not RiskMode.NORMAL and self._posts:
            odd = [i for i in self._posts if mode is RiskMode.OBSERVE_ONLY or i.side is Side.BUY]
            if odd:
                raise self.broken("I4", f"{odd[0].client_id} was sent in a cycle of {mode}")
        promised, until = self._promised
        if at < until and _STRICTNESS.index(mode) < _STRICTNESS.index(promised):
            raise self.broken("I5", f"{promised} was promised until {until}, at {at} it is {mode}")
        self._promised = (RUNGS[ladder.level].mode, ladder.cooldown_until or at)

    def on_answer(self, answer: Answer) -> None:
        """The bot was told. It counts once the bot could write it down."""
        if answer.kind is not AnswerKind.UNKNOWN and answer.client_id in self.waiting:
            self._unsaved[answer.client_id] = self.waiting.pop(answer.client_id)

    def on_commit(self) -> None:
        self._unsaved.clear()

    def on_death(self) -> None:
        """What was told and not written down is not known any more."""
        self.waiting |= self._unsaved
        self._unsaved.clear()

    def on_views(self, views: Iterable[OrderView]) -> None:
        for view in views:
            self._heard_of(view.client_id)

    def on_fills(self, fills: Iterable[Fill]) -> None:
        for fill in fills:
            self._heard_of(fill.client_id)

    def on_absence(self, order: Order) -> None:
        waiting = self.waiting.get(order.client_id)
        if waiting is not None:
            waiting.first_s = waiting.first_s if waiting.probes else self.time.true_s
            waiting.probes += 1

    def on_cancel(self, exchange_id: str | None, client_id: str | None) -> None:
        if not (client_id or "").startswith(PREFIX):
            raise self.broken("DEC-11", f"order {exchange_id} is not ours and was cancelled")

    def _heard_of(self, client_id: ClientId | None) -> None:
        if client_id is not None and client_id in self.waiting:
            self._unsaved[client_id] = self.waiting.pop(client_id)
