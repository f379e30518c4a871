"""The catalogue: every word that the console itself says, in one place (DEC-29).

Another language is another `Words` value. Codes are no words: a reason, a state or a mode is
shown as it is stored, so that what stands on the screen can be searched for in the log.
"""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from btcbot_core.domain.codes import AnomalyCode
from btcbot_tui.alarm_texts import ALARMS, AlarmWords


class KeyWords(msgspec.Struct, frozen=True):
    """A key's name in the bar and the palette, and its sentence in the help."""

    label: str
    help: str


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """English as it stands; a translation replaces every field."""

    # Banner
    mode_demo: str = "DEMO"
    mode_demo_long: str = "DEMO recorded data, paper orders"
    mode_replay: str = "REPLAY"
    mode_replay_long: str = "REPLAY of a stored run, no orders"
    mode_recorded: str = "RECORDED"
    mode_recorded_long: str = "RECORDED data, paper orders"
    mode_backtest: str = "BACKTEST"
    mode_dry_run: str = "DRY-RUN"
    mode_live_blocked: str = "LIVE BLOCKED"
    mode_live_disarmed: str = "LIVE DISARMED"
    mode_live_armed: str = "LIVE ARMED"
    mode_live_expiring: str = "LIVE EXPIRING"
    flat: str = "flat"
    holding: str = "holding {assets} {value} {quote}"
    holding_short: str = "holding {assets}"
    assets: Mapping[bool, str] = MappingProxyType({True: "1 asset", False: "{count} assets"})
    still_open: str = "{left} of {total} still open at the exchange"
    still_open_short: str = "{left} of {total} open"
    kill_off: str = "kill OFF"
    killed: str = "KILLED"
    killed_not_stored: str = "KILLED, NOT STORED"
    risk: str = "risk"
    book: str = "book"
    data: str = "data"
    data_old: str = "DATA {age} OLD"
    pairs_stale: str = "{count} stale"
    silent: str = "NO NEWS FOR"
    paused: str = "VIEW PAUSED"
    bot_goes_on: str = "the bot goes on"
    ended: str = "ENDED"
    failed: str = "FAILED"
    stopping: str = "STOPPING"
    stopping_long: str = "STOPPING: the runner finishes its cycle"
    outcomes: Mapping[str, str] = MappingProxyType(
        {
            "DATA_END": "the recorded data end here",
            "CYCLES_DONE": "the number of cycles asked for is done",
            "STOPPED": "stopped by the operator",
            "KILLED": "killed",
        }
    )

    # Panels
    cycle: str = "CYCLE"
    of_total: str = "{done} of {total}"
    took: str = "took"
    p95: str = "p95"
    pace: str = "pace"
    pace_max: str = "max"
    pace_held: str = "held"
    pace_every: str = "{pace}"
    overruns: str = "overruns"
    errors: str = "errors"
    profit: str = "PROFIT"
    equity: str = "equity"
    cash: str = "cash"
    realized: str = "realised"
    unrealized: str = "unrealised"
    fees: str = "fees"
    net: str = "net"
    slippage: str = "slippage"
    in_the_prices: str = "within prices"
    drawdown: str = "drawdown"
    under_peak: str = "under {peak}"
    drawdown_limit: str = "limit {limit}"
    curve: str = "equity {low} to {high}"
    orders: str = "ORDERS"
    positions: str = "POSITIONS"
    decisions: str = "DECISIONS"
    quotes: str = "QUOTES"
    log: str = "LOG"
    alarms_title: str = "ALARMS"
    alarms_counted: str = "{count} unacked"
    alarms_rest: str = "{count} more"
    alarm_states: Mapping[str, str] = MappingProxyType(
        {"unacked": "unacked", "acked": "acked", "returned, unacked": "gone, unacked"}
    )
    alarm_times: str = "x{count}"
    alarm_cause: str = "cause"
    alarm_consequence: str = "then"
    alarm_act: str = "do"
    no_alarms: str = "none"
    more_below: str = "▾{count} more"
    more_above: str = "▴{count}"

    # Columns
    pair: str = "pair"
    side: str = "side"
    price: str = "price"
    qty: str = "qty"
    filled: str = "filled"
    age: str = "age"
    ttl: str = "left"
    state: str = "state"
    why: str = "why"
    client_id: str = "client id"
    exchange_id: str = "exchange id"
    avg_cost: str = "avg cost"
    mark: str = "mark"
    value: str = "value"
    change: str = "change"
    share: str = "share"
    target: str = "target"
    away: str = "away"
    universe: str = "UNIVERSE"
    score: str = "score"
    left_out: str = "left out"
    note: str = ""
    action: str = "action"
    reason: str = "reason"
    measured: str = "observed / limit"
    meaning: str = "meaning"
    bid: str = "bid"
    ask: str = "ask"
    spread: str = "bps"
    source: str = "source"
    unknown: str = "unknown"
    old: str = "old"

    # Risk
    orders_left: str = "orders left"
    cash_left: str = "cash left"
    notional_left: str = "notional left"
    degraded: str = "degrade level {level} of {most}"
    cooldown_left: str = "cooldown {left} left"
    clean_cycles: str = "{clean} clean cycles of {needed}"
    held_by_hand: str = "level {level} by hand ({who}) {left} left"
    cooling: str = "cooling down"
    time_left: str = "{left} left"
    exposure: str = "exposure"
    loss_today: str = "loss today"
    fees_today: str = "fees today"
    of_limit: str = "{value} of {limit}"
    gates_closed: str = "live gates closed:"
    gates_open: str = "live gates: all open"

    # Nothing to show, and why
    no_cycle_yet: str = "no cycle yet"
    no_valuation_yet: str = "not valued yet"
    no_orders: str = "none open"
    by_hand: str = "by hand"
    not_booked: str = "not booked"
    no_positions: str = "nothing held"
    no_decisions: str = "nothing to decide"
    no_quote: str = "no quote"
    no_notes: str = "nothing yet"
    mark_missing: str = "no price: last one known"

    # Keys
    enlarge: str = "enlarge"
    kinds: Mapping[str, str] = MappingProxyType(
        {
            "now": "acts at once, never asks",
            "write": "changes the run",
            "view": "changes what you see",
            "go": "moves about",
        }
    )
    places: Mapping[str, str] = MappingProxyType(
        {
            "everywhere": "everywhere",
            "overview": "overview",
            "recorded": "recorded data",
            "live": "live runs",
            "armed": "while armed",
            "alarmed": "with alarms",
            "killed": "while killed",
            "panel": "enlarged panel",
        }
    )
    keys: Mapping[str, KeyWords] = MappingProxyType(
        {
            "kill": KeyWords(
                "KILL",
                "Set the kill latch: no new order leaves from this instant on. Never asks; works in"
                " every dialog and field. It stays set across restarts until it is reset.",
            ),
            "disarm": KeyWords("disarm", "End the leave to send live orders, now."),
            "arm": KeyWords(
                "arm",
                "Begin to arm: shows what must hold, then asks for a time, a reason and a phrase to"
                " be typed. Nothing is armed before that.",
            ),
            "extend": KeyWords("extend", "Arm anew before the lease runs out. Asks for it all."),
            "acknowledge": KeyWords(
                "acknowledge",
                "Say that you have seen the alarm that stands first. It stays while it lasts.",
            ),
            "reset": KeyWords(
                "reset kill", "Clear the kill latch. Asks for a reason and the word RESET."
            ),
            "slower": KeyWords(
                "slower", "Run recorded data one notch slower, down to a standstill."
            ),
            "faster": KeyWords("faster", "Run recorded data one notch faster, up to full speed."),
            "step": KeyWords("step", "Hold recorded data and run a single turn."),
            "pause": KeyWords(
                "pause view", "Freeze what you see. The bot goes on; so does the banner."
            ),
            "orders": KeyWords("orders", "Enlarge the orders; again, or Esc, goes back."),
            "positions": KeyWords("positions", "Enlarge the positions."),
            "decisions": KeyWords("decisions", "Enlarge this cycle's decisions and their meaning."),
            "risk": KeyWords("risk", "Enlarge the risk mode, all its reasons and the gates."),
            "quotes": KeyWords("quotes", "Enlarge the quotes."),
            "profit": KeyWords("profit", "Enlarge profit and loss with the curve of equity."),
            "log": KeyWords("log", "Enlarge the log."),
            "alarms": KeyWords("alarms", "Enlarge the alarms: cause, consequence, what to do."),
            "back": KeyWords("back", "Back to all panels. Never acts on the market."),
            "up": KeyWords("up", "One line up."),
            "down": KeyWords("down", "One line down."),
            "page_up": KeyWords("page up", "Ten lines up."),
            "page_down": KeyWords("page down", "Ten lines down."),
            "palette": KeyWords("command", "Find an act by its name."),
            "help": KeyWords("help", "This list."),
            "quit": KeyWords(
                "quit", "Say what will become of the runner and its orders, then leave."
            ),
            "interrupt": KeyWords(
                "quit", "The same as q. Pressed twice it goes back, never further."
            ),
        }
    )
    manual_title: str = "# Keys of the console"
    manual_text: str = (
        "Made from the key table in `btcbot_tui/keymap.py`. What stops the bot is one key and never"
        " asks; what loosens asks for more than a key. Nothing needs a mouse."
    )

    # Answers in the bar of keys
    kill_set: str = "KILLED: no new order leaves"
    kill_again: str = "already killed"
    kill_not_stored: str = "KILLED in memory, but not stored: {problem}"
    disarmed_by: str = "disarmed by {who}"
    disarmed: str = "disarmed: no live order leaves"
    arm_on_paper: str = "this run is on paper: nothing to arm"
    arm_not_yet: str = "not yet: the first cycle is still to come"
    arm_over: str = "this run has ended: nothing to arm"
    arm_left: str = "nothing was armed"
    arm_timed_out: str = "closed by itself: nothing was armed"
    arm_phrase_over: str = "the phrase ran out: nothing was armed"
    acknowledged: str = "acknowledged: {alarm}"
    acknowledge_read_first: str = "read it first: it has only just come up"
    acknowledge_none: str = "no alarm waits"
    reset_asked: str = "reset asked for: the banner shows the answer"
    pace_now: str = "pace: {pace}"
    stepped: str = "one step"
    leaving: str = "the runner finishes its cycle; q again leaves the screen now"
    suspend_refused: str = "Ctrl+Z refused: it would stop the bot in silence"

    # Dialogs
    cancel: str = "Cancel"
    arm_title: str = "Arm live trading"
    arm_step: str = "step {step} of 3"
    arm_ok: str = "ok"
    arm_no: str = "NO"
    arm_wait: str = "The runner has not answered yet."
    arm_blocked: str = "What says NO must hold before this can be armed."
    arm_ready: str = "All holds. Nothing is armed yet."
    arm_limits: str = (
        "At most {order} {quote} an order, {exposure} {quote} exposure, {orders} open orders."
        "\nPairs: {pairs}"
    )
    arm_no_limits: str = "This run grants nothing: it has no limits."
    arm_minutes: str = "For how many minutes (1 to {most})"
    arm_reason: str = "Why"
    arm_reason_hint: str = "a sentence for the journal"
    arm_type: str = "Type  {phrase}"
    arm_type_hint: str = "typed, not pasted"
    arm_pasted: str = "Pasting is refused: type it."
    arm_closes: str = "Closes itself in {seconds} s. Ctrl+K kills, Esc cancels."
    arm_go_on: str = "Go on"
    arm_do: str = "Arm"
    arm_asked: str = "Asked for. The runner answers between two cycles."
    arm_refused: str = "NOT ARMED"
    arm_awaited: str = "ARMED, {left} left; the first order is awaited."
    arm_confirmed: str = "ARMED, {left} left; the first order was confirmed by the exchange."
    arm_unending: str = "no end"
    arm_back: str = "BACK TO DISARMED: {because}"
    arm_goes_on: str = "Closing this window changes nothing. D disarms, Ctrl+K kills."
    close: str = "Close"
    reset_title: str = "Reset the kill latch"
    reset_text: str = (
        "Killed {at} by {who}: {why}\n\nAfter the reset the next cycle may place orders again, as"
        " far as mode and limits allow."
    )
    reset_reason: str = "Why is it safe to go on?"
    reset_word: str = "RESET"
    reset_reason_hint: str = "a sentence for the journal"
    reset_type: str = "Type RESET"
    reset_type_hint: str = "typed, not pasted"
    reset_do: str = "Reset"
    quit_title: str = "Leave the console?"
    quit_runner: str = "The runner finishes cycle {step}, commits it and stops."
    quit_runner_first: str = "The runner finishes the cycle it is in, commits it and stops."
    quit_orders_paper: str = (
        "{count} open paper orders stay in the database; the next start takes them up again."
    )
    quit_orders_demo: str = "{count} paper orders are open. Without --db they go with the demo."
    quit_orders_live: str = (
        "{count} OPEN ORDERS STAY ON THE EXCHANGE. Nobody watches them until the next start."
    )
    quit_orders_none: str = "No order is open."
    quit_do: str = "Leave"
    quit_hint: str = "y leaves   Esc goes back"
    help_title: str = "Keys"
    help_hint: str = "Esc goes back"
    palette_hint: str = "an act, by its name"

    # Alarms
    alarms: Mapping[AnomalyCode, AlarmWords] = ALARMS

    # The end
    no_terminal: str = "a terminal is needed: {problem}"
    no_terminal_hint: str = "without a screen: btcbot-core run, status, kill, reset (see --help)"
    not_joined: str = (
        "the runner did not finish within {seconds} s and was abandoned;"
        " the next start recovers what it was doing"
    )
    console_failed: str = (
        "btcbot-tui: the console failed; the runner finishes its cycle. The log says why."
    )

    # The smallest screens
    too_small: str = "This console needs {columns}x{rows}; the terminal has {width}x{height}."
    too_small_keys: str = "Ctrl+K kills   q leaves"


ENGLISH = Words()
