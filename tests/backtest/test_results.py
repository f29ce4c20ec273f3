"""Programmes side by side over one history, as Arrow tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from loyalty_streams import backtest
from loyalty_streams.api import Loyalty
from loyalty_streams.core.codes import FactKind
from tests.backtest.test_plan import LADDER, THREE, a_shop
from tests.backtest.trial import SIMPLE, bytes_of, store_of, with_rate, written
from tests.hosts.shop import PROGRAMME, ask, history, order


def test_members_entries_and_moves_of_each_programme(tmp_path: Path) -> None:
    store_of(tmp_path, *THREE, rules=SIMPLE + LADDER).close()
    other = written(tmp_path, "other", with_rate("2", SIMPLE + LADDER).replace("gold: 1000.00", "gold: 2000.00"))
    before = bytes_of(tmp_path / "store")
    with backtest.run(tmp_path / "store", [other]) as found:
        assert [(p["programme"], p["version"]) for p in found.programmes()] == [("simple", 1), ("simple", 2)]
        members = [[(m["member_id"], m["available"], m["tier"]) for m in found.members(k).to_pylist()] for k in (0, 1)]
        entries = found.entries(1).select(["member_id", "kind", "points", "rule", "cause"]).to_pylist()
        moves = [[(m["member_id"], m["left"], m["entered"]) for m in found.tier_moves(k).to_pylist()] for k in (0, 1)]
    assert members[0] == [("M1", 1000, "gold"), ("M2", 250, "base"), ("M3", 0, "base")]
    assert members[1] == [("M1", 2000, "silver"), ("M2", 500, "base"), ("M3", 0, "base")]
    assert moves == [[("M1", "base", "gold")], [("M1", "base", "silver")]]
    assert [(e["member_id"], e["points"], e["rule"], e["cause"]) for e in entries if e["kind"] == "EARNED"] == [
        ("M1", 2000, "base", "order/O1"), ("M2", 500, "base", "order/O2"),
    ]  # fmt: skip
    assert bytes_of(tmp_path / "store") == before


def test_the_entries_of_the_programme_in_force_are_the_ledger_without_its_corrections(tmp_path: Path) -> None:
    columns = ["member_id", "kind", "effective_at", "points", "wallet", "bucket", "lot_key", "about", "rule", "reason", "basis", "cause"]
    with a_shop(tmp_path) as store, backtest.run(Loyalty(store), []) as found:
        told = found.entries(0).select(columns).to_pylist()
        ledger = Loyalty(store).ledger()
        back = set(zip(*(ledger[n].to_pylist() for n in ("member_id", "corrects")), strict=True))
        rows = ledger.select([*columns, "seq", "corrects"]).to_pylist()
    holds = [r for r in rows if not r["corrects"] and (r["member_id"], r["seq"]) not in back]
    assert len(told) == len(holds) < len(rows)
    assert sorted(map(str, told)) == sorted(str({name: r[name] for name in columns}) for r in holds)


def test_of_a_history_the_first_programme_decides_what_has_no_decision(tmp_path: Path) -> None:
    """T175: 800 of 500 were refused by the first, and stay refused under the second, which would have granted them."""
    path = history(tmp_path / "history", [order("O1", "M1", "2026-01-05 10:00", 50_000), ask(FactKind.REDEEM, "R1", "M1", "2026-01-06 10:00", 800)])
    rules = [written(tmp_path, name, text.replace("CNY", "USD")) for name, text in (("one", SIMPLE), ("two", with_rate("2")))]
    with backtest.run(path, rules) as found:
        assert [m["redeemed"] for k in (0, 1) for m in found.members(k).to_pylist()] == [0, 0]
    with backtest.run(path, rules[::-1]) as found:
        assert [m["redeemed"] for k in (0, 1) for m in found.members(k).to_pylist()] == [800, 800]
        assert found.comparison(1).infeasible_counts() == {"redemptions": 1, "members": 1, "points_short": 300}


def test_three_programmes_differ_from_the_first_one_each_by_itself(tmp_path: Path) -> None:
    paths = [written(tmp_path, f"rate{r}", with_rate(r)) for r in ("2", "0.5")]
    with store_of(tmp_path, *THREE) as store, backtest.run(Loyalty(store), paths) as found:
        body = found.to_json()
    assert [(p["points"]["issued"], p["liability_minor"], p["members"]) for p in body["programmes"]] == [
        (1250, 1250, {"changed": 0, "gain": 0, "lose": 0}), (2500, 2500, {"changed": 2, "gain": 2, "lose": 0}),
        (625, 625, {"changed": 2, "gain": 0, "lose": 2}),
    ]  # fmt: skip


def test_a_new_rule_of_one_candidate_is_no_rule_of_another(tmp_path: Path) -> None:
    """Each has a rule and a tier that the others lack; numbers are given once for all of them."""
    more = [SIMPLE + f"  {n}: {{on: order, points: {{fixed: {p}}}}}\n" + LADDER.replace("silver", f"{n}-tier") for n, p in (("red", 7), ("blue", 9))]
    paths = [written(tmp_path, f"c{k}", text) for k, text in enumerate(more)]
    with store_of(tmp_path, *THREE) as store, backtest.run(Loyalty(store), paths) as found:
        rules = [{(e["rule"], e["points"]) for e in found.entries(k).to_pylist() if e["rule"] in ("red", "blue")} for k in range(3)]
        tiers = [found.to_json()["programmes"][k]["tiers"] for k in range(3)]
    assert rules == [set(), {("red", 7)}, {("blue", 9)}]
    assert list(tiers[1]) == ["base", "red-tier", "gold"] and list(tiers[2]) == ["base", "blue-tier", "gold"]


def test_a_history_needs_a_programme_and_must_be_there(tmp_path: Path) -> None:
    path = history(tmp_path / "history", [order("O1", "M1", "2026-01-05 10:00", 50_000)])
    for where, programmes, code in ((path, [], "NO_BASELINE"), (tmp_path / "nowhere", [written(tmp_path, "p", PROGRAMME)], "NO_HISTORY")):
        with pytest.raises(backtest.BacktestError) as caught:
            backtest.run(where, programmes)
        assert caught.value.code == code
