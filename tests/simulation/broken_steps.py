"""Bots that think wrongly: each puts a broken step into the cycle."""

from decimal import Decimal

import msgspec

from btcbot_core.app.runner import Plan
from btcbot_core.cycle.cycle import Cycle
from btcbot_core.cycle.steps import Step
from btcbot_core.domain.account import Accounts, Balance
from btcbot_core.domain.codes import Reason
from btcbot_core.domain.decisions import RiskMode
from btcbot_core.domain.ids import ClientId
from btcbot_core.domain.trading import (
    Fill,
    Order,
    OrderStatus,
    OrderView,
)
from tests.simulation.wiring import Tampering

replace = msgspec.structs.replace


class _Settling(Tampering):
    """Puts a broken step in the place of `reconcile`."""

    @staticmethod
    def wrapped(reconcile: Step) -> Step:
        return reconcile

    def plan(self, plan: Plan) -> Plan:
        reconcile, *others = plan.stage.settle
        broken = self.wrapped(reconcile)
        broken.__name__ = reconcile.__name__
        return replace(plan, stage=replace(plan.stage, settle=(broken, *others)))


class ForgetsUnknownOrders(_Settling):
    @staticmethod
    def wrapped(reconcile: Step) -> Step:
        def broken(cycle: Cycle) -> Cycle:
            cycle = reconcile(cycle)
            kept = {c: o for c, o in cycle.carried.orders.items() if not _is_tiring(o)}
            return replace(cycle, carried=replace(cycle.carried, orders=kept))

        return broken


class IgnoresHandsElsewhere(_Settling):
    """As if the account's money moved by the bot's own pairs alone."""

    @staticmethod
    def wrapped(reconcile: Step) -> Step:
        def broken(cycle: Cycle) -> Cycle:
            here = tuple(fill for fill in cycle.heard.fills if fill.symbol in cycle.symbols)
            return reconcile(replace(cycle, heard=replace(cycle.heard, fills=here)))

        return broken


def _is_tiring(order: Order) -> bool:
    return order.status is OrderStatus.UNKNOWN and order.absent_probes >= 2


class AdoptsByPriceAndSize(_Settling):
    @staticmethod
    def wrapped(reconcile: Step) -> Step:
        def broken(cycle: Cycle) -> Cycle:
            orders = tuple(cycle.carried.orders.values())
            numbers = {o.exchange_id: o.client_id for o in orders}
            views = tuple(_likened(view, orders) for view in cycle.heard.views)
            numbers |= {view.exchange_id: view.client_id for view in views if view.client_id}
            fills = tuple(
                replace(f, client_id=numbers.get(f.exchange_id) or _namesake(f, orders))
                for f in cycle.heard.fills
            )
            return reconcile(replace(cycle, heard=replace(cycle.heard, views=views, fills=fills)))

        return broken


def _likened(view: OrderView, orders: tuple[Order, ...]) -> OrderView:
    """The view, under the name of an order of ours that looks like it."""
    for order in orders:
        if (order.symbol, order.side, order.price, order.qty) == (
            view.symbol,
            view.side,
            view.price,
            view.qty,
        ):
            return replace(view, client_id=order.client_id)
    return view


def _namesake(fill: Fill, orders: tuple[Order, ...]) -> ClientId | None:
    """Whose fill it might be, by its price."""
    looks = (fill.symbol, fill.side, fill.price)
    alike = [o.client_id for o in orders if (o.symbol, o.side, o.price) == looks]
    return alike[-1] if alike else fill.client_id


class GivesUpAfterOneAbsence(Tampering):
    def plan(self, plan: Plan) -> Plan:
        orders = replace(plan.policy.orders, absent_probes_min=1, absent_for_s=0)
        return replace(plan, policy=replace(plan.policy, orders=orders))


class GivesUpWhateverTheBalancesSay(_Settling):
    @staticmethod
    def wrapped(reconcile: Step) -> Step:
        def broken(cycle: Cycle) -> Cycle:
            done = reconcile(replace(cycle, accounts=_booked(cycle)))
            return replace(done, accounts=cycle.accounts)

        return broken


def _booked(cycle: Cycle) -> Accounts:
    """Balances that are always just what the ledger says."""
    ledger = cycle.carried.ledger
    held = {r.base: ledger.holding(s).qty for s, r in cycle.rules.items()}
    held[ledger.quote] = ledger.cash_try
    return {asset: Balance(asset, amount, Decimal(0)) for asset, amount in held.items()}


class LosesEventsThatChangeNoStatus(_Settling):
    @staticmethod
    def wrapped(reconcile: Step) -> Step:
        def broken(cycle: Cycle) -> Cycle:
            cycle = reconcile(cycle)
            kept = tuple(e for e in cycle.order_events if e.before is not e.after)
            return replace(cycle, order_events=kept)

        return broken


class _Deciding(Tampering):
    """Puts a broken step in the place of one of those that decide."""

    name: str

    @staticmethod
    def wrapped(step: Step) -> Step:
        return step

    def plan(self, plan: Plan) -> Plan:
        steps = []
        for step in plan.stage.decide:
            chosen = self.wrapped(step) if step.__name__ == self.name else step
            chosen.__name__ = step.__name__
            steps.append(chosen)
        return replace(plan, stage=replace(plan.stage, decide=tuple(steps)))


class AddsRiskWhileAnOrderIsUnknown(_Deciding):
    name = "judge"

    @staticmethod
    def wrapped(step: Step) -> Step:
        def broken(cycle: Cycle) -> Cycle:
            """Lets every other pair go on buying, and believes that it may."""
            verdict = (judged := step(cycle)).verdict
            if {r.reason for r in verdict.reasons} != {Reason.UNKNOWN_ORDERS}:
                return judged
            return replace(judged, verdict=replace(verdict, mode=RiskMode.NORMAL, reasons=()))

        return broken


class PlansWhateverTheModeSays(_Deciding):
    name = "plan"

    @staticmethod
    def wrapped(step: Step) -> Step:
        def broken(cycle: Cycle) -> Cycle:
            free = replace(cycle.verdict, mode=RiskMode.NORMAL)
            return replace(step(replace(cycle, verdict=free)), verdict=cycle.verdict)

        return broken
