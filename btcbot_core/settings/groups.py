"""What can be set: gates, places, the account, trading and the simulation."""

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    Field,
    SecretStr,
    model_validator,
)
from pydantic_settings import (
    NoDecode,
)

from btcbot_core.domain.gates import ACKNOWLEDGEMENT, Gates
from btcbot_core.domain.money import ZERO
from btcbot_core.domain.symbol import Symbol
from btcbot_core.settings.reading import (
    Bps,
    CostBps,
    Count,
    EmptyIsNone,
    Money,
    PositiveBps,
    PositiveRatio,
    Ratio,
    Seconds,
    read_api_key,
    read_api_secret,
    read_decimal,
    read_symbols,
    read_url,
    upper_case,
)


class Safety(BaseModel):
    """The four gates. Closed by default; they never stop the program from loading (DEC-9)."""

    dry_run: bool = True
    kill_switch: bool = True
    live_trading: bool = False
    live_trading_ack: str = ""
    on_kill: Literal["cancel", "keep"] = "cancel"
    arm_max_minutes: Annotated[int, Field(ge=1, le=240)] = 240
    arm_lease_minutes: Annotated[Annotated[int, Field(ge=1, le=525_600)] | None, EmptyIsNone] = None

    def gates(self) -> Gates:
        """The gates as one value; the acknowledgement counts only letter by letter."""
        return Gates(
            dry_run=self.dry_run,
            kill_switch=self.kill_switch,
            live_trading=self.live_trading,
            acknowledged=self.live_trading_ack == ACKNOWLEDGEMENT,
        )


class Placement(BaseModel):
    """Where things are and what they are called."""

    state_db_path: Path = Path("btcbot_state.db")
    client_id_prefix: Annotated[str, Field(pattern=r"^[a-z0-9]{2,8}$")] = "btcb"
    btcturk_base_url: Annotated[str, AfterValidator(read_url)] = "https://api.btcturk.com"
    btcturk_graph_url: Annotated[str, AfterValidator(read_url)] = ""
    """Empty: the exchange's own candle host; behind another base URL, that one."""
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(upper_case)
    ] = "INFO"


class Account(BaseModel):
    """Who we are to the exchange. Neither value leaves this room but as a secret."""

    btcturk_api_key: Annotated[SecretStr, AfterValidator(read_api_key)] = SecretStr("")
    btcturk_api_secret: Annotated[SecretStr, AfterValidator(read_api_secret)] = SecretStr("")


class Trading(BaseModel):
    """What is traded, how much, and how often."""

    symbols: Annotated[
        tuple[Symbol, ...],
        NoDecode,
        BeforeValidator(read_symbols),
        Field(validation_alias=AliasChoices("UNIVERSE_SYMBOLS", "SYMBOLS", "symbols")),
    ] = (Symbol("BTCTRY"), Symbol("ETHTRY"), Symbol("SOLTRY"))
    entry_budget_try: Money = Decimal(100)
    entry_max_spread_ratio: Ratio = Decimal("0.01")
    take_profit_fraction: Annotated[
        Decimal, BeforeValidator(read_decimal), Field(gt=ZERO, le=1)
    ] = Decimal("0.25")
    min_profit_bps: Bps = Decimal(30)
    stop_loss_bps: Annotated[PositiveBps | None, EmptyIsNone] = None
    fee_bps_taker: Bps = Decimal(18)
    ttl_seconds: Annotated[int, Field(gt=0, le=31_536_000)] = 120
    cooldown_seconds: Seconds = 60
    max_orders_per_cycle: Count = 2
    max_open_orders: Annotated[int, Field(ge=1)] = 5
    max_open_orders_per_symbol: Annotated[int, Field(ge=1)] = 1
    min_order_notional_try: Annotated[Decimal, BeforeValidator(read_decimal), Field(gt=ZERO)] = (
        Decimal(10)
    )
    max_notional_per_order_try: Annotated[Money | None, EmptyIsNone] = None
    notional_cap_try_per_cycle: Money = Decimal(1000)
    try_cash_target: Money = Decimal(300)
    max_market_data_age_ms: Annotated[int, Field(ge=1)] = 15_000
    unknown_release_misses: Annotated[int, Field(ge=1)] = 3
    unknown_release_seconds: Seconds = 120

    @model_validator(mode="after")
    def _caps_leave_room(self) -> "Trading":
        cap = self.max_notional_per_order_try
        if cap is not None and ZERO < cap < self.min_order_notional_try:
            raise ValueError(
                "MAX_NOTIONAL_PER_ORDER_TRY is under MIN_ORDER_NOTIONAL_TRY: no order could pass"
            )
        return self


class Simulation(BaseModel):
    """How the paper exchange behaves (DEC-20). The older stage 7 names are read as aliases."""

    dry_run_try_balance: Money = Decimal(1000)
    sim_fill_model: Annotated[
        Literal["book_cross", "mark_slippage"],
        Field(
            validation_alias=AliasChoices("SIM_FILL_MODEL", "STAGE7_FILL_MODEL", "sim_fill_model")
        ),
    ] = "book_cross"
    sim_fee_bps: Annotated[
        CostBps,
        Field(validation_alias=AliasChoices("SIM_FEE_BPS", "STAGE7_FEES_BPS", "sim_fee_bps")),
    ] = Decimal(18)
    sim_slippage_bps: Annotated[
        CostBps,
        Field(
            validation_alias=AliasChoices(
                "SIM_SLIPPAGE_BPS", "STAGE7_SLIPPAGE_BPS", "sim_slippage_bps"
            )
        ),
    ] = Decimal(5)
    sim_latency_steps: Annotated[int, Field(ge=0, le=10)] = 1
    sim_participation_ratio: Annotated[PositiveRatio | None, EmptyIsNone] = None
    sim_reject_bps: Annotated[
        Bps,
        Field(
            validation_alias=AliasChoices(
                "SIM_REJECT_BPS", "STAGE7_SIM_REJECT_PROB_BPS", "sim_reject_bps"
            )
        ),
    ] = ZERO
    sim_seed: int = 123
