"""Every reason the bot can give, with the sentence that the operator reads.

A decision without a reason from this list cannot be written down: the type does not fit.
"""

from enum import StrEnum


class Reason(StrEnum):
    """Why something was done or not done. `layer:word`; strategies' own wishes have no layer."""

    # Wishes
    CONSERVATIVE_ENTRY = "conservative_entry"
    TAKE_PROFIT = "take_profit"
    TAKE_PROFIT_ALL = "take_profit_all"
    STOP_LOSS = "stop_loss"
    # Holds: the strategy wished for nothing
    HOLD_UNDER_THRESHOLD = "hold:under_threshold"
    HOLD_SPREAD_TOO_WIDE = "hold:spread_too_wide"
    HOLD_NO_CASH = "hold:no_cash"
    HOLD_OPEN_ORDER = "hold:open_order"
    HOLD_DUST = "hold:dust"
    # The market
    DATA_STALE = "market_data:stale"
    DATA_MISSING = "market_data:missing"
    # Risk: the wish was refused or made smaller
    MODE_FORBIDS = "risk_block:mode"
    MAX_OPEN_ORDERS_PER_SYMBOL = "risk_block:max_open_orders_per_symbol"
    MAX_OPEN_ORDERS = "risk_block:max_open_orders"
    COOLDOWN = "risk_block:cooldown"
    MISSING_LIMIT_PRICE = "risk_block:missing_limit_price"
    RULES_UNAVAILABLE = "risk_block:exchange_rules_unavailable"
    NOT_TRADING = "risk_block:pair_not_trading"
    UNKNOWN_ORDER = "risk_block:unknown_order"
    NON_POSITIVE_AFTER_QUANTIZE = "risk_block:non_positive_after_quantize"
    MIN_NOTIONAL = "risk_block:min_notional"
    PRICE_OUT_OF_BOUNDS = "risk_block:price_out_of_bounds"
    CASH_RESERVE = "risk_block:cash_reserve_target"
    NO_INVENTORY = "risk_block:no_inventory"
    NOTIONAL_CAP = "risk_block:notional_cap"
    DUPLICATE = "risk_block:duplicate"
    MAX_ORDERS_PER_CYCLE = "risk_drop:max_orders_per_cycle"
    ORDER_CAP = "risk_cap:max_notional_per_order_try"
    # The gate, right before the socket
    KILLED = "policy_block:kill_switch"
    NOT_ARMED = "policy_block:not_armed"
    OVER_LEASE_LIMIT = "policy_block:over_lease_limit"
    # Orders
    PLACED = "order:placed"
    EXPIRED = "order:expired"
    CANCEL_ON_KILL = "order:cancel_on_kill"
    CANCEL_RETRY = "order:cancel_retry"
    REJECTED = "order:rejected"
    NOT_SENT = "order:not_sent"
    OUTCOME_UNKNOWN = "order:outcome_unknown"
    # Modes
    NOT_JUDGED = "mode:not_judged"
    MODE_OK = "mode:ok"
    KILL_SWITCH_ACTIVE = "mode:kill_switch_active"
    ACCOUNTS_MISSING = "mode:accounts_missing"
    FEE_RATE_MISSING = "mode:fee_conversion_missing_rate"
    MARK_MISSING = "mark:missing"


class AnomalyCode(StrEnum):
    """What may be wrong with the world around the bot; each tells the operator what to do."""

    STALE_MARKET_DATA = "STALE_MARKET_DATA"
    EXCHANGE_LATENCY_SPIKE = "EXCHANGE_LATENCY_SPIKE"
    ORDER_REJECT_SPIKE = "ORDER_REJECT_SPIKE"
    CURSOR_STALL = "CURSOR_STALL"
    CLOCK_SKEW = "CLOCK_SKEW"
    PNL_DIVERGENCE = "PNL_DIVERGENCE"
    MANUAL_OVERRIDE = "MANUAL_OVERRIDE"
    UNKNOWN_ORDER = "UNKNOWN_ORDER"
    BALANCE_MISMATCH = "BALANCE_MISMATCH"
    RATE_LIMITED = "RATE_LIMITED"


MEANING: dict[Reason, str] = {
    Reason.CONSERVATIVE_ENTRY: "no position and a narrow spread: buy the entry budget at the ask",
    Reason.TAKE_PROFIT: "the bid pays cost, both fees and the profit wanted: sell a part",
    Reason.TAKE_PROFIT_ALL: "as take_profit; a part or its rest would be too small: sell all",
    Reason.STOP_LOSS: "the bid fell through the stop: sell all",
    Reason.HOLD_UNDER_THRESHOLD: "the position has not earned its costs and the profit wanted",
    Reason.HOLD_SPREAD_TOO_WIDE: "bid and ask are too far apart to enter",
    Reason.HOLD_NO_CASH: "no free cash is left to enter with",
    Reason.HOLD_OPEN_ORDER: "an order on this side is open already",
    Reason.HOLD_DUST: "the position is too small to be sold on the exchange",
    Reason.DATA_STALE: "the last quote is older than allowed: this pair waits",
    Reason.DATA_MISSING: "there is no usable quote: this pair waits",
    Reason.MODE_FORBIDS: "the risk mode does not allow this side",
    Reason.MAX_OPEN_ORDERS_PER_SYMBOL: "the pair has as many open orders as allowed",
    Reason.MAX_OPEN_ORDERS: "as many orders are open as allowed in all",
    Reason.COOLDOWN: "the last order on this side is too recent",
    Reason.MISSING_LIMIT_PRICE: "the wish names no price",
    Reason.RULES_UNAVAILABLE: "the exchange's rules for the pair are not known",
    Reason.NOT_TRADING: "the exchange does not trade the pair now",
    Reason.UNKNOWN_ORDER: "what became of an order on this pair is not known yet",
    Reason.NON_POSITIVE_AFTER_QUANTIZE: "nothing is left after rounding to the exchange's steps",
    Reason.MIN_NOTIONAL: "the total is under the minimum",
    Reason.PRICE_OUT_OF_BOUNDS: "the price is outside what the exchange accepts",
    Reason.CASH_RESERVE: "it would touch the cash that is to be kept",
    Reason.NO_INVENTORY: "there is not enough free to sell",
    Reason.NOTIONAL_CAP: "this cycle has bought as much as one cycle may",
    Reason.DUPLICATE: "the same order was decided before under the same id",
    Reason.MAX_ORDERS_PER_CYCLE: "this cycle has placed as many orders as one cycle may",
    Reason.ORDER_CAP: "made smaller: one order may not be larger",
    Reason.KILLED: "the kill latch was set before the order left: not sent",
    Reason.NOT_ARMED: "no lease to trade live is held: not sent",
    Reason.OVER_LEASE_LIMIT: "more than the operator granted when arming: not sent",
    Reason.PLACED: "sent to the exchange",
    Reason.EXPIRED: "open for longer than its time to live: cancel",
    Reason.CANCEL_ON_KILL: "killed: our open orders are cancelled",
    Reason.CANCEL_RETRY: "the cancel has not come through: ask again",
    Reason.REJECTED: "the exchange refused the order",
    Reason.NOT_SENT: "the order never left this machine",
    Reason.OUTCOME_UNKNOWN: "no usable answer: the pair is frozen until evidence decides",
    Reason.NOT_JUDGED: "nobody judged this cycle: nothing may be done",
    Reason.MODE_OK: "no limit is touched",
    Reason.KILL_SWITCH_ACTIVE: "the kill latch is set",
    Reason.ACCOUNTS_MISSING: "balances are not known: nothing may be done",
    Reason.FEE_RATE_MISSING: "a fee in a currency without a rate: only less risk is allowed",
    Reason.MARK_MISSING: "no price for a holding: valued at its last mark, else at cost",
}
