"""Stored cycles run again through today's code: the first one that comes out otherwise is named."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from btcbot_core.app.comparing import ABSENT, Difference, first_difference
from btcbot_core.app.journal import cycle_row
from btcbot_core.app.verify_between import Between
from btcbot_core.cycle import stages
from btcbot_core.cycle.cycle import Carried, Cycle
from btcbot_core.cycle.recording import FIRST, NOTHING_SEEN, Saw, restore, seen_by, with_returned
from btcbot_core.cycle.rerun import rerun
from btcbot_core.cycle.stages import Stage
from btcbot_core.cycle.trace import VERSION, Trace, decode, is_sealed, trace, without_inputs
from btcbot_core.domain.errors import BotError, ConfigError
from btcbot_core.domain.ids import ClientId, CycleId, RunId, cycle_id
from btcbot_core.domain.market import BookSource, MarketSnapshot, Quote
from btcbot_core.domain.policy import Policy
from btcbot_core.domain.records import CycleRow, RunRow
from btcbot_core.domain.trading import Order
from btcbot_core.ledger.book import Ledger
from btcbot_core.ports import Progress, Store, UnitOfWork

PAGE = 500
MICROSECONDS = Decimal(1_000_000)
STAGES: Mapping[str, Stage] = {s.name: s for s in vars(stages).values() if isinstance(s, Stage)}


class RunCheck(msgspec.Struct, frozen=True, kw_only=True):
    """What running a run again came to; the last four say where it first came out otherwise."""

    run: str
    stage: str
    is_equal: bool
    cycles: int
    """How many came out equal."""
    starts: int
    """How often the run was started, or went on after a turn that failed."""
    cuts: int
    """Turns that were cut after they had spoken; what they left is held against the journal."""
    cycle: CycleId | None = None
    field: str = ""
    stored: str = ""
    now: str = ""


def cycles_of(work: UnitOfWork, run: RunId) -> int:
    """How many cycles a run has stored."""
    first, last = work.cycles.after(run, -1, 1), work.cycles.last(run)
    return last.step - first[0].step + 1 if first and last else 0


def verify_run(store: Store, run: RunRow, progress: Progress) -> RunCheck:
    """Run every stored cycle of a run again, from its start.

    Raises ConfigError when the run cannot be run again: it was recorded by an older version, or
    its stage is unknown here.
    """
    if run.stage not in STAGES:
        raise ConfigError(f"run {run.id} is of {run.stage}, which is not known here")
    with store.read() as work:
        replay = _Replay(STAGES[run.stage], work, run)
        step, cycle, total = -1, None, cycles_of(work, run.id)
        while rows := work.cycles.after(run.id, step, PAGE):
            for row in rows:
                step, cycle = row.step, row.id
                if (found := replay.check(row)) is not None:
                    return replay.result(found, cycle)
                progress(replay.cycles, total)
        is_cut = work.checkpoints.cycle(run.id) != cycle
        found = replay.check_end(work.checkpoints.load(run.id), is_cut=is_cut)
        return replay.result(found or replay.check_orders(work.orders.all(run.id)), cycle)


class _Replay:
    """Carries what each cycle hands to the next, as the runner did."""

    def __init__(self, stage: Stage, work: UnitOfWork, run: RunRow) -> None:
        self._stage, self._run = stage, run
        self._seen = FIRST
        self._step = -1
        self._between = Between(work, run.id)
        self._orders: dict[ClientId, Order] = {}
        self.cycles = self._starts = 0

    def result(self, found: Difference | None, cycle: CycleId | None) -> RunCheck:
        return RunCheck(
            run=self._run.id,
            stage=self._run.stage,
            is_equal=found is None,
            cycles=self.cycles,
            starts=self._starts,
            cuts=self._between.cuts,
            cycle=None if found is None else cycle,
            field=found.field if found else "",
            stored=found.first if found else "",
            now=found.second if found else "",
        )

    def check(self, row: CycleRow) -> Difference | None:
        """Run one cycle again; None when it comes out as it is stored."""
        try:
            record = decode(row.trace)
        except msgspec.DecodeError as error:
            return Difference("trace", "a record", f"nothing readable: {error}")
        if record.v != VERSION and is_sealed(row.trace, row.id, row.at):
            raise ConfigError(
                f"run {self._run.id} was recorded with traces of version {record.v}, this program"
                f" makes version {VERSION}: verify it with the version that made it"
            )
        saw = record.saw or NOTHING_SEEN
        if self._seen.carried is None and saw.carried is None:
            if record.seal:
                return Difference("saw.carried", ABSENT, "what the run began with")
            raise ConfigError(f"run {self._run.id} was recorded before cycles kept what they saw")
        try:
            found = self._check_start(row, saw) or self._check_turn(row, record, saw)
        except (BotError, ArithmeticError, LookupError, ValueError) as error:
            return Difference("steps", "a finished cycle", f"{type(error).__name__}: {error}")
        if found is None and not is_sealed(row.trace, row.id, row.at):
            found = Difference("seal", record.seal or ABSENT, "what it saw was changed afterwards")
        self.cycles += found is None
        return found

    def check_end(self, checkpoint: Carried | None, *, is_cut: bool) -> Difference | None:
        """What the next start would begin with, against what the last cycle handed on."""
        own = self._seen.carried
        if own is None:
            return None
        if checkpoint is None:
            return Difference("checkpoint", ABSENT, "what the last cycle handed on")
        own, found = self._after_acts(own)
        found = found or self._between.reach(own, checkpoint, "checkpoint", is_cut=is_cut)
        last = max(self._between.entries, default=0)
        if found is None and last != checkpoint.ledger.seq:
            found = Difference("checkpoint.ledger.seq", str(checkpoint.ledger.seq), str(last))
        return found or self._between.check_left()

    def check_orders(self, orders: Iterable[Order]) -> Difference | None:
        """The orders' rows, against the orders that came out."""
        return next(filter(None, map(self._check_stored, orders)), None)

    def _check_stored(self, stored: Order) -> Difference | None:
        now = self._orders.get(stored.client_id)
        if now is None or now.seq != stored.seq:
            return None  # the turn that touched it last was cut: its events were held against it
        return first_difference(stored, as_row(now, stored), f"orders.{stored.client_id}")

    def _check_start(self, row: CycleRow, saw: Saw) -> Difference | None:
        if saw.carried is None:
            before = row.step - 1 if saw.after is None else saw.after
            if before != self._step:
                return Difference("step", str(row.step), str(self._step + 1))
            return self._between.check_orders(saw.returned, "saw.returned")
        self._starts += 1
        theirs = saw.carried
        own = self._seen.carried or Carried(ledger=Ledger(quote=theirs.ledger.quote))
        own, found = self._after_acts(own)
        found = found or self._between.check_orders(theirs.orders.values(), "saw.carried.orders")
        is_cut = saw.whose != cycle_id(self._run.id, self._step)
        own = with_returned(own, _returned(own, theirs))
        return found or self._between.reach(own, theirs, "saw.carried", is_cut=is_cut)

    def _after_acts(self, own: Carried) -> tuple[Carried, Difference | None]:
        own, found = self._between.redo(self._step, own)
        self._orders.update(own.orders)
        return own, found

    def _check_turn(self, row: CycleRow, record: Trace, saw: Saw) -> Difference | None:
        start = saw.carried or self._seen.carried
        if start is None:
            raise LookupError("a turn begins with what was carried")
        done = rerun(self._stage, restore(self._seen, saw, _bare(row, record, start)), saw)
        self._seen, self._step = seen_by(done), row.step
        self._orders.update(done.carried.orders)
        return _compare_rows(
            row, record, cycle_row(done, saw), trace(done, saw)
        ) or self._between.check_lines(done.ledger_events, done.order_events)


def as_row(order: Order, row: Order) -> Order:
    """The order as its row may tell it: that is written with its events, and none says when it
    began to rest, or that it begins anew because the clock was set back."""
    since = order.rests_since
    is_older = row.rests_since is None or (since is not None and row.rests_since > since)
    return msgspec.structs.replace(order, rests_since=row.rests_since) if is_older else order


def _returned(own: Carried, theirs: Carried) -> tuple[Order, ...]:
    """Finished orders of ours that came back with late trades, as the run went on."""
    new = (order for name, order in theirs.orders.items() if name not in own.orders)
    return tuple(order for order in new if not order.is_active)


def _bare(row: CycleRow, record: Trace, carried: Carried) -> Cycle:
    """A cycle with what trace and columns tell of it: quotes, kill latch, which it is and when."""
    quotes = {
        q.symbol: Quote(
            q.symbol,
            Decimal(q.bid),
            Decimal(q.ask),
            _data_time(row.at, record.ages.get(q.symbol, "0")),
            record.book if isinstance(record.book, BookSource) else record.book[q.symbol],
        )
        for q in record.quotes
    }
    return Cycle(
        id=row.id,
        run_id=row.run_id,
        step=row.step,
        at=row.at,
        policy=Policy(),
        symbols=(),
        market=MarketSnapshot(at=row.at, quotes=quotes, problems=record.problems),
        is_killed=record.killed,
        carried=carried,
    )


def _data_time(at: datetime, age_s: str) -> datetime:
    return at - timedelta(microseconds=int(Decimal(age_s) * MICROSECONDS))


def _compare_rows(row: CycleRow, record: Trace, fresh: CycleRow, now: Trace) -> Difference | None:
    if fresh == row:
        return None
    found = first_difference(without_inputs(record), without_inputs(now))
    replace = msgspec.structs.replace
    return found or first_difference(replace(row, trace=b""), replace(fresh, trace=b""))
