"""The readiness checks, in the order in which they are shown."""

from datetime import UTC, datetime, timedelta
from difflib import get_close_matches

from btcbot_core.app.check import Ask, Check, Question, of_online, question, size_words, some
from btcbot_core.app.facts import Facts, OnlineFact
from btcbot_core.app.service_checks import SERVICE_CHECKS
from btcbot_core.app.store_checks import (
    kill_latch,
    lock_holder,
    orders_settled,
    run_last_cycle,
    store_backup,
    store_durable,
    store_ledger,
    store_readable,
    store_schema,
    store_wal,
    store_witness,
)
from btcbot_core.domain.money import ZERO, canonical

MIB = 1024 * 1024
DISK_FAILS = 100 * MIB
DISK_WARNS = 1024 * MIB
OFFSET_WARNS_MS = 2_000
OFFSET_FAILS_MS = 5_000
BUILT = datetime(2026, 1, 1, tzinfo=UTC)
"""No clock that is right shows an earlier time than this program has."""
FUTURE_MAX = timedelta(minutes=5)
NAME_LIKENESS = 0.86
SET_THE_CLOCK = "let a time server set this machine's clock"

LIVE_SETTINGS = (
    "SYMBOLS",
    "MAX_ORDERS_PER_CYCLE",
    "NOTIONAL_CAP_TRY_PER_CYCLE",
    "RISK_MAX_ORDER_NOTIONAL_TRY",
    "RISK_MAX_GROSS_EXPOSURE_TRY",
    "TRY_CASH_TARGET",
    "STOP_LOSS_BPS",
)
"""What one should have decided oneself before money is at stake."""
RETIRED_NAMES = {
    "SAFE_MODE": "set KILL_SWITCH=true instead",
    "KILL_SWITCH_FREEZE_ALL": "set KILL_SWITCH=true and ON_KILL=keep instead",
    "PROCESS_ROLE": "there are no roles: the four gates decide",
    "APP_ROLE": "there are no roles: the four gates decide",
}
"""Names that promise safety elsewhere and are not read here."""


# ------------------------------------------------------------------------ gates and the key


@question("gates", "open")
def gates_open(ask: Ask, facts: Facts) -> Check:
    closed = facts.settings.gates.closed
    if not closed:
        return ask.ok("all four", "orders cost money once the bot is armed")
    seen = f"closed: {', '.join(closed)}"
    if facts.is_for_live:
        wanted = "DRY_RUN=false KILL_SWITCH=false LIVE_TRADING=true LIVE_TRADING_ACK=I_UNDERSTAND"
        return ask.fail(seen, "no order can cost money", wanted)
    return ask.ok(seen, "no order can cost money; paper trading needs no gate")


@question("gates", "coherent")
def gates_coherent(ask: Ask, facts: Facts) -> Check:
    """Gates that contradict each other stay closed; but somebody meant something else."""
    gates = facts.settings.gates
    contradictions = {
        "LIVE_TRADING_ACK is not exactly I_UNDERSTAND": facts.settings.is_ack_given
        and not gates.acknowledged,
        "LIVE_TRADING=true with DRY_RUN=true": gates.live_trading and gates.dry_run,
        "LIVE_TRADING=true with KILL_SWITCH=true": gates.live_trading and gates.kill_switch,
        "LIVE_TRADING_ACK is given with LIVE_TRADING=false": gates.acknowledged
        and not gates.live_trading,
    }
    if found := [words for words, is_so in contradictions.items() if is_so]:
        return ask.warn("; ".join(found), "the closed gate wins", "decide for live or for paper")
    return ask.ok("they say one thing")


@question("credentials", "present")
def credentials_present(ask: Ask, facts: Facts) -> Check:
    settings = facts.settings
    pair = {"BTCTURK_API_KEY": settings.has_key, "BTCTURK_API_SECRET": settings.has_secret}
    missing = [name for name, is_there in pair.items() if not is_there]
    if not missing:
        source = settings.sources.get("BTCTURK_API_SECRET", "")
        return ask.ok(f"key and secret, from the {source}", "they are never shown")
    if len(missing) == len(pair) and not facts.is_for_live:
        return ask.skip("none; paper trading needs none")
    words = " and ".join(missing)
    return ask.fail(f"no {words}", "the account cannot be reached", f"set {words}")


@of_online("credentials", "accepted")
def credentials_accepted(ask: Ask, _facts: Facts, online: OnlineFact) -> Check:
    if online.account_problem is None:
        return ask.skip("no key to try")
    if online.account_problem:
        return ask.fail(
            online.account_problem,
            "the exchange does not let this key read the account",
            "check the key, its rights and its IP addresses at BTCTurk",
        )
    return ask.ok("the exchange answers with balances")


# --------------------------------------------------------------------------------- settings


@question("settings", "names")
def settings_names(ask: Ask, facts: Facts) -> Check:
    """A name that nothing reads protects nobody, whatever it is set to."""
    known, given = facts.settings.known_names, facts.settings.environment_names
    retired = sorted((given | facts.settings.odd_names) & RETIRED_NAMES.keys())
    alike = [
        f"{name} (for {meant[0]}?)"
        for name in sorted(given - known - RETIRED_NAMES.keys())
        if (meant := get_close_matches(name, sorted(known), 1, NAME_LIKENESS))
    ]
    seen = some([*retired, *sorted(facts.settings.odd_names - set(retired)), *alike])
    if retired:
        advice = "; ".join(f"{name}: {RETIRED_NAMES[name]}" for name in retired)
        return ask.grave(seen, "nothing reads it: it protects nobody", advice)
    if seen:
        return ask.warn(seen, "no setting of ours: nothing reads it", "correct or remove it")
    return ask.ok("every name is a setting of ours")


@question("settings", "decided")
def settings_decided(ask: Ask, facts: Facts) -> Check:
    sources = facts.settings.sources
    unset = [name for name in LIVE_SETTINGS if sources.get(name, "default") == "default"]
    if not unset:
        return ask.ok("all that matters for live trading is set")
    seen = f"set by nobody: {', '.join(unset)}"
    if facts.is_for_live:
        return ask.warn(seen, "defaults decide about money", "set each of them on purpose")
    return ask.ok(seen, "defaults; they matter once money is at stake")


@question("settings", "caps")
def settings_caps(ask: Ask, facts: Facts) -> Check:
    caps = facts.settings.caps
    seen = ", ".join(f"{name}={canonical(value)}" for name, value in caps.items())
    if nothing := [name for name, value in caps.items() if value <= ZERO]:
        meaning = f"{', '.join(nothing)} allows nothing"
        return ask.grave(seen, meaning, "set it over 0, or stay on paper")
    return ask.ok(seen)


@question("settings", "address")
def settings_address(ask: Ask, facts: Facts) -> Check:
    settings = facts.settings
    if settings.is_usual_address:
        return ask.ok(settings.address)
    if settings.is_rehearsal:
        return ask.ok(settings.address, "an exchange on this machine: nobody's money")
    return ask.grave(
        settings.address,
        "requests signed with the key go to another host than BTCTurk's",
        "set BTCTURK_BASE_URL=https://api.btcturk.com",
    )


@question("symbols", "valid")
def symbols_valid(ask: Ask, facts: Facts) -> Check:
    symbols, quotes = facts.settings.symbols, facts.settings.quotes
    if len(quotes) == 1:
        return ask.ok(some(symbols))
    return ask.fail(
        f"quoted in {some(quotes) or 'nothing'}",
        "one run has one quote currency",
        "let SYMBOLS name pairs of one quote currency",
    )


# --------------------------------------------------------------------- the exchange, the clock


@question("exchange", "answers")
def exchange_answers(ask: Ask, facts: Facts) -> Check:
    online = facts.online
    if online is None:
        return ask.skip("not asked", "add --online")
    if online.problem:
        return ask.fail(online.problem, "no line to the exchange", "check the network, try again")
    return ask.ok(f"{online.address} in {online.round_trip_ms} ms")


@of_online("symbols", "rules")
def symbols_rules(ask: Ask, _facts: Facts, online: OnlineFact) -> Check:
    if online.without_rules:
        seen = f"none for {some(online.without_rules)}"
        return ask.fail(seen, "the exchange does not list them", "correct SYMBOLS")
    if online.halted:
        seen = f"not trading now: {some(online.halted)}"
        return ask.warn(seen, "these pairs wait", "look at the exchange's notices")
    return ask.ok("known for every pair")


@of_online("market", "books")
def market_books(ask: Ask, facts: Facts, online: OnlineFact) -> Check:
    limit_s = facts.settings.data_age_max_s
    ages = {book.symbol: book.age_s for book in online.books if book.age_s is not None}
    bad = [f"{book.symbol}: {book.problem}" for book in online.books if book.problem]
    bad += [f"{symbol}: {age_s} s old" for symbol, age_s in ages.items() if age_s > limit_s]
    if bad:
        return ask.warn(
            some(bad), "these pairs wait", f"nothing, if it passes; quotes may be {limit_s} s old"
        )
    return ask.ok(f"{len(ages)}, the oldest {max(ages.values(), default=ZERO)} s")


@of_online("clock", "offset")
def clock_offset(ask: Ask, _facts: Facts, online: OnlineFact) -> Check:
    """A signature carries a time: live orders need a clock that agrees with the exchange's."""
    seen = offset_words(online.offset_ms)
    if abs(online.offset_ms) > OFFSET_FAILS_MS:
        return ask.fail(seen, "over 5 s no signed request is sent", SET_THE_CLOCK)
    if abs(online.offset_ms) > OFFSET_WARNS_MS:
        return ask.warn(seen, "over 5 s no signed request would be sent", SET_THE_CLOCK)
    return ask.ok(seen)


@question("clock", "sane")
def clock_sane(ask: Ask, facts: Facts) -> Check:
    """Without a time server a machine starts in 1970; a clock set back disorders a run."""
    seen = f"{facts.now:%Y-%m-%d %H:%M:%S} UTC"
    if facts.now < BUILT:
        return ask.fail(seen, "it is later: this program is younger than that", SET_THE_CLOCK)
    run = facts.store.run if facts.store else None
    if run is not None and run.last_written_at > facts.now + FUTURE_MAX:
        seen += f", but the last run wrote at {run.last_written_at:%Y-%m-%d %H:%M:%S}"
        return ask.grave(seen, "the clock was set back, or ran ahead before", SET_THE_CLOCK)
    return ask.ok(f"{seen}, zone {facts.machine.zone}", "everything is stored in UTC")


# ------------------------------------------------------------------------ files and machine


@question("files", "private")
def files_private(ask: Ask, facts: Facts) -> Check:
    """A folder may be looked into; but whoever may write to it may replace what is in it."""
    wide = [
        f"{file.path} {file.mode:o}{'' if file.is_ours else ' of another user'}"
        for file in facts.files
        if not file.is_ours or file.mode & (0o022 if file.is_folder else 0o077)
    ]
    if not wide:
        return ask.ok(f"{len(facts.files)} looked at")
    return ask.grave(
        some(wide),
        "others on this machine can read or replace them",
        "chmod 600 the files, chmod 700 the folder",
    )


@question("disk", "free")
def disk_free(ask: Ask, facts: Facts) -> Check:
    free = facts.machine.disk_free_bytes
    if free is None:
        return ask.skip("cannot be told")
    meaning = "what cannot be stored is not sent: without room nothing trades"
    if free < DISK_FAILS:
        return ask.fail(size_words(free), meaning, "free some space")
    if free < DISK_WARNS:
        return ask.warn(size_words(free), meaning, "free some space")
    return ask.ok(size_words(free))


@question("log", "writable")
def log_writable(ask: Ask, facts: Facts) -> Check:
    if problem := facts.machine.log_problem:
        return ask.fail(problem, "no run starts without its log", "check the file and its folder")
    return ask.ok("beside the database")


@question("machine", "environment")
def machine_environment(ask: Ask, facts: Facts) -> Check:
    """Variables and files that change what Python runs, or what TLS gives away."""
    found = [*facts.machine.risky_names, *(f"./{name}" for name in facts.machine.shadowing)]
    if not found:
        return ask.ok("nothing that changes what runs")
    return ask.grave(
        some(found),
        "other code than ours may run, or keys of TLS may be written to a file",
        "unset the variables, start in a folder of its own",
    )


CHECKS: tuple[Question, ...] = (
    gates_open,
    gates_coherent,
    credentials_present,
    credentials_accepted,
    settings_names,
    settings_decided,
    settings_caps,
    settings_address,
    symbols_valid,
    symbols_rules,
    exchange_answers,
    market_books,
    clock_offset,
    clock_sane,
    kill_latch,
    lock_holder,
    run_last_cycle,
    *SERVICE_CHECKS,
    orders_settled,
    store_readable,
    store_schema,
    store_durable,
    store_wal,
    store_witness,
    store_ledger,
    store_backup,
    files_private,
    disk_free,
    log_writable,
    machine_environment,
)


def offset_words(offset_ms: int) -> str:
    """The exchange ahead means that this machine is behind."""
    if not offset_ms:
        return "this machine's clock agrees"
    side = "behind" if offset_ms > 0 else "ahead"
    return f"this machine's clock is {abs(offset_ms) / 1000:.1f} s {side}"
