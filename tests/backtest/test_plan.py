"""T173 to T183: a candidate on the whole history, worked with a pencil."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from loyalty_streams.api import Loyalty
from loyalty_streams.backtest.asked import Asked
from loyalty_streams.backtest.errors import BacktestError
from loyalty_streams.backtest.ground import Ground
from loyalty_streams.backtest.running import Run
from loyalty_streams.backtest.source import StoreSource
from loyalty_streams.backtest.tables import diff_table, write_table
from loyalty_streams.core.codes import AttrKind, FactKind, Outcome
from loyalty_streams.core.facts import Attribute, Fact
from loyalty_streams.hosts.embedded import Store
from loyalty_streams.hosts.embedded.past import blocks
from loyalty_streams.programme import ProgrammeError
from loyalty_streams.reports.instants import iso
from tests.backtest.test_the_programme_in_force import told
from tests.backtest.trial import SIMPLE, bytes_of, store_of, tried, with_rate
from tests.hosts.shop import PROGRAMME, a_year, ask, at, bring, come_back, open_store, order
from tests.hosts.test_merges import merge

THREE = (
    order("O1", "M1", "2026-01-05 10:00", 100_000), order("O2", "M2", "2026-01-06 10:00", 25_000),
    Fact(FactKind.PROFILE, "M3", "profile/M3/1", at("2026-01-07 10:00"), attributes=(Attribute("@region", AttrKind.TEXT, "north"),)),
)  # fmt: skip
"""1,000 yuan, 250 and nothing."""
LADDER = "tiers:\n  metric: {spend: {window: 12 months}}\n  ladder: {base: 0, silver: 300.00, gold: 1000.00}\n"


def a_shop(folder: Path) -> Store:
    """A year of a shop with returns and redemptions, some of it late, and two accounts that became one in its middle."""
    store = open_store(folder)
    facts = [replace(f, arrived=f.at + (n % 3) * 86_400_000_000) for n, f in enumerate(a_year(7, members=6, facts=160))]
    middle = facts[80].at
    joined = Fact(FactKind.IDENTITY, "M1", "identity/1", middle, middle, about="M2", type="merge")
    bring(store, *sorted([*facts, joined], key=lambda f: f.arrived), size=17)
    store.advance(max(f.arrived for f in facts) + 40 * 86_400_000_000)
    return store


# ---- the same rules ------------------------------------------------------------------------------------------------------


def test_t173_the_same_rules_and_facts_give_an_empty_diff(tmp_path: Path) -> None:
    """Tier history, stages and reminders included."""
    with a_shop(tmp_path) as store:
        found = tried(store, PROGRAMME)
        body = found.to_json()
    assert body["members"] == {"changed": 0, "gain": 0, "lose": 0}
    assert body["affected"] == dict.fromkeys(("points", "tiers", "stages", "reminders", "refusals"), 0)
    assert body["most_changed"] == [] and body["tiers"]["moves"] == [] and body["tiers"]["shifts"] == []
    assert all(value["delta"] == 0 for value in body["points"].values())
    assert body["points"]["expired"]["before"] > 0 and body["points"]["redeemed"]["before"] > 0
    assert body["rules"]["changes"] == []


def test_the_backtest_of_the_programme_in_force_is_the_ledger_of_the_store(tmp_path: Path) -> None:
    """Entry by entry, and in the figures of the summary; however many accounts are in memory at a time."""
    with a_shop(tmp_path) as store:
        live = {name: told(b.entries[b.entries["member"] == k], b.columns.ref) for b in blocks(store) for k, name in enumerate(b.ids)}
        field = Ground.of(store).field()
        run = Run(StoreSource(store), (field.standing(store.clocks.now),))
        for some in run.logs():
            (found,) = (bench.decide(some, run.span) for bench in run.benches)
            for k, name in enumerate(found.names):
                assert np.array_equal(told(found.entries[found.entries["member"] == k], found.columns.ref), live.pop(name.decode())), name
        assert live == {}
        plan = tried(store, with_rate("2", PROGRAMME))
        summary = Loyalty(store).report("summary")
        assert {name: pair["before"] for name, pair in plan.to_json()["points"].items()} == {
            name: summary["points"][name] for name in ("issued", "redeemed", "expired", "clawed_back", "available")
        }
        assert plan.to_json()["tiers"]["before"] == summary["tiers"]
        assert plan.range()["facts"] == store.clocks.dispositions["applied"]
        for instant in range(store.clocks.newest_fact - 30 * 86_400_000_000, store.clocks.newest_fact, 9 * 86_400_000_000):
            past = tried(store, with_rate("2", PROGRAMME), Asked(as_of=instant)).to_json()
            then = Loyalty(store).report("summary", as_of=iso(instant))
            assert {name: pair["before"] for name, pair in past["points"].items()} == {name: then["points"][name] for name in past["points"]}
            assert past["tiers"]["before"] == then["tiers"]


def test_how_many_accounts_are_in_memory_at_a_time_does_not_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with a_shop(tmp_path) as store:
        whole = tried(store, with_rate("2", PROGRAMME)).to_json()
        monkeypatch.setattr("loyalty_streams.backtest.source.StoreSource.__init__.__defaults__", (3, True))
        assert tried(store, with_rate("2", PROGRAMME)).to_json() == whole


# ---- who gains, who loses --------------------------------------------------------------------------------------------------


def test_t174_a_fifth_more_a_yuan_gives_each_a_fifth_more_and_costs_2_50(tmp_path: Path) -> None:
    """1,000, 250 and nothing spent: +200, +50, 0; 250 points at 100 a yuan. The entries behind each are told."""
    with store_of(tmp_path, *THREE) as store:
        plan = tried(store, with_rate("1.2"))
        body = plan.to_json()
        behind = plan.behind(["M1"])["M1"].entries()
        rows = diff_table(plan).to_pylist()
    assert body["history"] == {"facts": 3, "members": 3, "from": "2026-01-05T10:00:00Z", "until": "2026-01-07T10:00:00Z"}
    assert body["members"] == {"changed": 2, "gain": 2, "lose": 0}
    assert body["points"]["issued"] == {"before": 1250, "after": 1500, "delta": 250}
    assert body["liability_minor"] == {"before": 1250, "after": 1500, "delta": 250}
    assert [(m["member_id"], m["before"], m["after"], m["delta"], m["why"]) for m in body["most_changed"]] == [
        ("M1", 1000, 1200, 200, "base +200 on 1 order"), ("M2", 250, 300, 50, "base +50 on 1 order"),
    ]  # fmt: skip
    assert body["distribution"] == [
        {"from": 0, "until": 1, "members": 1}, {"from": 10, "until": 100, "members": 1}, {"from": 100, "until": 1000, "members": 1},
    ]  # fmt: skip
    assert [(e["side"], e["kind"], e["points"], e["cause"]) for e in behind] == [
        ("before", "EARNED", 1000, "order/O1"), ("after", "EARNED", 1200, "order/O1"),
    ]  # fmt: skip
    assert [(r["member_id"], r["delta"], r["issued_before"], r["issued_after"]) for r in rows] == [("M1", 200, 1000, 1200), ("M2", 50, 250, 300)]


def test_t175_a_redemption_that_the_candidate_could_not_have_covered_stands_as_its_debt(tmp_path: Path) -> None:
    """Half a point a yuan: of 1,000 earned 500 were there, and 800 were redeemed. What was refused stays refused."""
    facts = (
        order("O1", "M1", "2026-01-05 10:00", 100_000), ask(FactKind.REDEEM, "R1", "M1", "2026-01-06 10:00", 800),
        ask(FactKind.REDEEM, "R2", "M1", "2026-01-07 10:00", 300),
    )  # fmt: skip
    with store_of(tmp_path, *facts) as store:
        half, double = tried(store, with_rate("0.5")), tried(store, with_rate("2"))
        less, more = half.to_json(), double.to_json()
    assert less["infeasible"] == {"redemptions": 1, "members": 1, "points_short": 300}
    assert less["points"]["redeemed"] == {"before": 800, "after": 800, "delta": 0}
    assert less["points"]["available"] == {"before": 200, "after": 0, "delta": -200}
    (member,) = less["most_changed"]
    assert (member["before"], member["after"], member["delta"]) == (200, -300, -500)
    assert member["why"] == "base -500 on 1 order; INFEASIBLE_REDEMPTION short 300"
    assert more["infeasible"]["redemptions"] == 0
    assert more["points"]["redeemed"]["after"] == 800
    assert more["points"]["available"]["after"] == 1200


def test_t176_who_crosses_which_threshold_and_by_how_many_days(tmp_path: Path) -> None:
    """Silver at 200 in place of 300: M1 ten days earlier; M2 as well, who never was; M3 at once either way."""
    facts = (
        order("O1", "M1", "2026-01-05 10:00", 20_000), order("O2", "M1", "2026-01-15 10:00", 15_000),
        order("O3", "M2", "2026-01-06 10:00", 25_000), order("O4", "M3", "2026-01-07 10:00", 50_000),
    )  # fmt: skip
    with store_of(tmp_path, *facts, rules=SIMPLE + LADDER) as store:
        plan = tried(store, (SIMPLE + LADDER).replace("300.00", "200.00"))
        body = plan.to_json()
        shift = {r["member_id"]: (r["tier_before"], r["tier_after"], r["tier_shift_days"]) for r in diff_table(plan).to_pylist()}
    assert body["tiers"] == {
        "before": {"base": 1, "silver": 2, "gold": 0}, "after": {"base": 0, "silver": 3, "gold": 0},
        "moves": [{"from": "base", "to": "silver", "members": 1}],
        "table": [{"from": "base", "to": "silver", "members": 1}, {"from": "silver", "to": "silver", "members": 2}],
        "shifts": [{"tier": "silver", "earlier": 1, "later": 0, "median_days": -10}],
    }  # fmt: skip
    assert shift == {"M1": ("silver", "silver", -10), "M2": ("base", "silver", None)}
    assert [(m["member_id"], m["delta"], m["why"]) for m in body["most_changed"]] == [
        ("M1", 0, "silver from 2026-01-05, not 2026-01-15"), ("M2", 0, "silver from 2026-01-06"),
    ]  # fmt: skip


def test_t177_caps_expiry_and_returns_are_run_again_and_not_scaled(tmp_path: Path) -> None:
    """Two points a yuan, at most 100 a day: 80 and 30 yuan on one day were 100 (80 + 20), and stay so (100 + 0). Of 60 yuan on a later day,
    60 points become 100; half of it comes back: 30 were taken, now 50. What is left of the first day expires after two months either way.
    """
    rules = SIMPLE.replace("unit_value: 0.01", "unit_value: 0.01, expires: {after: 2 months}")
    rules += "limits:\n  - {points: 100, per: day, scope: member}\n"
    facts = (
        order("O1", "M1", "2026-01-05 10:00", 8_000), order("O2", "M1", "2026-01-05 11:00", 3_000),
        order("O3", "M1", "2026-02-10 10:00", 6_000), replace(come_back("T1", "O3", "M1", "2026-02-11 10:00", 3_000), lines=()),
    )  # fmt: skip
    with store_of(tmp_path, *facts, rules=rules, until="2026-03-06 00:00") as store:
        points = tried(store, with_rate("2", rules)).to_json()["points"]
    assert points == {
        "issued": {"before": 160, "after": 200, "delta": 40}, "redeemed": {"before": 0, "after": 0, "delta": 0},
        "expired": {"before": 100, "after": 100, "delta": 0}, "clawed_back": {"before": 30, "after": 50, "delta": 20},
        "available": {"before": 30, "after": 50, "delta": 20},
    }  # fmt: skip


def test_of_several_wallets_each_is_told_by_itself(tmp_path: Path) -> None:
    """Growth is no money: 1,250 points of each in force; a candidate that doubles them gives 2,500 of each, and owes for one."""
    rules = SIMPLE.replace("wallets: {points: {unit_value: 0.01}}", "wallets: {points: {unit_value: 0.01}, growth: {spendable: false}}")
    rules = rules.replace("mode: proportional}", "mode: proportional}, also: {growth: same}")
    with store_of(tmp_path, *THREE, rules=rules) as store:
        body = tried(store, with_rate("2", rules)).to_json()
    assert {name: found["points"]["issued"]["after"] for name, found in body["wallets"].items()} == {"points": 2500, "growth": 2500}
    assert body["points"]["issued"]["after"] == 2500 and body["liability_minor"]["after"] == 2500


def test_a_rule_that_is_cut_in_two_changes_nobody(tmp_path: Path) -> None:
    halves = SIMPLE.replace("  base:", "  one:").replace("rate: 1,", "rate: 0.5,")
    halves += "  other: {on: order, points: {rate: 0.5, per: 1.00, mode: proportional}}\n"
    with store_of(tmp_path, order("O1", "M1", "2026-01-05 10:00", 100_000)) as store:
        assert tried(store, halves).to_json()["members"]["changed"] == 0


# ---- nothing changes, and nothing moves --------------------------------------------------------------------------------------


def test_t178_a_plan_leaves_every_byte_of_the_store_as_it_was(tmp_path: Path) -> None:
    """Nothing is written, so nothing can be sent: there is no message, notice or code that a reader could take for a new one."""
    a_shop(tmp_path).close()
    before = bytes_of(tmp_path / "store")
    with Store.open(tmp_path / "store", read_only=True) as store:
        assert tried(store, with_rate("2", PROGRAMME)).to_json()["members"]["changed"] > 0
    assert bytes_of(tmp_path / "store") == before


def test_t180_two_runs_give_the_same_bytes_and_name_what_they_compared(tmp_path: Path) -> None:
    """T181: and say that behaviour is held fixed."""
    with a_shop(tmp_path) as store:
        plans = [tried(store, with_rate("2", PROGRAMME)) for _ in range(2)]
        texts = [json.dumps(p.to_json()) for p in plans]
        for k, p in enumerate(plans):
            write_table(diff_table(p), tmp_path / f"{k}.parquet")
    assert texts[0] == texts[1]
    assert (tmp_path / "0.parquet").read_bytes() == (tmp_path / "1.parquet").read_bytes()
    header = json.loads(pq.read_schema(tmp_path / "0.parquet").metadata[b"loyalty_streams"])
    told = json.loads(texts[0])
    assert header["programmes"]["before"]["rules_hash"] != header["programmes"]["after"]["rules_hash"]
    assert header["code_version"].startswith("0.1.0 kernel ") and header["history"] == told["history"]
    assert header["held_fixed"] == told["held_fixed"] == "Behaviour is held fixed: this is what the same facts would have earned."


# ---- from when it judges ------------------------------------------------------------------------------------------------------


def test_t183_a_ladder_is_tried_on_the_history_before_its_launch(tmp_path: Path) -> None:
    """Its effective_from lies after every fact: by default it judges from the first one all the same."""
    launched = (SIMPLE + LADDER).replace("version: 1", "version: 2\neffective_from: 2027-01-01")
    with store_of(tmp_path, *THREE) as store:
        first, written_from = tried(store, launched), tried(store, launched, Asked(effective=True))
        assert first.to_json()["tiers"]["after"] == {"none": 0, "base": 2, "silver": 0, "gold": 1}
        assert written_from.to_json()["members"]["changed"] == 0


def test_from_an_instant_on_the_candidate_judges_and_before_it_what_was_in_force(tmp_path: Path) -> None:
    """O1 before keeps its 1,000 points; O2 at that very instant is judged by the candidate: 500 instead of 250."""
    with store_of(tmp_path, *THREE) as store:
        body = tried(store, with_rate("2"), Asked(since=at("2026-01-06 10:00"))).to_json()
    assert [(m["member_id"], m["delta"]) for m in body["most_changed"]] == [("M2", 250)]
    assert body["from"] == "2026-01-06T10:00:00Z"


def test_as_of_ends_the_history_before_an_instant(tmp_path: Path) -> None:
    with store_of(tmp_path, *THREE) as store:
        body = tried(store, with_rate("2"), Asked(as_of=at("2026-01-06 10:00"))).to_json()
        with pytest.raises(BacktestError, match="no fact") as caught:
            tried(store, with_rate("2"), Asked(as_of=at("2026-01-05 10:00")))
        assert caught.value.code == "EMPTY_RANGE"
        with pytest.raises(BacktestError) as caught:
            tried(store, with_rate("2"), Asked(since=at("2026-02-05 10:00")))
        assert caught.value.code == "EMPTY_RANGE"
    assert body["history"]["facts"] == 1 and body["points"]["issued"]["after"] == 2000


def test_a_baseline_stands_for_the_programme_in_force(tmp_path: Path) -> None:
    with store_of(tmp_path, *THREE) as store:
        body = tried(store, with_rate("3"), baseline=with_rate("2")).to_json()
    assert body["points"]["issued"] == {"before": 2500, "after": 3750, "delta": 1250}


# ---- persons ------------------------------------------------------------------------------------------------------------------


def test_accounts_that_became_one_are_one_person_whose_points_of_both_change(tmp_path: Path) -> None:
    """100 under the card and 200 under the number before the link, 50 under the card after it: 350 become 700; the other account is nobody."""
    facts = (
        order("O1", "card:7", "2026-01-05 10:00", 10_000), order("O2", "M1", "2026-01-06 10:00", 20_000),
        merge("1", "card:7", "M1", "2026-01-07 10:00", "link"), order("O3", "card:7", "2026-01-08 10:00", 5_000),
        order("O4", "M2", "2026-01-08 10:00", 1_000),
    )  # fmt: skip
    with store_of(tmp_path, *facts) as store:
        plan = tried(store, with_rate("2"))
        body = plan.to_json()
        some = tried(store, with_rate("2"), Asked(members=["card:7"])).to_json()
    assert body["history"]["members"] == 2 and body["history"]["facts"] == 5
    assert [(m["member_id"], m["before"], m["after"], m["why"]) for m in body["most_changed"]] == [
        ("M1", 350, 700, "base +350 on 3 orders"), ("M2", 10, 20, "base +10 on 1 order"),
    ]  # fmt: skip
    assert [(m["member_id"], m["delta"]) for m in some["most_changed"]] == [("M1", 350)] and some["history"]["facts"] == 4


def test_a_decision_under_another_account_stands_under_a_candidate_too(tmp_path: Path) -> None:
    """Redeemed with the card before the link: 80 of 100. Under half the rate 50 were there: 30 are owed, and M1's 100 pay them at the link."""
    facts = (
        order("O1", "card:7", "2026-01-05 10:00", 10_000), ask(FactKind.REDEEM, "R1", "card:7", "2026-01-06 10:00", 80),
        order("O2", "M1", "2026-01-06 10:00", 20_000), merge("1", "card:7", "M1", "2026-01-07 10:00", "link"),
    )  # fmt: skip
    with store_of(tmp_path, *facts) as store:
        body = tried(store, with_rate("0.5")).to_json()
    assert body["infeasible"] == {"redemptions": 1, "members": 1, "points_short": 30}
    assert body["points"]["available"] == {"before": 220, "after": 70, "delta": -150}


def test_points_that_were_sent_and_receipts_that_were_claimed_change_with_the_rules(tmp_path: Path) -> None:
    """M1 earns 100 and sends 40 to M2; M2 claims a receipt of 30. At twice the rate M1 has 160 in place of 60, M2 40 + 60 in place of 40 + 30."""
    facts = (
        order("O1", "M1", "2026-01-05 10:00", 10_000), order("O2", "receipt:R", "2026-01-05 11:00", 3_000),
        Fact(FactKind.TRANSFER, "M1", "transfer/T1", at("2026-01-06 10:00"), about="M2", points=40),
        merge("1", "receipt:R", "M2", "2026-01-07 10:00", "claim"), order("O3", "receipt:S", "2026-01-08 11:00", 5_000),
    )  # fmt: skip
    with store_of(tmp_path, *facts) as store:
        same, body = tried(store, SIMPLE).to_json(), tried(store, with_rate("2")).to_json()
    assert same["members"]["changed"] == 0 and same["history"]["members"] == 2
    assert {m["member_id"]: (m["before"], m["after"], m["why"]) for m in body["most_changed"]} == {
        "M1": (60, 160, "base +100 on 1 order"), "M2": (70, 100, "base +30 on 1 order"),
    }  # fmt: skip


def test_what_a_member_gives_to_a_pool_follows_the_rules_when_a_timer_gives_it(tmp_path: Path) -> None:
    """Half of 100 points that wait three days go to the pool when they come free, after the last fact. Of 1 point half is none: the pool is nobody
    until the candidate gives two for it.
    """
    rules = SIMPLE.replace("unit_value: 0.01", "unit_value: 0.01, pending: {for: 3 days}")
    share = (Attribute("@share", AttrKind.FLAG, 5_000),)
    facts = (
        Fact(FactKind.IDENTITY, "M1", "identity/1", at("2026-01-04 10:00"), about="P", type="pool", attributes=share),
        Fact(FactKind.IDENTITY, "M2", "identity/2", at("2026-01-04 10:00"), about="Q", type="pool", attributes=share),
        order("O1", "M1", "2026-01-05 10:00", 10_000), order("O2", "M2", "2026-01-05 10:00", 100),
    )  # fmt: skip
    with store_of(tmp_path, *facts, rules=rules, until="2026-01-10 00:00") as store:
        same, plan = tried(store, rules).to_json(), tried(store, with_rate("2", rules))
        before, after = plan.comparison.held
    assert same["members"]["changed"] == 0
    assert dict(zip(plan.comparison.ids, zip(before.tolist(), after.tolist(), strict=True), strict=True)) == {
        "M1": (50, 100), "P": (50, 100), "M2": (1, 1), "Q": (0, 1),
    }  # fmt: skip


def test_a_decision_to_send_points_stands_under_a_candidate_that_had_fewer(tmp_path: Path) -> None:
    """Of 100 points 80 were sent; at half the rate 50 were there. The receiver has what the rules give him, and nothing comes from nowhere."""
    facts = (
        order("O1", "M1", "2026-01-05 10:00", 10_000), Fact(FactKind.TRANSFER, "M1", "transfer/T1", at("2026-01-06 10:00"), about="M2", points=80),
    )  # fmt: skip
    with store_of(tmp_path, *facts) as store:
        plan = tried(store, with_rate("0.5"))
        before, after = plan.comparison.held
    assert (before.tolist(), after.sum()) == ([20, 80], 50)


def test_a_redemption_granted_elsewhere_is_no_fault_of_the_candidate(tmp_path: Path) -> None:
    granted = replace(ask(FactKind.REDEEMED, "R1", "M1", "2026-01-06 10:00", 300), outcome=Outcome.GRANTED)
    facts = (order("O1", "M1", "2026-01-05 10:00", 10_000), granted)
    with store_of(tmp_path, *facts) as store:
        assert tried(store, SIMPLE).to_json()["infeasible"]["redemptions"] == 0
        assert tried(store, with_rate("0.5")).to_json()["infeasible"] == {"redemptions": 1, "members": 1, "points_short": 50}


# ---- what is refused ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("ours", "theirs", "line"), [("currency: CNY", "currency: USD", 5), ("time_zone: UTC", "time_zone: Asia/Shanghai", 4)])
def test_a_candidate_of_another_currency_or_zone_is_refused_at_its_place(tmp_path: Path, ours: str, theirs: str, line: int) -> None:
    with store_of(tmp_path, *THREE) as store, pytest.raises(ProgrammeError) as caught:
        tried(store, SIMPLE.replace(ours, theirs))
    (told,) = caught.value.diagnostics
    assert (told.code, told.line) == ("E-VERSION", line) and told.file.endswith("candidate.yaml")


def test_a_member_whom_the_history_does_not_know_is_named(tmp_path: Path) -> None:
    with store_of(tmp_path, *THREE) as store, pytest.raises(BacktestError, match="1 of the 2") as caught:
        tried(store, SIMPLE, Asked(members=["M1", "M9"]))
    assert (caught.value.code, caught.value.place) == ("UNKNOWN_MEMBER", "M9")


def test_a_file_that_cannot_be_written_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "diff.parquet").write_text("as it was")
    with store_of(tmp_path, *THREE) as store:
        found = diff_table(tried(store, with_rate("2")))

    def full(table: object, where: str, **how: object) -> None:
        Path(where).write_text("half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("loyalty_streams.backtest.tables.pq.write_table", full)
    with pytest.raises(BacktestError, match="No space") as caught:
        write_table(found, tmp_path / "diff.parquet")
    assert (caught.value.code, caught.value.place) == ("FILE", str(tmp_path / "diff.parquet"))
    assert (tmp_path / "diff.parquet").read_text() == "as it was"
    assert sorted(p.name for p in tmp_path.glob("*diff*")) == ["diff.parquet"]


def test_why_is_told_of_every_member_in_both_languages(tmp_path: Path) -> None:
    """In the file, of those who change most, and of one who is asked about, with the parts and the facts that they come from."""
    facts = (order("O1", "M1", "2026-01-05 10:00", 100_000), ask(FactKind.REDEEM, "R1", "M1", "2026-01-06 10:00", 800))
    with store_of(tmp_path, *facts) as store:
        plan = tried(store, with_rate("0.5"), Asked(lang="zh"))
        told = [plan.to_json()["most_changed"][0], diff_table(plan).to_pylist()[0], plan.behind(["M1"])["M1"].to_json()]
    assert {t["why_en"] for t in told} == {"base -500 on 1 order; INFEASIBLE_REDEMPTION short 300"}
    assert {t["why_zh"] for t in told} == {"base -500（1 笔订单）；INFEASIBLE_REDEMPTION 缺 300 分"}
    assert told[0]["why"] == told[2]["why"] == told[0]["why_zh"]
    assert told[2]["parts"] == [{"kind": "EARNED", "rule": "base", "points": -500, "facts": 1}]
    assert [(e["side"], e["points"], e["cause"]) for e in told[2]["entries"]][:2] == [("before", 1000, "order/O1"), ("after", 500, "order/O1")]
