"""Whole rebalancing runs: a crash, silence, kills, restarts, other machines, other futures."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from btcbot_core import bootstrap
from btcbot_core.adapters.replay.synthetic import Recipe, Scenario
from btcbot_core.adapters.sqlite.store import SqliteStore
from btcbot_core.app.frames import Role
from btcbot_core.cycle.cycle import Cycle
from btcbot_core.domain.codes import Reason
from btcbot_core.domain.decisions import RiskMode
from btcbot_core.domain.errors import ConfigError
from btcbot_core.domain.market import MarketSnapshot
from btcbot_core.domain.trading import Side
from btcbot_core.risk.flags import Alert
from btcbot_core.strategy.adaptation import Outcome
from tests.build import a_cycle, d, quote
from tests.story.rebalancing import PAIRS, Told, made_up, run

DEADLINE_S = 60.0


def test_the_recorded_night_is_worth_watching(tmp_path: Path) -> None:
    told = run(bootstrap.demo_folder(), tmp_path / "night.db")
    assert told.summary.fills > 50
    assert all(c.portfolio.cash_try >= 0 for c in told.cycles)
    assert {c.verdict.mode for c in told.cycles} == set(RiskMode)
    assert len({c.carried.rebalance.universe.members for c in told.cycles}) > 1
    limit = told.cycles[0].policy.rebalance.budget.max_drawdown_ratio
    assert max(c.portfolio.drawdown_ratio for c in told.cycles) > limit


def test_the_first_orders_divide_the_money_and_fill_only_in_the_next_step(tmp_path: Path) -> None:
    dataset = made_up(tmp_path / "d", Recipe(symbols=PAIRS, minutes=60))
    told = run(dataset, tmp_path / "a.db")
    assert [i.symbol for i in told.cycles[0].intents]
    assert not told.cycles[0].fills
    sent = {i.client_id: c.step for c in told.cycles for i in c.intents}
    for cycle in told.cycles:
        for fill in cycle.fills:
            assert fill.client_id is not None
            assert cycle.step > sent[fill.client_id]


def test_no_fill_is_worse_than_its_limit(tmp_path: Path) -> None:
    dataset = made_up(tmp_path / "d", Recipe(symbols=PAIRS, minutes=200, volatility_bps=40))
    told = run(dataset, tmp_path / "a.db")
    limits = {i.client_id: i.price for c in told.cycles for i in c.intents}
    fills = [f for c in told.cycles for f in c.fills]
    assert fills
    for fill in fills:
        assert fill.client_id is not None
        limit = limits[fill.client_id]
        assert fill.price <= limit if fill.side is Side.BUY else fill.price >= limit


def test_a_crash_breaches_stops_pulls_back_and_is_answered_once(tmp_path: Path) -> None:
    """The order: drawdown breach, observe only with a cooldown, rollback of the parameters."""
    recipe = Recipe(symbols=PAIRS, minutes=400, volatility_bps=12, scenario=Scenario.CRASH)
    dataset = made_up(
        tmp_path / "d", recipe, STAGE7_ADAPT="true", STAGE7_UNIVERSE_SIZE="10",
        STAGE7_ADAPT_PNL_FLOOR_TRY="",
    )  # fmt: skip
    told = run(dataset, tmp_path / "a.db")
    assert told.summary.max_drawdown_ratio is not None
    assert told.summary.max_drawdown_ratio >= d("0.25")
    thoughts = [(c, c.rebalance) for c in told.cycles if c.rebalance is not None]
    breach = next(c.step for c, t in thoughts if Alert.DRAWDOWN_BREACH in t.alerts)
    stopped = next(c for c in told.cycles if c.verdict.mode is RiskMode.OBSERVE_ONLY)
    rolled = [c.step for c, t in thoughts if t.change and t.change.outcome is Outcome.ROLLED_BACK]
    invested = told.cycles[stopped.step - 30].portfolio
    assert invested.cash_try < invested.equity_try * d("0.3")
    assert breach == stopped.step
    assert Reason.DRAWDOWN_LIMIT in [r.reason for r in stopped.verdict.reasons]
    until = stopped.carried.rebalance.budget.cooldown_until
    assert until == stopped.at + timedelta(seconds=900)
    assert len(rolled) == 1
    assert rolled[0] >= breach
    assert all(not c.intents for c in told.cycles[stopped.step :])


def test_without_any_data_nothing_is_done_and_it_is_said(tmp_path: Path) -> None:
    recipe = Recipe(symbols=PAIRS, minutes=100, scenario=Scenario.GAP)
    dataset = made_up(tmp_path / "d", recipe)
    told = run(dataset, tmp_path / "a.db")
    blind = [c for c in told.cycles if not c.market.quotes]
    assert blind
    for cycle in blind:
        assert cycle.verdict.mode is RiskMode.OBSERVE_ONLY
        assert Reason.STALE_DATA in [r.reason for r in cycle.verdict.reasons]
        assert cycle.rebalance is not None
        assert Alert.MISSING_DATA in cycle.rebalance.alerts
        assert not cycle.intents


def test_equal_runs_have_equal_fingerprints_whatever_the_machine(tmp_path: Path) -> None:
    dataset = made_up(tmp_path / "d", Recipe(symbols=PAIRS, minutes=80, volatility_bps=30))
    machines = (
        {"PYTHONHASHSEED": "1", "TZ": "UTC", "LC_ALL": "C"},
        {"PYTHONHASHSEED": "77", "TZ": "Asia/Kathmandu", "LC_ALL": "tr_TR.UTF-8"},
    )
    told = [
        _command(tmp_path, dataset, tmp_path / f"{n}.db", machine)
        for n, machine in enumerate(machines)
    ]
    assert told[0]["fingerprint"] == told[1]["fingerprint"]
    assert told[0]["run"] == told[1]["run"]


def test_the_seed_decides_which_orders_are_refused_and_nothing_else_does(tmp_path: Path) -> None:
    dataset = made_up(tmp_path / "d", Recipe(symbols=PAIRS, minutes=120), SIM_REJECT_BPS="4000")
    prints = [
        run(dataset, tmp_path / f"{n}.db", seed=seed).summary.fingerprint
        for n, seed in enumerate((1, 1, 2))
    ]
    assert prints[0] == prints[1] != prints[2]


def test_a_poisoned_future_changes_no_decision_of_the_past(tmp_path: Path) -> None:
    """Every row from a step on is replaced by other figures: what was decided until then stays."""
    cut = 70
    recipe = Recipe(symbols=PAIRS, minutes=140, volatility_bps=30)
    dataset = made_up(tmp_path / "d", recipe)
    honest = _decided(run(dataset, tmp_path / "a.db"), cut)
    for path in sorted((dataset / "candles").iterdir()):
        rows = path.read_text(encoding="ascii").splitlines()
        kept, gone = rows[: cut + 2], rows[cut + 2 :]
        poison = [f"{row.split(',')[0]},7,9,5,6,1" for row in gone]
        path.write_text("\n".join((*kept, *poison)) + "\n", encoding="ascii")
        book = dataset / "orderbook" / path.name
        rows = book.read_text(encoding="ascii").splitlines()
        kept, gone = rows[: cut + 2], rows[cut + 2 :]
        poison = [f"{row.split(',')[0]},6,7" for row in gone]
        book.write_text("\n".join((*kept, *poison)) + "\n", encoding="ascii")
    assert _decided(run(dataset, tmp_path / "b.db"), cut) == honest


def _decided(told: Told, steps: int) -> list[tuple[object, ...]]:
    """What was decided, without the names, which hang on the dataset as a whole."""
    return [
        (
            c.step,
            c.verdict,
            c.decisions,
            tuple((i.symbol, i.side, i.price, i.qty) for i in c.intents),
            c.rebalance.selection if c.rebalance else None,
            c.portfolio,
        )
        for c in told.cycles[: steps + 1]
    ]


def test_a_run_that_was_cut_goes_on_and_ends_as_if_it_had_not(tmp_path: Path) -> None:
    dataset = made_up(tmp_path / "d", Recipe(symbols=PAIRS, minutes=300, volatility_bps=30))
    whole = run(dataset, tmp_path / "whole.db").summary
    cut = run(dataset, tmp_path / "cut.db", cycles=137).summary
    assert not cut.is_complete
    rest = run(dataset, tmp_path / "cut.db").summary
    again = run(dataset, tmp_path / "cut.db").summary
    assert whole.fingerprint == rest.fingerprint == again.fingerprint
    assert (rest.cycles, again.cycles_now) == (whole.cycles, 0)
    assert (rest.equity_try, rest.fills) == (whole.equity_try, whole.fills)


def test_a_killed_run_says_so_and_the_same_command_finishes_it(tmp_path: Path) -> None:
    recipe = Recipe(symbols=PAIRS, minutes=6_000, volatility_bps=20)
    dataset = made_up(tmp_path / "d", recipe, STAGE7_DRIFT_BAND_BPS="200")
    db = tmp_path / "killed.db"
    victim = subprocess.Popen(_argv(dataset, db), cwd=tmp_path, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + DEADLINE_S
    while _stored(db) < 500 and time.monotonic() < deadline:
        time.sleep(0.02)
    victim.send_signal(signal.SIGKILL)
    victim.wait(DEADLINE_S)
    done = _stored(db)
    assert 500 <= done < 6_000
    store = SqliteStore(db, mode="ro")
    with store.read() as work:
        known = work.runs.latest()
    store.close()
    assert known is not None
    assert known.outcome == ""
    finished = _command(tmp_path, dataset, db, {})
    fresh = _command(tmp_path, dataset, tmp_path / "fresh.db", {})
    assert finished["fingerprint"] == fresh["fingerprint"]
    assert finished["cycles_now"] == 6_000 - done


def test_another_run_needs_another_database(tmp_path: Path) -> None:
    dataset = made_up(tmp_path / "d", Recipe(minutes=10))
    run(dataset, tmp_path / "a.db")
    with pytest.raises(ConfigError, match="--out-db"):
        run(dataset, tmp_path / "a.db", seed=9)


def test_what_is_carried_does_not_grow_with_the_run(tmp_path: Path) -> None:
    dataset = made_up(tmp_path / "d", Recipe(symbols=PAIRS, minutes=900, volatility_bps=20))
    told = run(dataset, tmp_path / "a.db")
    sizes = [len(repr(c.carried.rebalance)) for c in told.cycles]
    assert max(sizes[-100:]) < 1.2 * max(sizes[100:200])


def test_a_cycle_that_was_not_judged_plans_nothing() -> None:
    from btcbot_core.cycle.ordering import build
    from btcbot_core.cycle.stage7 import allocate, select

    cycle = a_cycle(quotes=(quote(),))
    ended = build(allocate(select(cycle)))
    assert not ended.intents
    assert ended.verdict.mode is RiskMode.OBSERVE_ONLY


def test_the_kill_latch_stops_orders_and_pulls_what_rests(tmp_path: Path) -> None:
    dataset = made_up(tmp_path / "d", Recipe(symbols=PAIRS, minutes=60), TTL_SECONDS="6000")
    db = tmp_path / "a.db"

    def kill(cycle: Cycle) -> None:
        if cycle.step == 20:
            Path(f"{db}.kill").write_text("{}", encoding="ascii")

    told = run(dataset, db, on_cycle=kill)
    after = told.cycles[21:]
    assert all(not c.intents for c in after)
    assert all(Reason.KILL_SWITCH_ACTIVE in [r.reason for r in c.verdict.reasons] for c in after)
    assert not any(o.is_active for o in after[-1].carried.orders.values())


def test_stage_7_is_refused_where_orders_cost_money(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRY_RUN", "false")
    options = bootstrap.SessionOptions(role=Role.HOST, db=tmp_path / "x.db", stage=7)
    with pytest.raises(ConfigError, match="paper only"):
        bootstrap.open_session(options)


def test_a_snapshot_without_volumes_is_weighed_without_them() -> None:
    from btcbot_core.cycle.stage7 import gauge, judge, select

    cycle = select(judge(gauge(a_cycle(quotes=(quote(),)))))
    assert isinstance(cycle.market, MarketSnapshot)
    assert cycle.rebalance is not None
    assert cycle.rebalance.selection.symbols == ("BTCTRY",)


def _argv(dataset: Path, db: Path) -> list[str]:
    command = ("stage7-backtest", "--dataset", str(dataset), "--out-db", str(db), "--json")
    return [sys.executable, "-m", "btcbot_core", *command]


def _command(folder: Path, dataset: Path, db: Path, machine: dict[str, str]) -> dict[str, object]:
    environment = {**os.environ, **machine}
    done = subprocess.run(
        _argv(dataset, db),
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=True,
    )
    told: dict[str, object] = json.loads(done.stdout, parse_float=Decimal)
    return told


def _stored(db: Path) -> int:
    """How many cycles are durable; none while there is no database yet."""
    if not db.exists() or not db.stat().st_size:
        return 0
    try:
        store = SqliteStore(db, mode="ro")
    except Exception:  # noqa: BLE001 - it is being created right now
        return 0
    try:
        with store.read() as work:
            known = work.runs.latest()
            last = work.cycles.last(known.id) if known else None
            return last.step + 1 if last else 0
    finally:
        store.close()
