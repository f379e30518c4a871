"""Read-only views under the names that the requirements use (C10), over the tables as they are.

A column is here only where we hold it. Nothing is computed in SQL that would leave exact numbers:
averages and percentages are the programs' business.
"""

from btcbot_core.adapters.sqlite.views_stage7 import STAGE7_VIEWS

_FILLS = """
    SELECT f.run, r.stage, substr(f.id, 6) AS fill_id, f.exchange_id AS order_id, f.symbol, f.side,
           f.price, f.qty, p.amount AS fee, p.asset AS fee_asset, p.asset AS fee_currency,
           f.client_id AS client_order_id, f.cycle_id, f.at AS ts
      FROM ledger_events f
      JOIN runs r ON r.id = f.run
      LEFT JOIN ledger_events p ON p.run = f.run AND p.id = 'fee:' || substr(f.id, 6)
     WHERE f.kind = 'fill'"""

_POSITIONS = """
    SELECT c.run, r.stage, h.key AS symbol, h.value ->> 'qty' AS qty,
           h.value ->> 'cost_try' AS cost_try, h.value ->> 'realized_try' AS realized_pnl,
           h.value ->> 'realized_try' AS realized_pnl_try, y.at AS updated_at,
           y.at AS last_update_ts
      FROM checkpoints c
      JOIN runs r ON r.id = c.run
      JOIN json_each(c.carried, '$.ledger.holdings') h
      LEFT JOIN cycles y ON y.id = c.cycle_id"""

VIEWS: dict[str, str] = {
    "fills": _FILLS,
    "stage4_fills": f"SELECT * FROM ({_FILLS}) WHERE stage = 'stage4'",  # noqa: S608
    "positions": _POSITIONS,
    "stage4_positions": f"SELECT * FROM ({_POSITIONS}) WHERE stage = 'stage4'",  # noqa: S608
    "applied_fills": """
    SELECT e.run, substr(e.id, 6) AS fill_id, y.at AS applied_at
      FROM ledger_events e LEFT JOIN cycles y ON y.id = e.cycle_id
     WHERE e.kind = 'fill'""",
    "intents": """
    SELECT o.run, r.stage, o.client_id AS intent_id, o.cycle_id, o.symbol, o.side, o.type,
           o.price, o.qty, o.reason, o.client_id AS idempotency_key, o.created_at
      FROM orders o JOIN runs r ON r.id = o.run""",
    "actions": """
    SELECT o.run, r.stage, e.cycle_id,
           CASE e.kind WHEN 'planned' THEN 'place_order' ELSE 'cancel_order' END AS action_type,
           e.client_id || ':' || e.seq AS dedupe_key,
           CAST(strftime('%s', e.at) AS INTEGER) AS created_at_epoch,
           e.client_id AS client_order_id, e.exchange_id AS order_id
      FROM order_events e
      JOIN orders o ON o.client_id = e.client_id
      JOIN runs r ON r.id = o.run
     WHERE e.kind IN ('planned', 'cancel_sent')""",
    "stage4_orders": """
    SELECT o.run, o.symbol, o.client_id AS client_order_id, o.client_id AS exchange_client_id,
           o.exchange_id AS exchange_order_id, o.side, o.price, o.qty, o.filled_qty, o.status,
           r.kind AS mode, o.created_at, o.updated_at
      FROM orders o JOIN runs r ON r.id = o.run
     WHERE r.stage = 'stage4'""",
    "pnl_snapshots": """
    SELECT y.run, r.stage, y.id AS cycle_id, y.equity_try AS total_equity_try, y.cash_try,
           y.capital_try, y.net_try AS net_pnl_try, y.drawdown_ratio, y.at AS ts
      FROM cycles y JOIN runs r ON r.id = y.run""",
    "cycle_audit": """
    SELECT y.run, r.stage, y.id AS cycle_id, y.at AS ts,
           json_object('orders_open', y.orders_open, 'intents', y.intents, 'fills', y.fills)
             AS counts_json,
           CAST(y.trace AS TEXT) AS envelope_json
      FROM cycles y JOIN runs r ON r.id = y.run""",
    "risk_decisions": """
    SELECT y.run, r.stage, y.id AS decision_id, y.at AS ts, y.mode,
           lag(y.mode) OVER (PARTITION BY y.run ORDER BY y.step) AS prev_mode
      FROM cycles y JOIN runs r ON r.id = y.run""",
    "cursors": """
    SELECT e.run, 'fills:' || e.symbol AS key, max(e.at) AS value, max(y.at) AS updated_at
      FROM ledger_events e LEFT JOIN cycles y ON y.id = e.cycle_id
     WHERE e.kind = 'fill'
     GROUP BY e.run, e.symbol""",
    **STAGE7_VIEWS,
}
