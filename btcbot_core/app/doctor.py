"""The doctor: asks every check, and tells from a store what the checks want to know of a run."""

from datetime import datetime, timedelta

import msgspec

from btcbot_core.app.check import Check, Verdict
from btcbot_core.app.checks import CHECKS
from btcbot_core.app.facts import Facts, RunFact, StaleOrder
from btcbot_core.app.service import WINDOW, Service, service_of
from btcbot_core.cycle.cycle import Carried
from btcbot_core.cycle.stages import STAGE7
from btcbot_core.cycle.trace import decode
from btcbot_core.domain.errors import InvariantBrokenError, StoreError
from btcbot_core.domain.ids import RunId
from btcbot_core.domain.records import RunKind, RunRow
from btcbot_core.domain.trading import UNRESOLVED, Order, OrderStatus
from btcbot_core.ledger.book import Ledger, fold
from btcbot_core.ports import Store, UnitOfWork

STALE_AFTER = timedelta(minutes=10)
_WAITED_FOR = UNRESOLVED | {OrderStatus.CANCEL_REQUESTED}


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All verdicts; the gravest is the report's own."""

    verdict: Verdict
    checks: tuple[Check, ...]

    @property
    def failed(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if check.verdict is Verdict.FAIL)

    @property
    def warned(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if check.verdict is Verdict.WARN)


def examine(facts: Facts) -> Report:
    """Ask every check."""
    checks = tuple(ask(facts) for ask in CHECKS)
    found = {check.verdict for check in checks}
    gravest = next((v for v in (Verdict.FAIL, Verdict.WARN) if v in found), Verdict.PASS)
    return Report(verdict=gravest, checks=checks)


def run_fact(store: Store, now: datetime) -> RunFact | None:
    """The latest run in one consistent look; None where there is none.

    Raises StoreError when its rows cannot be read.
    """
    with store.read() as work:
        row = work.runs.latest()
        if row is None:
            return None
        last = work.cycles.last(row.id)
        carried = work.checkpoints.load(row.id)
        events, problem = _ledger(work, row.id, carried)
        is_by_the_clock = row.kind in (RunKind.LIVE, RunKind.DRY_RUN)
        heard = last.at if last else row.started_at
        # Recorded time stands still between runs: an order there is as old as the last cycle.
        seen_from = now if is_by_the_clock else heard
        return RunFact(
            row=row,
            last_cycle_at=last.at if last else None,
            last_written_at=heard if is_by_the_clock else row.started_at,
            stale_orders=_stale(work.orders.active(row.id), seen_from),
            ledger_events=events,
            ledger_problem=problem,
            service=_service(work, row),
        )


def _stale(orders: tuple[Order, ...], now: datetime) -> tuple[StaleOrder, ...]:
    return tuple(
        StaleOrder(
            client_id=order.client_id,
            symbol=order.symbol,
            status=order.status,
            age_s=int((now - order.updated_at).total_seconds()),
        )
        for order in orders
        if order.status in _WAITED_FOR and now - order.updated_at > STALE_AFTER
    )


def _service(work: UnitOfWork, row: RunRow) -> Service | None:
    if row.stage != STAGE7.name:
        return None
    try:
        found = [(decode(c.trace), c.drawdown_ratio) for c in work.cycles.recent(row.id, WINDOW)]
    except msgspec.DecodeError as error:
        raise StoreError(f"a record of {row.id} cannot be read: {error}") from error
    return service_of(found)


def _ledger(work: UnitOfWork, run: RunId, carried: Carried | None) -> tuple[int, str]:
    """How many events there are, and how their fold and the checkpoint differ."""
    events = work.ledger.events(run)
    if carried is None:
        return len(events), f"{len(events)} events and no checkpoint" if events else ""
    stored = carried.ledger
    try:
        folded = fold(Ledger(quote=stored.quote), events)
    except InvariantBrokenError as error:
        return len(events), str(error)
    ours, theirs = msgspec.structs.asdict(folded), msgspec.structs.asdict(stored)
    differing = [name for name in ours if ours[name] != theirs[name]]
    if not differing:
        return len(events), ""
    shown = ", ".join(f"{name} {ours[name]} and {theirs[name]}" for name in differing)
    return len(events), f"events and checkpoint differ: {shown:.300}"
