"""T182: a plan as adjustments for approval, ingested by a second command."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from loyalty_streams.api import Loyalty
from loyalty_streams.backtest.asked import Asked
from loyalty_streams.backtest.plan import Plan
from loyalty_streams.backtest.retro import Retro, Terms, place_of, retro, write
from loyalty_streams.core.codes import FactKind
from loyalty_streams.history import ReadOptions
from loyalty_streams.hosts.embedded import Store
from loyalty_streams.hosts.embedded.ingest import IngestResult, ingest
from tests.backtest.test_plan import THREE
from tests.backtest.trial import SIMPLE, store_of, tried, with_rate
from tests.hosts.shop import ask, at, bring, contents, order
from tests.hosts.test_merges import merge

ANN = Terms("ann")
SPENT = (order("O1", "M1", "2026-01-05 10:00", 100_000), ask(FactKind.REDEEM, "R1", "M1", "2026-01-06 10:00", 800))
"""Of 1,000 points 800 are spent."""


def written(store: Store, found: Retro, name: str = "adjustments.csv") -> Path:
    path = store.folder.parent / name
    write(found, place_of(str(path)))
    return path


def booked(store: Store, path: Path) -> IngestResult:
    """What comes of the file. Nothing of it is warned of or set aside."""
    result = ingest(store, [path], ReadOptions("CNY", 2, newest_arrived=store.clocks.newest_arrived))
    assert not result.warnings and not result.dead_letters, result
    return result


def asked(found: Retro) -> list[tuple[str, int]]:
    return [(row["member_id"], row["points"]) for row in found.rows()]


def held(plan: Plan) -> dict[str, tuple[int, int]]:
    before, after = plan.comparison.held
    return dict(zip(plan.comparison.ids, zip(before.tolist(), after.tolist(), strict=True), strict=True))


def edited(path: Path, rows: Iterable[dict[str, str]]) -> None:
    with path.open("w", newline="") as file:
        some = list(rows)
        writer = csv.DictWriter(file, list(some[0]))
        writer.writeheader()
        writer.writerows(some)


def test_t182_what_a_candidate_would_have_given_is_given_once(tmp_path: Path) -> None:
    """+200 and +50 at 1.2 points a yuan. Ingested twice it is given once, and the same candidate has nothing more to ask for."""
    with store_of(tmp_path, *THREE) as store:
        path = written(store, retro(tried(store, with_rate("1.2")), ANN))
        rows = list(csv.DictReader(path.open()))
        assert booked(store, path).dispositions["applied"] == 2
        once = contents(store)
        assert booked(store, path).dispositions["duplicate"] == 2
        assert contents(store) == once
        ledger = [(e["member_id"], e["points"]) for e in Loyalty(store).ledger().to_pylist() if e["kind"] == "ADJUSTED"]
        again = tried(store, with_rate("1.2"))
        assert held(again) == {"M1": (1200, 1200), "M2": (300, 300), "M3": (0, 0)}
        assert asked(retro(again, ANN)) == []
        why = again.behind(["M1"])["M1"].why()
    assert ledger == [("M1", 200), ("M2", 50)]
    assert why == "base +200 on 1 order; adjusted -200 on 1 fact"
    assert [(r["member_id"], r["occurred_at"], r["points"], r["reason"], r["operator"], r["wallet"]) for r in rows] == [
        ("M1", "2026-01-07T10:00:00Z", "200", "RULE_RETRO", "ann", "points"), ("M2", "2026-01-07T10:00:00Z", "50", "RULE_RETRO", "ann", "points"),
    ]  # fmt: skip
    assert [(r["before"], r["after"], r["left"], r["why_en"], r["why_zh"]) for r in rows] == [
        ("1000", "1200", "0", "base +200 on 1 order", "base +200（1 笔订单）"), ("250", "300", "0", "base +50 on 1 order", "base +50（1 笔订单）"),
    ]  # fmt: skip


def test_the_same_store_gives_the_same_bytes_and_a_member_the_same_id_whoever_else_is_asked_about(tmp_path: Path) -> None:
    with store_of(tmp_path, *THREE) as store:
        one, other = (written(store, retro(tried(store, with_rate("1.2")), ANN), f"adjustments-{k}.csv") for k in (1, 2))
        alone = retro(tried(store, with_rate("1.2"), Asked(members=["M2"])), ANN).rows()
        ids = {row["adjustment_id"] for rate in ("1.2", "1.3") for row in retro(tried(store, with_rate(rate)), ANN).rows()}
        rows = list(csv.DictReader(one.open()))
    assert one.read_bytes() == other.read_bytes()
    assert [row["adjustment_id"] for row in alone] == [rows[1]["adjustment_id"]]
    assert len(ids) == 4 and all(i.startswith("RULE_RETRO-") for i in ids)


def test_the_cap_holds_for_all_that_a_member_is_given_for_the_same_rules(tmp_path: Path) -> None:
    """+200 and +50 under a cap of 120: 120 and 50. Under 150 then 30 more; under 100 nothing, and nothing back."""
    with store_of(tmp_path, *THREE) as store:
        first = retro(tried(store, with_rate("1.2")), Terms("ann", cap=120))
        booked(store, written(store, first))
        second = retro(tried(store, with_rate("1.2")), Terms("ann", cap=150))
        booked(store, written(store, second))
        third = retro(tried(store, with_rate("1.2")), Terms("ann", cap=100))
        assert held(tried(store, with_rate("1.2")))["M1"] == (1150, 1200)
    assert asked(first) == [("M1", 120), ("M2", 50)] and [row["left"] for row in first.rows()] == [80, 0]
    assert (first.to_json()["capped_members"], first.to_json()["capped_points"]) == (1, 80)
    assert asked(second) == [("M1", 30)]
    assert asked(third) == []


def test_no_more_is_taken_than_is_there_unless_debt_is_allowed(tmp_path: Path) -> None:
    """1,000 less 800 spent; under half the rate -300. Of the 500 to take 200 are there."""
    with store_of(tmp_path, *SPENT) as store:
        kind, strict = (retro(tried(store, with_rate("0.5")), terms) for terms in (ANN, Terms("ann", debt=True)))
        booked(store, written(store, kind))
        assert held(tried(store, with_rate("0.5"))) == {"M1": (0, -300)}
        assert asked(retro(tried(store, with_rate("0.5")), ANN)) == []
        rest = retro(tried(store, with_rate("0.5")), Terms("ann", debt=True))
        booked(store, written(store, rest))
        assert held(tried(store, with_rate("0.5"))) == {"M1": (-300, -300)}
    assert asked(kind) == [("M1", -200)] and kind.to_json()["missing_points"] == 300
    assert asked(strict) == [("M1", -500)] and strict.rows()[0]["allow_negative"] == "true"
    assert asked(rest) == [("M1", -300)]


def test_a_member_who_became_another_gets_it_under_the_account_that_is_left(tmp_path: Path) -> None:
    facts = (
        order("O1", "card:7", "2026-01-05 10:00", 10_000), order("O2", "M1", "2026-01-06 10:00", 20_000),
        merge("1", "card:7", "M1", "2026-01-07 10:00", "link"),
    )  # fmt: skip
    with store_of(tmp_path, *facts) as store:
        found = retro(tried(store, with_rate("2")), ANN)
        booked(store, written(store, found))
        again = tried(store, with_rate("2"))
        assert held(again) == {"M1": (600, 600)} and asked(retro(again, ANN)) == []
    assert asked(found) == [("M1", 300)]


def test_of_several_wallets_each_is_adjusted_by_itself_and_one_that_is_not_in_force_is_told(tmp_path: Path) -> None:
    """1,000 points and as much growth become 2,000 and 4,000 (twice, and once more as much by a second rule); stars are new."""
    rules = SIMPLE.replace("wallets: {points: {unit_value: 0.01}}", "wallets: {points: {unit_value: 0.01}, growth: {spendable: false}}")
    rules = rules.replace("mode: proportional}", "mode: proportional}, also: {growth: same}")
    other = rules.replace("growth: {spendable: false}", "growth: {spendable: false}, stars: {spendable: false}") + (
        "  more: {on: order, into: growth, points: {rate: 1, per: 1.00, mode: proportional}}\n"
        "  star: {on: order, into: stars, points: {fixed: 1}}\n"
    )
    with store_of(tmp_path, THREE[0], rules=rules) as store:
        found = retro(tried(store, with_rate("2", other)), ANN)
        booked(store, written(store, found))
        again = retro(tried(store, with_rate("2", other)), ANN)
        balances = Loyalty(store).member("M1").to_json()["wallets"]
    assert [(row["wallet"], row["points"]) for row in found.rows()] == [("growth", 3000), ("points", 1000)]
    assert found.unknown == ["stars"] and asked(again) == []
    assert {name: balances[name]["points"]["available"] for name in ("points", "growth")} == {"points": 2000, "growth": 4000}


def test_what_was_given_and_has_expired_since_is_neither_asked_for_again_nor_taken_back(tmp_path: Path) -> None:
    """Points live two months: 1,000 and the 200 given at once are both gone in April, under either rules."""
    rules = SIMPLE.replace("unit_value: 0.01", "unit_value: 0.01, expires: {after: 2 months}")
    with store_of(tmp_path, THREE[0], rules=rules) as store:
        booked(store, written(store, retro(tried(store, with_rate("1.2", rules)), ANN)))
        store.advance(at("2026-04-01 00:00"))
        later = tried(store, with_rate("1.2", rules))
        assert held(later) == {"M1": (0, 0)} and asked(retro(later, ANN)) == []


def test_adjustments_for_other_rules_stand_and_are_told(tmp_path: Path) -> None:
    """After +200 at 1.2 a yuan, 1.3 asks for 300 more: they are facts like any other."""
    with store_of(tmp_path, THREE[0]) as store:
        booked(store, written(store, retro(tried(store, with_rate("1.2")), ANN)))
        found = retro(tried(store, with_rate("1.3")), ANN)
    assert asked(found) == [("M1", 300)] and found.others == 1


def test_what_an_approver_struck_out_or_changed_is_asked_for_again(tmp_path: Path) -> None:
    with store_of(tmp_path, *THREE) as store:
        path = written(store, retro(tried(store, with_rate("1.2")), ANN))
        rows = list(csv.DictReader(path.open()))
        edited(path, [{**rows[0], "points": "150"}])
        assert booked(store, path).dispositions["applied"] == 1
        assert asked(retro(tried(store, with_rate("1.2")), ANN)) == [("M1", 50), ("M2", 50)]


@pytest.mark.parametrize("late", ["2026-01-10 10:00", "2026-02-20 10:00"])
def test_of_a_plan_that_ends_earlier_no_more_is_taken_than_is_there_now(tmp_path: Path, late: str) -> None:
    """Of 1,000 points half is to be taken as of the eighth; 900 of them are spent later, so 100 are there; applied twice it changes nothing."""
    facts = (THREE[0], ask(FactKind.REDEEM, "R1", "M1", late, 900))
    with store_of(tmp_path, *facts) as store:
        past = Asked(as_of=at("2026-01-08 00:00"))
        found = retro(tried(store, with_rate("0.5"), past), ANN)
        booked(store, written(store, found))
        assert asked(retro(tried(store, with_rate("0.5"), past), ANN)) == []
        points = Loyalty(store).member("M1").to_json()["points"]
    assert asked(found) == [("M1", -100)] and found.rows()[0]["occurred_at"] == "2026-01-08T00:00:00Z"
    assert (points["available"], points["debt"]) == (0, 0)


@pytest.mark.parametrize(("spent", "left"), [("2026-01-06 12:00", (0, 400)), ("2026-01-20 10:00", (100, 0))])
def test_what_is_spent_before_the_file_is_ingested_stands(tmp_path: Path, spent: str, left: tuple[int, int]) -> None:
    """Of 1,000 points 500 are to be taken; then 900 are spent. In the week in which facts may be late 400 are owed; later nothing is taken."""
    with store_of(tmp_path, THREE[0]) as store:
        path = written(store, retro(tried(store, with_rate("0.5")), ANN))
        bring(store, replace(ask(FactKind.REDEEM, "R1", "M1", spent, 900), arrived=at(spent)))
        booked(store, path)
        points = Loyalty(store).member("M1").to_json()["points"]
        ask_again = asked(retro(tried(store, with_rate("0.5")), ANN))
    assert (points["available"], points["debt"]) == left and ask_again == ([] if left[1] else [("M1", -100)])


def test_a_candidate_on_a_plan_without_a_change_has_an_empty_file_that_can_be_ingested(tmp_path: Path) -> None:
    with store_of(tmp_path, *THREE) as store:
        found = retro(tried(store, SIMPLE), ANN)
        assert [booked(store, written(store, found, f"adjustments.{form}")).entries for form in ("csv", "parquet")] == [0, 0]


def test_a_history_without_a_store_gives_adjustments_too(tmp_path: Path) -> None:
    facts = [replace(f, arrived=f.at) for f in THREE[:2]]
    with store_of(tmp_path, *facts) as store:
        rows = retro(tried(store, with_rate("1.2"), baseline=SIMPLE), ANN).rows()
    assert [(r["member_id"], r["points"]) for r in rows] == [("M1", 200), ("M2", 50)]
