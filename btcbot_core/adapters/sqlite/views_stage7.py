"""The views of rebalancing runs, and of what watches over all runs, under their required names.

They read the trace, so that nothing is stored twice; a column is here only where we hold it.
"""

from btcbot_core.cycle.learning import NoTrades

_TRACE = "CAST(y.trace AS TEXT)"
_OWN = f"{_TRACE} -> '$.extra.rebalance'"
# The candidates that nothing excluded, best first.
_CHOSEN = (
    f"FROM json_each({_TRACE}, '$.extra.rebalance.pairs') p"
    " WHERE json_array_length(p.value, '$[3]') = 0"
)

_CYCLES = """
      FROM cycles y JOIN runs r ON r.id = y.run
     WHERE r.stage = 'stage7'"""
_ORDERS = """
      FROM orders o JOIN runs r ON r.id = o.run
     WHERE r.stage = 'stage7'"""

# Every piece is a literal of this module.
STAGE7_VIEWS: dict[str, str] = {
    "stage7_cycle_trace": f"""
    SELECT y.run, y.id AS cycle_id, y.at AS ts,
           (SELECT json_group_array(p.value ->> '$[0]') {_CHOSEN}) AS selected_universe_json,
           {_OWN} -> '$.pairs' AS universe_scores_json,
           json_object('intents', y.intents, 'fills', y.fills, 'orders_open', y.orders_open)
             AS intents_summary_json,
           json_object('final_mode', y.mode, 'risk_reasons', json({_TRACE} -> '$.reasons'))
             AS mode_json,
           {_TRACE} -> '$.decisions' AS order_decisions_json,
           coalesce({_OWN} -> '$.plan', '{{}}') AS portfolio_plan_json,
           {_TRACE} -> '$.intents' AS order_intents_json,
           coalesce({_OWN} ->> '$.version', 1) AS active_param_version,
           {_OWN} -> '$.change' AS param_change_json{_CYCLES}""",
    "stage7_ledger_metrics": f"""
    SELECT y.run, y.id AS cycle_id, y.at AS ts, {_TRACE} ->> '$.realized' AS realized_pnl_try,
           y.net_try AS net_pnl_try, {_TRACE} ->> '$.fees' AS fees_try,
           {_TRACE} ->> '$.slippage' AS slippage_try,
           coalesce({_OWN} ->> '$.turnover', '0') AS turnover_try, y.equity_try,
           y.drawdown_ratio{_CYCLES}""",
    "stage7_run_metrics": f"""
    SELECT y.run AS run_id, y.id AS cycle_id, y.at AS ts, y.mode AS mode_final,
           (SELECT COUNT(*) {_CHOSEN}) AS universe_size,
           y.intents AS intents_planned_count, y.fills AS fills_written_count, y.equity_try,
           y.net_try AS net_pnl_try, {_TRACE} ->> '$.fees' AS fees_try,
           {_TRACE} ->> '$.slippage' AS slippage_try, y.drawdown_ratio,
           coalesce({_OWN} ->> '$.turnover', '0') AS turnover_try,
           coalesce({_OWN} -> '$.quality', '[]') AS quality_flags_json,
           coalesce({_OWN} -> '$.alerts', '[]') AS alert_flags_json,
           iif(json_type({_OWN}, '$.no_trades') IS NULL, '{NoTrades.NOTHING_PLANNED}',
               {_OWN} ->> '$.no_trades') AS no_trades_reason{_CYCLES}""",
    "stage7_order_intents": f"""
    SELECT o.run, o.client_id AS client_order_id, o.cycle_id, o.created_at AS ts, o.symbol, o.side,
           o.type AS order_type, o.price AS price_try, o.qty, o.reason, o.status{_ORDERS}""",
    "stage7_orders": f"""
    SELECT o.run, o.exchange_id AS order_id, o.client_id AS client_order_id, o.cycle_id, o.symbol,
           o.side, o.type AS order_type, o.price AS price_try, o.qty, o.filled_qty, o.status,
           o.updated_at AS last_update{_ORDERS}""",
    "stage7_order_events": """
    SELECT o.run, e.client_id || ':' || e.seq AS event_id, e.at AS ts, e.cycle_id,
           e.exchange_id AS order_id, e.client_id AS client_order_id, e.kind AS event_type,
           json_object('before', e.before, 'after', e.after, 'qty', e.qty, 'evidence', e.evidence)
             AS payload_json
      FROM order_events e
      JOIN orders o ON o.client_id = e.client_id
      JOIN runs r ON r.id = o.run
     WHERE r.stage = 'stage7'""",
    "stage7_idempotency_keys": f"""
    SELECT o.run, o.client_id AS key, o.created_at AS ts,
           substr(o.client_id, instr(o.client_id, '-') + 1) AS payload_hash{_ORDERS}""",
    "stage7_risk_decisions": f"""
    SELECT y.run, y.id AS cycle_id, y.at AS decided_at, y.mode,
           coalesce({_TRACE} -> '$.reasons', '[]') AS reasons_json,
           y.mode <> 'OBSERVE_ONLY' AS allow_submit, 1 AS allow_cancel{_CYCLES}""",
    "stage7_param_changes": f"""
    SELECT y.run, y.id AS change_id, y.at AS ts, {_OWN} ->> '$.change[2]' AS from_version,
           {_OWN} ->> '$.change[3]' AS to_version, {_OWN} -> '$.change[4]' AS change_json,
           {_OWN} ->> '$.change[0]' AS outcome, {_OWN} ->> '$.change[1]' AS reason{_CYCLES}
       AND {_OWN} -> '$.change' IS NOT NULL""",
    "stage7_params_checkpoints": """
    SELECT c.run, g.value ->> '$[0]' AS version, g.value -> '$[1]' AS params_json, 1 AS is_good
      FROM checkpoints c
      JOIN json_each(c.carried, '$.rebalance.adaptation.good') g""",
    "stage7_params_active": """
    SELECT c.run, 'active' AS key, c.carried ->> '$.rebalance.adaptation.version' AS version,
           c.carried -> '$.rebalance.adaptation.active' AS params_json, y.at AS ts
      FROM checkpoints c LEFT JOIN cycles y ON y.id = c.cycle_id
     WHERE c.carried -> '$.rebalance.adaptation' IS NOT NULL""",
    "risk_state_current": """
    SELECT y.run, r.stage, y.id AS cycle_id, y.at AS ts, y.mode AS current_mode
      FROM cycles y JOIN runs r ON r.id = y.run
     WHERE y.step = (SELECT max(z.step) FROM cycles z WHERE z.run = y.run)""",
    "anomaly_events": f"""
    SELECT y.run, r.stage, y.id AS cycle_id, y.at AS ts, a.value ->> '$[0]' AS code,
           a.value ->> '$[1]' AS severity, a.value ->> '$[2]' AS observed,
           a.value ->> '$[3]' AS "limit", a.value ->> '$[4]' AS about
      FROM cycles y
      JOIN runs r ON r.id = y.run
      JOIN json_each({_TRACE}, '$.anomalies') a""",  # noqa: S608
    "degrade_state_current": """
    SELECT c.run, coalesce(c.carried ->> '$.degrade.level', 0) AS level,
           c.carried ->> '$.degrade.cooldown_until' AS cooldown_until,
           c.carried -> '$.degrade.override' AS override_json, y.at AS updated_at
      FROM checkpoints c LEFT JOIN cycles y ON y.id = c.cycle_id""",
}
