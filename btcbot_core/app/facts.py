"""What a readiness check may look at: facts gathered once, read-only, and none of them a secret."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

import msgspec

from btcbot_core.app.service import Service
from btcbot_core.domain.gates import Gates
from btcbot_core.domain.ids import ClientId
from btcbot_core.domain.kill import NOT_KILLED, KillState
from btcbot_core.domain.records import RunRow
from btcbot_core.domain.symbol import Asset, Symbol
from btcbot_core.domain.trading import OrderStatus


class SettingsFact(msgspec.Struct, frozen=True, kw_only=True):
    """The settings in force, as far as readiness hangs on them."""

    gates: Gates = Gates()
    is_ack_given: bool = False
    """Whether LIVE_TRADING_ACK says anything at all, right or wrong."""
    sources: Mapping[str, str] = {}
    """Where each setting comes from: default, file, environment …"""
    known_names: frozenset[str] = frozenset()
    environment_names: frozenset[str] = frozenset()
    odd_names: frozenset[str] = frozenset()
    """What the settings file sets that is no setting."""
    symbols: tuple[Symbol, ...] = ()
    quotes: tuple[Asset, ...] = ()
    caps: Mapping[str, Decimal] = {}
    """The limits without which nothing may go live, by the setting's name."""
    has_key: bool = False
    has_secret: bool = False
    address: str = ""
    is_rehearsal: bool = False
    """Whether the address is this machine itself."""
    is_usual_address: bool = True
    data_age_max_s: Decimal = Decimal(15)


class FileFact(msgspec.Struct, frozen=True, kw_only=True):
    """A file or folder of ours as it stands."""

    path: str
    mode: int
    is_folder: bool = False
    is_ours: bool = True


class StaleOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order of which nothing certain has been heard for too long."""

    client_id: ClientId
    symbol: Symbol
    status: OrderStatus
    age_s: int


class RunFact(msgspec.Struct, frozen=True, kw_only=True):
    """The latest run of the database."""

    row: RunRow
    last_written_at: datetime
    """By the machine's clock: recorded times do not count."""
    last_cycle_at: datetime | None = None
    """By the run's own clock."""
    stale_orders: tuple[StaleOrder, ...] = ()
    ledger_events: int = 0
    ledger_problem: str = ""
    """How the fold of the journal and the checkpoint differ; empty when they agree."""
    service: Service | None = None
    """How its last cycles went; None for a run that does not rebalance."""


class StoreFact(msgspec.Struct, frozen=True, kw_only=True):
    """The database file. With a `problem` nothing more is known of it."""

    problem: str = ""
    damage: str = ""
    """What SQLite's own check finds wrong; empty when nothing."""
    schema: int = 0
    schema_known: int = 0
    journal: str = ""
    size_bytes: int = 0
    wal_bytes: int = 0
    newest_backup_at: datetime | None = None
    run: RunFact | None = None
    run_problem: str = ""
    """Why the latest run cannot be read; empty when it can, or when there is none."""


class WitnessFact(msgspec.Struct, frozen=True, kw_only=True):
    """The file beside the database that says what it must know."""

    says: str = ""
    """The last order that was stored to be sent; empty where it names none."""
    problem: str = ""
    """Why the database may have forgotten orders; empty when it knows all that it must."""


class HolderFact(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds the database's lock."""

    pid: int
    since: datetime
    command: str
    is_this_process: bool = False


class MachineFact(msgspec.Struct, frozen=True, kw_only=True):
    """The machine and the process that asks."""

    zone: str = "UTC"
    disk_free_bytes: int | None = None
    log_problem: str = ""
    """Why no log can be written; empty when one can."""
    risky_names: tuple[str, ...] = ()
    """Variables of the environment that change what Python runs or what TLS gives away."""
    shadowing: tuple[str, ...] = ()
    """Files that Python would load in place of its own library."""


class BookFact(msgspec.Struct, frozen=True, kw_only=True):
    """A pair's book as the exchange answers with it."""

    symbol: Symbol
    age_s: Decimal | None = None
    problem: str = ""


class OnlineFact(msgspec.Struct, frozen=True, kw_only=True):
    """What the exchange answered. With a `problem` it did not."""

    address: str
    problem: str = ""
    round_trip_ms: int = 0
    offset_ms: int = 0
    """How far the exchange's clock is ahead of ours."""
    without_rules: tuple[Symbol, ...] = ()
    halted: tuple[Symbol, ...] = ()
    books: tuple[BookFact, ...] = ()
    account_problem: str | None = None
    """Why the key was not accepted; empty when it was, None when it was not asked."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the checks read."""

    now: datetime
    is_for_live: bool = False
    """Whether the question is if orders may cost money; then much that warns is a fault."""
    database: str = ""
    settings: SettingsFact = SettingsFact()
    files: tuple[FileFact, ...] = ()
    store: StoreFact | None = None
    """None as long as there is no database."""
    witness: WitnessFact = WitnessFact()
    kill: KillState = NOT_KILLED
    holder: HolderFact | None = None
    machine: MachineFact = MachineFact()
    online: OnlineFact | None = None
    """None as long as the exchange is not asked."""
