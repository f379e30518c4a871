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
    FIRST_ENTRY = "bootstrap_position"
    MEAN_REVERSION_BUY = "mean_reversion_buy"
    MEAN_REVERSION_SELL = "mean_reversion_sell"
    # Holds: the strategy wished for nothing
    HOLD_UNDER_THRESHOLD = "hold:under_threshold"
    HOLD_SPREAD_TOO_WIDE = "hold:spread_too_wide"
    HOLD_NO_CASH = "hold:no_cash"
    HOLD_OPEN_ORDER = "hold:open_order"
    HOLD_DUST = "hold:dust"
    HOLD_NO_ANCHOR = "hold:no_anchor"
    HOLD_INSIDE_BAND = "hold:inside_band"
    HOLD_NO_FIRST_ENTRY = "hold:no_first_entry"
    # Allocation: the money is divided over the wishes
    ALLOCATED_CASH = "allocation:cash_target"
    ALLOCATED_POSITION = "allocation:max_position_exposure_cap"
    ALLOCATED_CYCLE = "allocation:cycle_notional_cap"
    ALLOCATED_EXPOSURE = "allocation:max_exposure_cap"
    ALLOCATED_ORDER = "allocation:max_intent_cap"
    ALLOCATED_HELD = "allocation:position_value_cap"
    ALLOCATED_UP = "allocation:raised_to_min_notional"
    ALLOCATION_TOO_SMALL = "allocation:min_notional"
    ALLOCATION_NO_POSITION = "allocation:no_position"
    ALLOCATION_PAIR_TAKEN = "allocation:pair_taken"
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
    TRADES_NOT_HEARD = "risk_block:trades_not_heard"
    NON_POSITIVE_AFTER_QUANTIZE = "risk_block:non_positive_after_quantize"
    MIN_NOTIONAL = "risk_block:min_notional"
    PRICE_OUT_OF_BOUNDS = "risk_block:price_out_of_bounds"
    QTY_OUT_OF_BOUNDS = "risk_block:qty_out_of_bounds"
    CASH_RESERVE = "risk_block:cash_reserve_target"
    NO_INVENTORY = "risk_block:no_inventory"
    NOTIONAL_CAP = "risk_block:notional_cap"
    DUPLICATE = "risk_block:duplicate"
    MAX_ORDERS_PER_CYCLE = "risk_drop:max_orders_per_cycle"
    ORDER_CAP = "risk_cap:max_notional_per_order_try"
    FREE_QTY = "risk_cap:free_qty"
    MAX_DAILY_LOSS = "risk_block:max_daily_loss"
    MAX_DRAWDOWN = "risk_block:max_drawdown"
    MAX_ORDER_NOTIONAL = "risk_block:max_order_notional_try"
    MAX_POSITION_NOTIONAL = "risk_block:max_position_notional_try"
    MAX_GROSS_EXPOSURE = "risk_block:max_gross_exposure_try"
    MIN_PROFIT = "risk_block:min_profit_threshold"
    NEAR_DUPLICATE = "risk_block:near_duplicate"
    REPLACE_EXPOSURE = "risk_block:replace_worst_case_exposure"
    # The gate, right before the socket
    KILLED = "policy_block:kill_switch"
    NOT_ARMED = "policy_block:not_armed"
    OVER_LEASE_LIMIT = "policy_block:over_lease_limit"
    # Orders
    PLACED = "order:placed"
    EXPIRED = "order:expired"
    CANCEL_ON_KILL = "order:cancel_on_kill"
    CANCEL_RETRY = "order:cancel_retry"
    DRIFTED = "order:drifted"
    CANCEL_ON_OBSERVE = "order:cancel_on_observe"
    REPLACED = "order:replaced"
    REPLACE_WAITS = "order:replace_waits"
    REPLACE_OVER = "order:replace_over"
    REPLACE_EXPIRED = "order:replace_expired"
    REJECTED = "order:rejected"
    NOT_SENT = "order:not_sent"
    OUTCOME_UNKNOWN = "order:outcome_unknown"
    # Modes
    NOT_JUDGED = "mode:not_judged"
    MODE_OK = "mode:ok"
    KILL_SWITCH_ACTIVE = "mode:kill_switch_active"
    BOOKS_BEHIND = "mode:books_behind"
    ACCOUNTS_MISSING = "mode:accounts_missing"
    FEE_RATE_MISSING = "mode:fee_conversion_missing_rate"
    DRAWDOWN_LIMIT = "mode:drawdown_limit"
    NO_EQUITY = "mode:no_equity"
    EXPOSURE_LIMIT = "mode:exposure_limit"
    FEE_BUDGET = "mode:fee_budget"
    MIN_CASH = "mode:min_cash"
    NO_MARKS = "mode:mark_price_missing_fail_closed"
    DEGRADED = "mode:degraded"
    DEGRADE_OVERRIDE = "mode:degrade_override"
    ANOMALY = "mode:anomaly"
    UNKNOWN_ORDERS = "mode:unknown_orders"
    MARK_MISSING = "mark:missing"
    # Rebalancing: a step towards a target that is not taken
    SKIP_MIN_NOTIONAL = "skip:min_notional"
    SKIP_DRIFT_BAND = "skip:drift_band"
    SKIP_TURNOVER_CAP = "skip:turnover_cap"
    SKIP_CASH_LIMIT = "skip:cash_limit"
    SKIP_MAX_ORDERS = "skip:max_orders"
    SKIP_OBSERVE_ONLY = "skip:observe_only"
    SKIP_REDUCE_ONLY = "skip:mode_reduce_risk_only"
    SKIP_OPEN_ORDER = "skip:open_order"
    SKIP_MISSING_MARK = "skip:missing_mark_price"
    SKIP_RULES = "skip:rules_unavailable"
    SKIP_PRICE_ZERO = "skip:price_rounds_to_zero"
    SKIP_BUFFERS = "skip:insufficient_notional_after_buffers"
    SKIP_NO_SELL_QTY = "skip:spot_sell_requires_inventory"
    SKIP_NO_INVENTORY = "skip:insufficient_inventory_free_qty"
    SKIP_QTY_ZERO = "skip:qty_rounds_to_zero"
    SKIP_UNDER_MIN_QTY = "skip:qty_below_min_qty_after_quantize"
    SKIP_OVER_MAX_QTY = "skip:max_qty"
    SKIP_UNDER_MIN_TOTAL = "skip:notional_below_min_total_after_quantize"
    SKIP_UNDER_OUR_MIN = "skip:notional_below_internal_min_after_quantize"
    SKIP_THROTTLED = "skip:throttled"
    SKIP_RETRY_WAITS = "skip:retry_waits"
    SKIP_RETRY_GIVEUP = "skip:retry_giveup"
    SKIP_EMPTY_UNIVERSE = "skip:empty_universe"
    # Rebalancing: why an order was placed, what one pair may be worth
    REBALANCE_BUY = "rebalance:underweight"
    REBALANCE_SELL = "rebalance:overweight"
    MAX_SYMBOL_EXPOSURE = "risk_block:max_symbol_exposure_try"
    # Modes of the rebalancing budget
    STALE_DATA = "mode:stale_data"
    EXCHANGE_DEGRADED = "mode:exchange_degraded"
    LOSS_LIMIT = "mode:loss_limit"
    CONSECUTIVE_LOSSES = "mode:consecutive_losses"
    SPREAD_SPIKE = "mode:spread_spike"
    LIQUIDITY_DROP = "mode:liquidity_drop"
    FEE_BURN = "mode:fee_burn"
    CONCENTRATION = "mode:concentration"
    HIGH_VOL = "mode:high_vol"
    COOLDOWN_ACTIVE = "mode:cooldown_active"
    RULES_METADATA = "mode:rules_metadata"


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


class Severity(StrEnum):
    """How bad an anomaly is: a warning counts, an error stops new orders at once."""

    WARN = "WARN"
    ERROR = "ERROR"


MEANING: dict[Reason, str] = {
    Reason.CONSERVATIVE_ENTRY: "no position and a narrow spread: buy the entry budget at the ask",
    Reason.TAKE_PROFIT: "the bid pays cost, both fees and the profit wanted: sell a part",
    Reason.TAKE_PROFIT_ALL: "as take_profit; a part or its rest would be too small: sell all",
    Reason.STOP_LOSS: "the bid fell through the stop: sell all",
    Reason.FIRST_ENTRY: "mean reversion holds none of the pair: buy the first entry at the ask",
    Reason.MEAN_REVERSION_BUY: "the price is far enough under its mean: buy more at the ask",
    Reason.MEAN_REVERSION_SELL: "the price is far enough over its mean: sell at the bid",
    Reason.HOLD_UNDER_THRESHOLD: "the position has not earned its costs and the profit wanted",
    Reason.HOLD_SPREAD_TOO_WIDE: "bid and ask are too far apart to enter",
    Reason.HOLD_NO_CASH: "no free cash is left to enter with",
    Reason.HOLD_OPEN_ORDER: "an order on this side is open already",
    Reason.HOLD_DUST: "the position is too small to be sold on the exchange",
    Reason.HOLD_NO_ANCHOR: "too few prices have been seen yet for a mean",
    Reason.HOLD_INSIDE_BAND: "the price is close to its mean",
    Reason.HOLD_NO_FIRST_ENTRY: "holds none of the pair, and no first entry is set",
    Reason.ALLOCATED_CASH: "made smaller: so much cash is left to deploy in this cycle",
    Reason.ALLOCATED_POSITION: "made smaller: a position on one pair may not be larger",
    Reason.ALLOCATED_CYCLE: "made smaller: one cycle may not buy more",
    Reason.ALLOCATED_EXPOSURE: "made smaller: all that is held and ordered may not come to more",
    Reason.ALLOCATED_ORDER: "made smaller: one order may not be larger",
    Reason.ALLOCATED_HELD: "made smaller: no more than this is held",
    Reason.ALLOCATED_UP: "made larger: it would have been under the minimum, and there is room",
    Reason.ALLOCATION_TOO_SMALL: "what may be spent is under the minimum",
    Reason.ALLOCATION_NO_POSITION: "nothing of the pair is held to sell",
    Reason.ALLOCATION_PAIR_TAKEN: "another strategy's wish on the pair goes first",
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
    Reason.TRADES_NOT_HEARD: "the exchange's limits hold back what was traded: the pair waits",
    Reason.NON_POSITIVE_AFTER_QUANTIZE: "nothing is left after rounding to the exchange's steps",
    Reason.MIN_NOTIONAL: "the total is under the minimum",
    Reason.PRICE_OUT_OF_BOUNDS: "the price is outside what the exchange accepts",
    Reason.QTY_OUT_OF_BOUNDS: "the quantity is outside what the exchange accepts",
    Reason.CASH_RESERVE: "it would touch the cash that is to be kept",
    Reason.NO_INVENTORY: "there is not enough free to sell",
    Reason.NOTIONAL_CAP: "this cycle has bought as much as one cycle may",
    Reason.DUPLICATE: "the same order was decided before under the same id",
    Reason.MAX_ORDERS_PER_CYCLE: "this cycle has placed as many orders as one cycle may",
    Reason.ORDER_CAP: "made smaller: one order may not be larger",
    Reason.FREE_QTY: "made smaller: no more than this is free to sell",
    Reason.MAX_DAILY_LOSS: "today has lost as much as a day may: no BUY until tomorrow",
    Reason.MAX_DRAWDOWN: "equity has fallen too far under its peak: no BUY",
    Reason.MAX_ORDER_NOTIONAL: "one order may not be so large",
    Reason.MAX_POSITION_NOTIONAL: "all positions and open BUYs together may not be so large",
    Reason.MAX_GROSS_EXPOSURE: "all that is held and ordered may not come to so much",
    Reason.MIN_PROFIT: "the price does not pay cost, fee, slippage and the profit wanted",
    Reason.NEAR_DUPLICATE: "nearly the same order is open already",
    Reason.REPLACE_EXPOSURE: "the old order and the new one together could come to too much",
    Reason.KILLED: "the kill latch was set before the order left: not sent",
    Reason.NOT_ARMED: "no lease to trade live is held: not sent",
    Reason.OVER_LEASE_LIMIT: "more than the operator granted when arming: not sent",
    Reason.PLACED: "sent to the exchange",
    Reason.EXPIRED: "open for longer than its time to live: cancel",
    Reason.CANCEL_ON_KILL: "killed: our open orders are cancelled",
    Reason.CANCEL_RETRY: "the cancel has not come through: ask again",
    Reason.DRIFTED: "the price has left the order behind: cancel",
    Reason.CANCEL_ON_OBSERVE: "the drawdown stops new orders: our resting BUYs are cancelled once",
    Reason.REPLACED: "stale, and still wished for: cancel; the rest is ordered when it is gone",
    Reason.REPLACE_WAITS: "an order on this side is being replaced: its rest goes first",
    Reason.REPLACE_OVER: "nothing worth ordering is left of the order that was replaced",
    Reason.REPLACE_EXPIRED: "the rest of a replaced order could not be placed in time: given up",
    Reason.REJECTED: "the exchange refused the order",
    Reason.NOT_SENT: "the order never left this machine",
    Reason.OUTCOME_UNKNOWN: "no usable answer: the pair is frozen until evidence decides",
    Reason.NOT_JUDGED: "nobody judged this cycle: nothing may be done",
    Reason.MODE_OK: "no limit is touched",
    Reason.KILL_SWITCH_ACTIVE: "the kill latch is set",
    Reason.BOOKS_BEHIND: "an order of ours at the exchange is not in our books: they have lost it",
    Reason.ACCOUNTS_MISSING: "balances are not known: nothing may be done",
    Reason.FEE_RATE_MISSING: "a fee in a currency without a rate: only less risk is allowed",
    Reason.DRAWDOWN_LIMIT: "the loss from the peak, or of today, is at its limit",
    Reason.NO_EQUITY: "nothing is left, or less than nothing",
    Reason.EXPOSURE_LIMIT: "what is held in all, or in one pair, is over its limit",
    Reason.FEE_BUDGET: "today's fees are over their budget",
    Reason.MIN_CASH: "free cash is under what must be kept",
    Reason.NO_MARKS: "no price is known to value what is held, or of any pair: fail closed",
    Reason.DEGRADED: "anomalies made the mode stricter; it loosens step by step",
    Reason.DEGRADE_OVERRIDE: "the operator made the mode stricter until a set time",
    Reason.ANOMALY: "an error that was found in this cycle",
    Reason.UNKNOWN_ORDERS: "what became of an order is not known: no new risk anywhere",
    Reason.MARK_MISSING: "no price for a holding: valued at its last mark, else at cost",
    Reason.SKIP_MIN_NOTIONAL: "the pair is closer to its target than the smallest order",
    Reason.SKIP_DRIFT_BAND: "the pair is inside the band around its target",
    Reason.SKIP_TURNOVER_CAP: "this cycle has turned over as much as one cycle may",
    Reason.SKIP_CASH_LIMIT: "free cash over its target does not pay for it",
    Reason.SKIP_MAX_ORDERS: "this cycle has planned as many orders as one cycle may",
    Reason.SKIP_OBSERVE_ONLY: "the mode allows no new order",
    Reason.SKIP_REDUCE_ONLY: "the mode allows no BUY",
    Reason.SKIP_OPEN_ORDER: "an order on the pair is still open",
    Reason.SKIP_MISSING_MARK: "no price is known for the pair",
    Reason.SKIP_RULES: "the exchange's rules for the pair are not known",
    Reason.SKIP_PRICE_ZERO: "the price is under one tick",
    Reason.SKIP_BUFFERS: "less than the least order is left after fee and rounding buffers",
    Reason.SKIP_NO_SELL_QTY: "a SELL of nothing",
    Reason.SKIP_NO_INVENTORY: "nothing of the pair is free to sell",
    Reason.SKIP_QTY_ZERO: "the quantity is under one lot",
    Reason.SKIP_UNDER_MIN_QTY: "the rounded quantity is under the least the exchange takes",
    Reason.SKIP_OVER_MAX_QTY: "the quantity is over the most the exchange takes at once",
    Reason.SKIP_UNDER_MIN_TOTAL: "the rounded order is under the exchange's minimum",
    Reason.SKIP_UNDER_OUR_MIN: "the rounded order is under our own minimum",
    Reason.SKIP_THROTTLED: "orders may not leave faster: the bucket is empty",
    Reason.SKIP_RETRY_WAITS: "the last try failed; the next waits its turn",
    Reason.SKIP_RETRY_GIVEUP: "the last tries all failed: given up for a while",
    Reason.SKIP_EMPTY_UNIVERSE: "no pair may be traded now",
    Reason.REBALANCE_BUY: "the pair is worth less than its target: buy",
    Reason.REBALANCE_SELL: "the pair is worth more than its target: sell",
    Reason.MAX_SYMBOL_EXPOSURE: "one pair may not be worth so much",
    Reason.STALE_DATA: "market data are older than allowed, or there are none",
    Reason.EXCHANGE_DEGRADED: "the line to the exchange is not well",
    Reason.LOSS_LIMIT: "today has lost as much as a day may",
    Reason.CONSECUTIVE_LOSSES: "too many sales in a row have lost",
    Reason.SPREAD_SPIKE: "bid and ask are too far apart",
    Reason.LIQUIDITY_DROP: "too little is traded",
    Reason.FEE_BURN: "today's fees are at their limit",
    Reason.CONCENTRATION: "too much of the equity is in the largest positions",
    Reason.HIGH_VOL: "the spread tells of high volatility: caps are halved, or more",
    Reason.COOLDOWN_ACTIVE: "an earlier breach is still cooling down; its reasons follow",
    Reason.RULES_METADATA: "the exchange's rules of a pair are not known: nothing is ordered",
}
