"""The worked examples of ledger, order machine and recorded data that rebalancing stands on.

Ids and hashes of the reference do not bind (DEC-32); examples that a decision changes say so.
"""

from decimal import Decimal
from pathlib import Path

import pytest

from btcbot_core.adapters.replay.columns import instant, read_table
from btcbot_core.adapters.replay.synthetic import Recipe, Scenario, write_dataset
from btcbot_core.adapters.replay.validation import validate
from btcbot_core.app.fingerprint import outcome_of
from btcbot_core.cycle.cycle import Heard
from btcbot_core.cycle.steps import reconcile
from btcbot_core.domain.ids import CycleId, RunId, cycle_id
from btcbot_core.domain.money import ZERO, canonical
from btcbot_core.domain.symbol import Asset, Symbol
from btcbot_core.domain.trading import (
    Answer,
    AnswerKind,
    Fill,
    OrderStatus,
    Side,
    Verb,
    ViewStatus,
)
from btcbot_core.ledger.book import Ledger, fold
from btcbot_core.ledger.entries import LedgerEvent
from btcbot_core.ledger.journal import fill_entries
from btcbot_core.ledger.lots import OversellError
from btcbot_core.ledger.pnl import value
from tests.build import BTC, TRY, a_cycle, a_fill, a_view, an_order, at, d
from tests.examples import Example
from tests.examples import one as _one
from tests.story.rebalancing import made_up, run


def one(name: str) -> Example:
    return _one(name, "stage7.json")


# --------------------------------------------------------------------------------- the ledger


def booked(*trades: str, symbol: str = "BTCTRY", start: str = "0") -> Ledger:
    """`BUY 1@100` and the like, in their order."""
    fills = []
    for number, text in enumerate(trades):
        side, _, rest = text.partition(" ")
        qty, _, price = rest.partition("@")
        fills.append(a_fill(f"f{number}", Side[side], qty=qty, price=price, symbol=symbol))
    return fold(Ledger(quote=TRY, cash_try=d(start), capital_try=d(start)), numbered(fills))


def numbered(fills: list[Fill]) -> list[LedgerEvent]:
    import msgspec

    entries = fill_entries(fills, CycleId("c"), ())
    return [msgspec.structs.replace(e, seq=n) for n, e in enumerate(entries, start=1)]


def test_l01_the_oldest_lots_are_sold_first() -> None:
    example = one("L01")
    ledger = booked(*example["inputs"]["events"])
    holding, wanted = ledger.holding(BTC), example["expected"]["symbols"]["BTCTRY"]
    lots = [[canonical(lot.qty), canonical(lot.price)] for lot in holding.lots]
    assert lots == wanted["lots"]
    assert holding.realized_try == d(wanted["realized"])
    found = value(ledger, {BTC: d(example["inputs"]["mark"])}, {}, ZERO)
    assert found.unrealized_try == d(example["expected"]["unrealized"])


def test_l02_more_than_is_held_cannot_be_sold() -> None:
    assert one("L02")["expected"]["error"].startswith("oversell")
    with pytest.raises(OversellError):
        booked(*one("L01")["inputs"]["events"], "SELL 5@120")


def test_l05_the_drawdown_is_the_deepest_fall_from_a_peak() -> None:
    example, peak, worst = one("L05"), ZERO, ZERO
    for equity in example["inputs"]["equity"]:
        held = Ledger(quote=TRY, seq=1, cash_try=d(equity), capital_try=d(equity))
        money = value(held, {}, {}, peak)
        peak, worst = money.peak_try, max(worst, money.drawdown_ratio)
    assert worst == d(example["expected"]["max_drawdown"])


def test_l06_cheap_coins_keep_their_price() -> None:
    example = one("L06")
    wanted, shib = example["better_expected"], Symbol("SHIBTRY")
    ledger = booked(*example["inputs"]["events"], symbol="SHIBTRY")
    lots = [[canonical(lot.qty), canonical(lot.price)] for lot in ledger.holding(shib).lots]
    assert lots == wanted["symbols"]["SHIBTRY"]["lots"]
    found = value(ledger, {shib: d(example["inputs"]["mark"])}, {}, ZERO)
    assert found.unrealized_try == d(wanted["unrealized"])


def test_l07_order_is_by_number_and_a_sale_before_its_purchase_is_refused() -> None:
    """DEC-13: by `seq`, never by time; so the sale that came first finds nothing to sell."""
    assert one("L07")["inputs"]["events_in_array_order"][0].startswith("SELL")
    with pytest.raises(OversellError):
        booked("SELL 1@120", "BUY 1@100")
    assert booked("BUY 1@100", "SELL 1@120").realized_try == Decimal(20)


def test_l09_a_fee_in_another_currency_is_converted_by_its_pair_or_kept_apart() -> None:
    """A pair's mark converts; without one the fee is kept as it is and counts against the mode."""
    rate = d(one("L09")["expected"]["BNB->TRY"])
    ledger = Ledger(quote=TRY, seq=1, fees={Asset("BNB"): d("0.001"), Asset("ZZZ"): d("1")})
    found = value(ledger, {Symbol("BNBTRY"): rate}, {}, ZERO)
    assert found.fees_try == d("20")
    assert found.unconverted_fees == {"ZZZ": d("1")}


def test_l10_the_breakdown_adds_up() -> None:
    """DEC-32: gross 56 and net 34.8, since the fills' prices hold the slippage already."""
    import msgspec

    ledger = booked("BUY 1@100", "BUY 2@110", "SELL 1.5@120", start="640")
    ledger = msgspec.structs.replace(
        ledger,
        cash_try=ledger.cash_try - d("0.2"),
        slippage_try=Decimal(1),
        fees={TRY: d("0.2"), Asset("BNB"): d("0.001")},
    )
    found = value(ledger, {BTC: d("130"), Symbol("BNBTRY"): d("20000")}, {}, ZERO)
    wanted = one("L10")["expected"]
    assert found.realized_try == d(wanted["realized_pnl_try"])
    assert found.unrealized_try == d(wanted["unrealized_pnl_try"])
    assert found.fees_try == d(wanted["fees_try"])
    assert (found.gross_try, found.net_try) == (Decimal(56), d("34.8"))


# -------------------------------------------------------------------------- the order machine


def answered(kind: AnswerKind) -> OrderStatus:
    """What an order of ours becomes when the exchange answers so to its submit."""
    order = an_order(status=OrderStatus.PLANNED, exchange_id=None, rests_since_s=None)
    cycle = a_cycle(orders=(order,))
    answer = Answer(
        verb=Verb.SUBMIT, kind=kind, client_id=order.client_id, at=at(), exchange_id="x9"
    )
    import msgspec

    settled = reconcile(msgspec.structs.replace(cycle, heard=Heard(answers=(answer,))))
    return settled.carried.orders[order.client_id].status


def test_m07_an_order_without_an_answer_is_asked_for_and_goes_on() -> None:
    assert "resume" in one("M07")["better_expected"]["rule"]
    import msgspec

    order = an_order(status=OrderStatus.UNKNOWN, exchange_id=None)
    cycle = a_cycle(orders=(order,))
    seen = msgspec.structs.replace(cycle, heard=Heard(views=(a_view(),)))
    assert reconcile(seen).carried.orders[order.client_id].status is OrderStatus.OPEN


def test_m08_what_is_heard_again_of_a_finished_order_is_no_event() -> None:
    import msgspec

    order = an_order(status=OrderStatus.FILLED, filled="1")
    view = a_view(status=ViewStatus.CLOSED, left="0")
    cycle = a_cycle(orders=(order,))
    again = reconcile(msgspec.structs.replace(cycle, heard=Heard(views=(view,))))
    assert list(again.order_events) == one("M08")["better_expected"]["events"]


def test_m16_a_refused_order_is_rejected_and_the_others_go_on() -> None:
    assert answered(AnswerKind.REJECTED).name == one("M16")["better_expected"]["order"]
    assert answered(AnswerKind.ACKED) is OrderStatus.OPEN


# ------------------------------------------------------------------------------ recorded data


def test_d02_times_are_read_in_every_spelling_that_names_utc(tmp_path: Path) -> None:
    """Spellings without a zone, or with another, are refused: a guess of hours would cost money."""
    example = one("D02")
    path = tmp_path / "x.csv"
    good = [r for r in example["inputs"]["raw"] if r.endswith("Z") or r.isdigit()]
    path.write_text("ts,a\n" + "".join(f"{raw},1\n" for raw in good), encoding="ascii")
    table = read_table(path, "x", ("a",))
    assert {instant(t).isoformat() for t in table.times} == {example["expected"]["utc"][0]}


def test_d03_the_legacy_dataset_is_row_for_row_what_it_was(tmp_path: Path) -> None:
    example = one("D03")
    recipe = Recipe(scenario=Scenario.LEGACY, seed=example["inputs"]["seed"])
    folder = write_dataset(tmp_path / "d", recipe)
    for name, rows in example["expected"].items():
        if name.endswith(".csv"):
            found = (folder / name).read_text(encoding="ascii").splitlines()
            assert [_numbers(row) for row in found] == [_numbers(row) for row in rows]


def _numbers(row: str) -> list[str]:
    """Cells with their numbers in one spelling: values compare, not trailing zeros."""
    cells = row.split(",")
    return [canonical(Decimal(c)) if c.replace(".", "").isdigit() else c for c in cells]


CANDLES = "ts,open,high,low,close,volume\n"
BOOKS = "ts,best_bid,best_ask\n"
T = "2026-01-01T00:0{}:00+00:00"


def folder_of(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="ascii")
    return root


def codes(folder: Path) -> list[tuple[str, str]]:
    return [(issue.level, issue.code) for issue in validate(folder).issues]


def test_d04_a_plain_dataset_is_ok(tmp_path: Path) -> None:
    """With a second row, from which the interval is inferred (DEC-19)."""
    folder = folder_of(
        tmp_path / "d",
        {
            "candles/BTCTRY.csv": f"{CANDLES}{T.format(0)},1,2,1,2,5\n{T.format(1)},1,2,1,2,5\n",
            "orderbook/BTCTRY.csv": f"{BOOKS}{T.format(1)},1,2\n",
        },
    )
    found, wanted = validate(folder), one("D04")["expected"]
    assert found.ok is wanted["ok"]
    assert all(issue.code == "odd" for issue in found.issues)
    assert found.rows["orderbook"] == wanted["symbol_counts"]["orderbook"]


def test_d05_missing_books_are_told_and_modelled(tmp_path: Path) -> None:
    """DEC-19: without a book a spread is modelled, so this is a warning here."""
    folder = folder_of(
        tmp_path / "d", {"candles/BTCTRY.csv": f"{CANDLES}{T.format(0)},1,2,1,2,5\n"}
    )
    assert one("D05")["expected"]["issues"][0][1] == "missing_orderbook_folder"
    assert ("warning", "missing_orderbook_folder") in codes(folder)


def test_d07_each_bad_file_is_told(tmp_path: Path) -> None:
    folder = folder_of(
        tmp_path / "d",
        {
            "candles/AAATRY.csv": "when,what\n1,2\n",
            "candles/BBBTRY.csv": f"{CANDLES}yesterday,1,2,1,2,5\n",
            "candles/CCCTRY.csv": CANDLES,
            "orderbook/AAATRY.csv": f"{BOOKS}{T.format(1)},1,2\n",
        },
    )
    assert codes(folder) == [tuple(issue) for issue in one("D07")["expected"]["issues"]]


def test_d08_figures_are_looked_at(tmp_path: Path) -> None:
    """All that the better answer names; ours calls an impossible bar `ohlc_inconsistent`."""
    candles = (
        f"{CANDLES}{T.format(0)},1,2,1,2,5\n{T.format(0)},1,2,1,2,NaN\n"
        f"{T.format(1)},-1,2,-1,2,5\n{T.format(2)},1,1,2,2,5\n"
    )
    folder = folder_of(
        tmp_path / "d",
        {"candles/BTCTRY.csv": candles, "orderbook/BTCTRY.csv": f"{BOOKS}{T.format(1)},3,2\n"},
    )
    found = {code for _, code in codes(folder)}
    wanted = set(one("D08")["better_expected"]["issues"])
    assert wanted - {"high_low_inconsistent"} | {"ohlc_inconsistent"} <= found
    assert not validate(folder).ok


def test_what_is_no_file_is_told_like_any_other_fault(tmp_path: Path) -> None:
    row = f"{CANDLES}{T.format(0)},1,2,1,2,5\n"
    folder = folder_of(tmp_path / "d", {"candles/BTCTRY.csv": row})
    (folder / "candles" / "ETHTRY.csv").mkdir()
    (folder / "candles" / "XRPTRY.csv").symlink_to(tmp_path / "nowhere.csv")
    found = [issue.where for issue in validate(folder).issues if issue.code == "not_a_file"]
    assert found == ["candles/ETHTRY.csv", "candles/XRPTRY.csv"]


# --------------------------------------------------------------------------------- backtests


def test_g04_a_cycle_is_named_by_its_run_and_step() -> None:
    """Ours, not the reference's spelling (DEC-18); two runs never share a cycle's name."""
    assert one("G04")["inputs"]["index"] == 5
    assert cycle_id(RunId("r1"), 5) == "r1-00000005"
    assert cycle_id(RunId("r2"), 5) != cycle_id(RunId("r1"), 5)


def test_g05_money_is_not_made_of_nothing(tmp_path: Path) -> None:
    recipe = Recipe(scenario=Scenario.LEGACY, seed=123)
    dataset = made_up(
        tmp_path / "d", recipe, DRY_RUN_TRY_BALANCE="1000", TRY_CASH_TARGET="300",
        NOTIONAL_CAP_TRY_PER_CYCLE="1000",
    )  # fmt: skip
    told = run(dataset, tmp_path / "a.db")
    assert "conserved" in one("G05")["better_expected"]["invariant"]
    assert len(told.cycles) == one("G05")["expected"]["cycles_run"]
    assert all(c.portfolio.equity_try < Decimal(1050) for c in told.cycles)
    for cycle in told.cycles:
        money = cycle.portfolio
        assert money.equity_try == money.capital_try + money.net_try


def test_a_fingerprint_sees_what_was_decided_and_not_what_was_noted_of_inputs() -> None:
    one_, two = b'{"a":1,"saw":{"x":1},"seal":"aa"}', b'{"a":1,"saw":{"y":2},"seal":"bb"}'
    assert outcome_of(one_) == outcome_of(two) == outcome_of(b'{"a":1,"seal":"cc"}')
