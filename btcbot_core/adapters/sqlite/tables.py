"""What we store: every table with its keys, and nothing that is not written."""

from peewee import (
    AutoField,
    BlobField,
    CompositeKey,
    ForeignKeyField,
    IntegerField,
    Model,
    TextField,
)

from btcbot_core.adapters.sqlite.fields import ExactDecimal, UtcTime, Word
from btcbot_core.domain.codes import Reason
from btcbot_core.domain.records import RunKind
from btcbot_core.domain.trading import OrderEventKind, OrderStatus, OrderType, Side
from btcbot_core.ledger.entries import LedgerEventKind


class Runs(Model):
    """One row a run; `opened` counts openings, so that a run continued is the latest again."""

    id = TextField(primary_key=True)
    stage = TextField()
    kind = Word(RunKind)
    source = TextField()
    settings_digest = TextField()
    seed = IntegerField()
    started_at = UtcTime()
    outcome = TextField()
    finished_at = UtcTime(null=True)
    opened = IntegerField(unique=True)

    class Meta:
        table_name = "runs"
        strict_tables = True
        without_rowid = True


class Cycles(Model):
    """One row a committed cycle. A step of a run is committed once."""

    id = TextField(primary_key=True)
    run = ForeignKeyField(Runs, column_name="run", index=False)
    step = IntegerField()
    at = UtcTime()
    mode = TextField()
    equity_try = ExactDecimal()
    cash_try = ExactDecimal()
    capital_try = ExactDecimal()
    net_try = ExactDecimal()
    drawdown_ratio = ExactDecimal()
    orders_open = IntegerField()
    intents = IntegerField()
    fills = IntegerField()
    trace = BlobField()

    class Meta:
        table_name = "cycles"
        strict_tables = True
        indexes = ((("run", "step"), True),)


class Orders(Model):
    """What became of each intent. The name it was sent under is its key: it is used once."""

    client_id = TextField(primary_key=True)
    run = ForeignKeyField(Runs, column_name="run", index=False)
    exchange_id = TextField(null=True)
    # Intents are durable before their cycle is committed, so this refers to no row yet.
    cycle_id = TextField()
    symbol = TextField()
    side = Word(Side)
    price = ExactDecimal()
    qty = ExactDecimal()
    ttl_s = IntegerField()
    reason = Word(Reason, is_closed=False)
    status = Word(OrderStatus)
    created_at = UtcTime()
    updated_at = UtcTime()
    type = Word(OrderType)
    filled_qty = ExactDecimal()
    rests_since = UtcTime(null=True)
    absent_probes = IntegerField()
    absent_since = UtcTime(null=True)
    seq = IntegerField()

    class Meta:
        table_name = "orders"
        strict_tables = True
        indexes = ((("run", "status"), False), (("run", "exchange_id"), False))


class OrderEvents(Model):
    """Every transition of every order, numbered within it."""

    client_id = ForeignKeyField(Orders, column_name="client_id", index=False)
    seq = IntegerField()
    cycle_id = TextField()
    at = UtcTime()
    kind = Word(OrderEventKind)
    before = Word(OrderStatus, null=True)
    after = Word(OrderStatus)
    qty = ExactDecimal()
    exchange_id = TextField(null=True)
    evidence = TextField()

    class Meta:
        table_name = "order_events"
        strict_tables = True
        without_rowid = True
        primary_key = CompositeKey("client_id", "seq")


class LedgerEvents(Model):
    """The journal of our money, numbered within its scope; an id is booked once."""

    run = ForeignKeyField(Runs, column_name="run", index=False)
    seq = IntegerField()
    id = TextField()
    kind = Word(LedgerEventKind)
    cycle_id = TextField()
    at = UtcTime()
    symbol = TextField(null=True)
    side = Word(Side, null=True)
    price = ExactDecimal()
    qty = ExactDecimal()
    slippage_try = ExactDecimal()
    asset = TextField(null=True)
    amount = ExactDecimal()
    # No foreign key: a fill is booked even when the order behind it is not ours to find.
    client_id = TextField(null=True)
    exchange_id = TextField(null=True)
    note = TextField()

    class Meta:
        table_name = "ledger_events"
        strict_tables = True
        without_rowid = True
        primary_key = CompositeKey("run", "seq")
        indexes = ((("run", "id"), True),)


class Checkpoints(Model):
    """The carried state of a run at its last commit, as JSON; one row a run."""

    run = ForeignKeyField(Runs, column_name="run", index=False, primary_key=True)
    cycle_id = TextField()
    carried = TextField()

    class Meta:
        table_name = "checkpoints"
        strict_tables = True


class Audit(Model):
    """Acts of the operator, and of the bot on itself.

    One on a run at rest names the run, and holds as JSON what was done and to which state.
    """

    id = AutoField()
    at = UtcTime()
    who = TextField()
    act = TextField()
    why = TextField()
    run = ForeignKeyField(Runs, column_name="run", index=False, null=True)
    deed = TextField(null=True)

    class Meta:
        table_name = "audit"
        strict_tables = True


TABLES: tuple[type[Model], ...] = (
    Runs,
    Cycles,
    Orders,
    OrderEvents,
    LedgerEvents,
    Checkpoints,
    Audit,
)
"""In the order in which they can be created."""
