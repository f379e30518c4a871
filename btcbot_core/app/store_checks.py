"""Readiness of what is stored: the file, the ledger, the orders, the run and its guards."""

from datetime import timedelta

from btcbot_core.app.check import (
    Ask,
    Check,
    age_words,
    of_run,
    of_store,
    question,
    size_words,
    some,
)
from btcbot_core.app.facts import Facts, RunFact, StoreFact
from btcbot_core.domain.records import RunKind
from btcbot_core.domain.witness import WAY_ON

WAL_WARNS = 64 * 1024 * 1024
CYCLE_WARNS = timedelta(minutes=5)
BACKUP_WARNS = timedelta(days=7)


@question("store", "readable")
def store_readable(ask: Ask, facts: Facts) -> Check:
    store = facts.store
    if store is None:
        return ask.skip("no database yet")
    if store.problem:
        return ask.fail(store.problem, "no run can use it", "name another, or restore a backup")
    if store.damage:
        seen = f"SQLite finds: {store.damage}"
        return ask.fail(seen, "the file is damaged", "keep it, and restore a backup")
    if store.run_problem and store.schema == store.schema_known:
        return ask.fail(store.run_problem, "no run can go on", "keep it, and restore a backup")
    return ask.ok(f"looked over, {size_words(store.size_bytes)}")


@of_store("store", "schema")
def store_schema(ask: Ask, _facts: Facts, store: StoreFact) -> Check:
    seen = f"{store.schema}, this program knows {store.schema_known}"
    if store.schema > store.schema_known:
        return ask.fail(seen, "a newer program wrote it", "update this program")
    if store.schema < store.schema_known:
        return ask.warn(seen, "the next run backs it up and brings it forward", "start a run")
    return ask.ok(seen)


@of_store("store", "durable")
def store_durable(ask: Ask, _facts: Facts, store: StoreFact) -> Check:
    """How safely a commit is written is no property of the file: each run asserts it anew."""
    if store.journal == "wal":
        return ask.ok("journal wal", "live and dry runs assert synchronous FULL, or do not start")
    return ask.grave(
        f"journal {store.journal}",
        "readers and the writer wait for each other",
        "put the file on a local disk; the next run sets wal",
    )


@of_store("store", "wal")
def store_wal(ask: Ask, _facts: Facts, store: StoreFact) -> Check:
    seen = size_words(store.wal_bytes)
    if store.wal_bytes > WAL_WARNS:
        return ask.warn(
            seen, "it is not folded back into the database", "end whatever reads it without end"
        )
    return ask.ok(seen)


@question("store", "witness")
def store_witness(ask: Ask, facts: Facts) -> Check:
    """Asked where there is no database too: one that is lost has forgotten everything."""
    store, witness = facts.store, facts.witness
    if store is not None and (store.problem or store.damage):
        return ask.skip("the database cannot be read")
    if witness.problem:
        return ask.fail(witness.problem, "no live or dry run starts on it", WAY_ON)
    if not witness.says:
        return ask.skip("no order of a live or dry run yet")
    return ask.ok(f"knows {witness.says}")


@of_run("store", "ledger")
def store_ledger(ask: Ask, _facts: Facts, run: RunFact) -> Check:
    if run.ledger_problem:
        return ask.fail(
            run.ledger_problem,
            "journal and checkpoint tell of different money",
            "do not trade on it: keep the file, and restore a backup",
        )
    return ask.ok(f"{run.ledger_events} events fold to the checkpoint")


@of_store("store", "backup")
def store_backup(ask: Ask, facts: Facts, store: StoreFact) -> Check:
    is_live = store.run is not None and store.run.row.kind is RunKind.LIVE
    if not (is_live or facts.is_for_live):
        return ask.skip("paper needs none")
    if store.newest_backup_at is None:
        return ask.warn("none beside the database", "a lost disk loses the ledger", "make one")
    age = facts.now - store.newest_backup_at
    seen = f"{age_words(age)} old"
    if age > BACKUP_WARNS:
        return ask.warn(seen, "what came since would be lost", "make a new one")
    return ask.ok(seen)


@of_run("orders", "settled")
def orders_settled(ask: Ask, _facts: Facts, run: RunFact) -> Check:
    if not run.stale_orders:
        return ask.ok("none is unknown or half cancelled for long")
    seen = some(
        f"{order.symbol} {order.client_id} {order.status}"
        f" for {age_words(timedelta(seconds=order.age_s))}"
        for order in run.stale_orders
    )
    return ask.grave(
        seen,
        "the exchange may hold what we do not know of, and these pairs do not trade",
        "start the run, which asks for them, or look at the exchange's own list",
    )


@of_run("run", "last_cycle")
def run_last_cycle(ask: Ask, facts: Facts, run: RunFact) -> Check:
    """A runner that holds the lock and makes no cycles is worse than none."""
    at = run.last_cycle_at
    if at is None:
        return ask.ok("none yet")
    if run.row.kind not in (RunKind.LIVE, RunKind.DRY_RUN):
        return ask.ok(f"{at:%Y-%m-%d %H:%M} in recorded time")
    age = facts.now - at
    seen = f"{age_words(age)} ago"
    if facts.holder is None:
        return ask.ok(f"{seen}; no runner now")
    if age > CYCLE_WARNS:
        return ask.warn(
            f"{seen}, while pid {facts.holder.pid} runs",
            "it makes no cycles: stuck, or without a line",
            "look at its log and its console",
        )
    return ask.ok(seen)


@question("lock", "holder")
def lock_holder(ask: Ask, facts: Facts) -> Check:
    holder = facts.holder
    if holder is None:
        return ask.ok("free")
    seen = f"pid {holder.pid} since {holder.since:%Y-%m-%d %H:%M} UTC ({holder.command})"
    if facts.is_for_live and not holder.is_this_process:
        return ask.fail(seen, "one database has one runner", "stop that one first")
    return ask.ok(seen)


@question("kill", "latch")
def kill_latch(ask: Ask, facts: Facts) -> Check:
    kill = facts.kill
    if not kill.is_set:
        return ask.ok("off")
    since = f" {age_words(facts.now - kill.at)} ago" if kill.at else ""
    seen = f"set by {kill.who or 'unknown'}{since}: {kill.why or 'no reason given'}"
    return ask.grave(seen, "no new order leaves", "find out why, then `btcbot-core reset`")
