"""All repositories over one transaction."""

from btcbot_core.adapters.sqlite.cycles import SqliteCheckpoints, SqliteCycles
from btcbot_core.adapters.sqlite.ledger import SqliteLedger
from btcbot_core.adapters.sqlite.orders import SqliteOrders
from btcbot_core.adapters.sqlite.runs import SqliteAudit, SqliteRuns
from btcbot_core.adapters.sqlite.transaction import Transaction
from btcbot_core.ports import (
    AuditRepo,
    CheckpointRepo,
    CycleRepo,
    LedgerRepo,
    OrderRepo,
    RunRepo,
)


class SqliteUnitOfWork:
    def __init__(self, transaction: Transaction) -> None:
        self.transaction = transaction
        self.orders: OrderRepo = SqliteOrders(transaction)
        self.ledger: LedgerRepo = SqliteLedger(transaction)
        self.cycles: CycleRepo = SqliteCycles(transaction)
        self.runs: RunRepo = SqliteRuns(transaction)
        self.checkpoints: CheckpointRepo = SqliteCheckpoints(transaction)
        self.audit: AuditRepo = SqliteAudit(transaction)

    def commit(self) -> None:
        """Make it all durable. Afterwards this unit of work is over."""
        self.transaction.commit()
