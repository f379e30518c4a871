"""`status`: how the bot stands, from a second shell, without disturbing it."""

import argparse
from decimal import Decimal

import msgspec

from btcbot_core import bootstrap
from btcbot_core.app.reports import Standing, TracedCycle, age_s, one_trace, standing
from btcbot_core.cli.output import print_json, print_pairs, say
from btcbot_core.domain.codes import MEANING
from btcbot_core.domain.errors import ExitCode
from btcbot_core.domain.money import canonical

CENT = Decimal("0.01")


def status(arguments: argparse.Namespace) -> int:
    """Print how things stand, or one cycle."""
    guards = bootstrap.open_guards(arguments.db, arguments.env_file)
    store, unknown = bootstrap.open_reader_anyhow(guards.database)
    if unknown:
        say(f"btcbot-core: {unknown}")
    try:
        if arguments.trace:
            record = one_trace(store, arguments.trace)
            print_json(record) if arguments.json else _print_trace(record)
            return int(ExitCode.OK)
        now = standing(store)
    finally:
        store.close()
    if arguments.json:
        print_json({**_as_json(guards, now), "may_be_missing": unknown})
    else:
        _print(guards, now)
    return int(ExitCode.OK)


def _as_json(guards: bootstrap.Guards, now: Standing) -> dict[str, object]:
    row = msgspec.structs.asdict(now.cycle) if now.cycle else None
    if row is not None:
        row.pop("trace")
    return {
        "database": str(guards.database),
        "gates": guards.gates,
        "gates_closed": guards.gates.closed,
        "killed": guards.latch.state(),
        "runner": guards.holder(),
        "run": now.run,
        "cycle": row,
        "cycle_age_s": age_s(now.cycle.at, guards.clock.now()) if now.cycle else None,
        "open_orders": now.orders,
        "unknown_orders": sum(1 for o in now.orders if o.status in ("unknown", "missing")),
        "other_orders": now.others,
        "fills": now.fills,
    }


def _print(guards: bootstrap.Guards, now: Standing) -> None:
    killed, holder = guards.latch.state(), guards.holder()
    kill = "off"
    if killed.is_set:
        kill = f"KILLED by {killed.who or 'unknown'}: {killed.why or 'no reason given'}"
    runner = f"pid {holder.pid} on {holder.host} since {holder.since}" if holder else "none"
    pairs: dict[str, object] = {
        "database": guards.database,
        "kill": kill,
        "gates closed": ", ".join(guards.gates.closed) or "none",
        "runner": runner,
    }
    if now.run is not None:
        pairs |= {
            "run": f"{now.run.id} ({now.run.stage}, {now.run.kind}) on {now.run.source}",
            "outcome": now.run.outcome or "not finished",
        }
    if now.cycle is not None:
        cycle = now.cycle
        pairs |= {
            "last cycle": f"{cycle.id} at {cycle.at:%Y-%m-%d %H:%M:%S} UTC",
            "mode": cycle.mode,
            "equity": canonical(cycle.equity_try),
            "net": canonical(cycle.net_try),
            "drawdown": f"{(cycle.drawdown_ratio * 100).quantize(CENT)} %",
        }
    pairs |= {"fills": now.fills, "open orders": len(now.orders)}
    print_pairs(pairs)
    for order in now.orders:
        size = f"{canonical(order.left_qty)} of {canonical(order.qty)} at {canonical(order.price)}"
        print(f"  {order.symbol} {order.side} {size}  {order.status}  {order.client_id}")
    for view in now.others:
        size = f"{canonical(view.left_qty)} of {canonical(view.qty)} at {canonical(view.price)}"
        name = f"{view.exchange_id} {view.client_id or ''}".rstrip()
        print(f"  {view.symbol} {view.side} {size}  not in our books  {name}")


def _print_trace(found: TracedCycle) -> None:
    record = found.trace
    print(f"cycle {found.id} at {found.at:%Y-%m-%d %H:%M:%S} UTC  mode {record.mode}")
    for quote in record.quotes:
        prices = f"bid {quote.bid} ask {quote.ask}"
        source = record.book if isinstance(record.book, str) else record.book[quote.symbol]
        print(f"  {quote.symbol:<10} {prices} age {record.ages.get(quote.symbol, '0')}s {source}")
    for reason in record.reasons:
        print(f"  mode: {reason.reason} {reason.observed}  {MEANING[reason.reason]}")
    for hold in record.holds:
        against = f" {hold.observed} against {hold.limit}" if hold.observed else ""
        print(f"  {hold.symbol} hold {hold.reason}{against}: {MEANING[hold.reason]}")
    for d in record.decisions:
        against = f" {d.observed} against {d.limit} {d.unit}".rstrip() if d.observed else ""
        side = f" {d.side}" if d.side else ""
        print(f"  {d.symbol}{side} {d.action} {d.reason}{against}: {MEANING[d.reason]}")
    for event in record.events:
        print(f"  order {event.client_id} {event.before or 'new'} -> {event.after} ({event.kind})")
    for fill in record.fills:
        print(f"  fill {fill.symbol} {fill.side} {fill.qty} at {fill.price} fee {fill.fee}")
    print(
        f"  equity {record.equity} cash {record.cash} realized {record.realized} fees {record.fees}"
    )
