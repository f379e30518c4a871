"""The only runner: hear, settle, decide, speak, settle, commit."""

from collections.abc import Callable

import msgspec

from btcbot_core.app.context import bound
from btcbot_core.app.gate import WriteGate
from btcbot_core.app.journal import Journal
from btcbot_core.app.lease import Standing
from btcbot_core.app.listening import Listener
from btcbot_core.app.recorder import Recorder
from btcbot_core.app.world import Ports
from btcbot_core.cycle.answering import answered
from btcbot_core.cycle.cycle import NOTHING_HEARD, Carried, Cycle, Vitals
from btcbot_core.cycle.stages import Stage
from btcbot_core.cycle.steps import Steps
from btcbot_core.domain.account import Accounts
from btcbot_core.domain.errors import ExchangeUnavailableError, HeldBackError
from btcbot_core.domain.ids import ClientId, CycleId, RunId, cycle_id
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.policy import Policy
from btcbot_core.domain.symbol import Symbol
from btcbot_core.domain.trading import Answer, OrderStatus, Side
from btcbot_core.domain.witness import Witness

replace = msgspec.structs.replace

PHASES_BEFORE, PHASES_BETWEEN, PHASES_AFTER = ("gather",), ("intend", "dispatch"), ("commit",)

_NOT_OUT_YET = (OrderStatus.PLANNED,)


def standing_of(cycle: Cycle) -> Standing:
    """What is held and what rests, as the lease's limits count it: in quote currency."""
    out = [
        order
        for order in cycle.carried.orders.values()
        if order.is_active and order.status not in _NOT_OUT_YET
    ]
    resting = sum((o.left_qty * o.price for o in out if o.side is Side.BUY), ZERO)
    held = sum((p.value_try for p in cycle.portfolio.positions.values()), ZERO)
    return Standing(exposure_try=held + resting, open_orders=len(out))


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is run: a stage and its numbers, on these pairs, as this run."""

    run: RunId
    stage: Stage
    policy: Policy
    symbols: tuple[Symbol, ...]
    start: str = ""
    """A random word on live data, so that no other start names an order as this one does."""

    @property
    def phases(self) -> tuple[str, ...]:
        """The names of a turn's phases, in order, as the screen shows them."""
        stage = self.stage
        names = [step.__name__ for step in (*stage.settle, *stage.decide)]
        close = [step.__name__ for step in stage.close]
        return (*PHASES_BEFORE, *names, *PHASES_BETWEEN, "settle", *close, *PHASES_AFTER)


class CycleRunner:
    """Takes what the last cycle carried, and makes the next one."""

    def __init__(
        self, ports: Ports, plan: Plan, observe: Callable[[str], None] | None = None
    ) -> None:
        """`observe` is told of each phase as it begins."""
        self._ports = ports
        self._plan = plan
        self.observe = observe
        self._gate = WriteGate(ports.exchange, ports.permit, ports.clock)
        self._listener = Listener(ports.exchange, ports.store, plan.run)
        self._recorder = Recorder(self._whose)
        self.journal = Journal(ports.store, plan.run)

    def look(self, carried: Carried, step: int) -> Cycle:
        """What a turn would begin with: gathered and settled, nothing decided, stored or sent.

        Raises ExchangeUnavailableError or ExchangeRefusedError when gathering fails.
        """
        return self._run(self._plan.stage.settle, self._gather(carried, step))

    def turn(self, carried: Carried, step: int) -> Cycle:
        """One whole cycle, committed.

        Raises ExchangeUnavailableError when gathering fails: nothing was decided or sent.
        """
        with bound(run_id=self._plan.run, cycle_id=cycle_id(self._plan.run, step)):
            return self._turn(carried, step)

    def _turn(self, carried: Carried, step: int) -> Cycle:
        self.journal.forget()
        self._tell("gather")
        cycle = self._recorder.gathered(self._gather(carried, step))
        cycle = self._run(self._plan.stage.settle, cycle)
        cycle = self._run(self._plan.stage.decide, cycle)
        if cycle.intents or cycle.cancels:
            self._tell("intend")
            self._intend(cycle)
            self._tell("dispatch")
            cycle = self._recorder.heard_again(self._hear_again(self._dispatch(cycle)))
            self._tell("settle")
            for settle in self._plan.stage.settle:
                cycle = settle(cycle)
        cycle = self._run(self._plan.stage.close, cycle)
        self._tell("commit")
        self.journal.commit(cycle, self._recorder.finished(cycle))
        self._recorder.committed(cycle)
        self._listener.used()
        return cycle

    def _run(self, steps: Steps, cycle: Cycle) -> Cycle:
        observe = self.observe
        for step in steps:
            if observe is not None:
                observe(step.__name__)
            cycle = step(cycle)
        return cycle

    def _tell(self, phase: str) -> None:
        if self.observe is not None:
            self.observe(phase)

    def _gather(self, carried: Carried, step: int) -> Cycle:
        ports, plan, at = self._ports, self._plan, self._ports.clock.now()
        if ports.is_shared:
            heard, carried = self._listener.sweep(carried, plan.symbols, at, plan.policy)
        else:
            heard = self._listener.listen(carried.orders)
        return Cycle(
            id=cycle_id(plan.run, step),
            run_id=plan.run,
            step=step,
            at=at,
            policy=plan.policy,
            symbols=plan.symbols,
            market=ports.market.snapshot(plan.symbols),
            rules=ports.market.rules(plan.symbols),
            accounts=self._balances(),
            heard=heard,
            vitals=self._vitals(),
            is_killed=ports.latch.is_set(),
            start=plan.start,
            carried=carried,
        )

    def _whose(self) -> CycleId | None:
        with self._ports.store.read() as work:
            return work.checkpoints.cycle(self._plan.run)

    def _balances(self) -> Accounts:
        """None while the exchange's limits hold them back: then nothing is ordered, and cancels
        and bookings go on."""
        try:
            return self._ports.exchange.balances()
        except HeldBackError:
            return {}

    def _vitals(self) -> Vitals:
        lease = self._ports.permit.lease
        vitals = self._ports.vitals()
        if lease is None or lease.refusal() is None:
            return vitals
        return replace(vitals, is_disarmed=True)

    def _intend(self, cycle: Cycle) -> None:
        """Make it durable before anything leaves; then, outside the store, that it must be there.

        In this order, so that the store knows whatever the witness names (docs/adr/0004, 0011).
        """
        self.journal.save(cycle)
        if cycle.intents:
            name = cycle.intents[-1].client_id  # they were stored together, or not at all
            self._ports.witness(Witness(at=cycle.at, run=cycle.run_id, client_id=name))

    def _dispatch(self, cycle: Cycle) -> Cycle:
        """Cancels first, so that they free what new orders may need; then orders, one by one."""
        for request in cycle.cancels:
            order = cycle.carried.orders[request.client_id]
            with bound(client_order_id=order.client_id):
                cycle = self._answered(cycle, self._gate.cancel(order))
        for intent in cycle.intents:
            with bound(client_order_id=intent.client_id):
                cycle = self._answered(cycle, self._gate.submit(intent, standing_of(cycle)))
        return cycle

    def _answered(self, cycle: Cycle, answer: Answer) -> Cycle:
        """Book one answer and make it durable before the next word is spoken."""
        cycle = answered(cycle, self._recorder.answered(answer))
        self.journal.save(cycle)
        return cycle

    def _hear_again(self, cycle: Cycle) -> Cycle:
        """What the exchange made of this turn's orders, so that a cycle shows its own fills.

        Not to see an order yet proves nothing so soon, and no answer at all is none either:
        the next turn asks again.
        """
        spoken: set[ClientId] = {i.client_id for i in cycle.intents}
        spoken |= {c.client_id for c in cycle.cancels}
        orders = {c: o for c, o in cycle.carried.orders.items() if c in spoken}
        booked = {fill.id for fill in cycle.fills}
        try:
            heard = self._listener.listen(orders)
            # On a shared account balances are rationed too: the next turn asks for them anyway.
            accounts = cycle.accounts if self._ports.is_shared else self._ports.exchange.balances()
        except ExchangeUnavailableError:
            return replace(cycle, heard=NOTHING_HEARD)
        fresh = tuple(fill for fill in heard.fills if fill.id not in booked)
        return replace(cycle, heard=replace(heard, fills=fresh, absent=()), accounts=accounts)
